"""The week in the channel: sentences with every figure, and Slack's own charts beside them."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.slack import ids
from bot.slack.blocks import elements, week
from bot.slack.blocks.text import Block, Message, code, name, plural, spoken
from bot.slack.payloads import write_week
from bot.summaries.digest import Digest
from bot.summaries.naming import ONE_EACH
from bot.summaries.told import Told

HEADER_LIMIT = 150
CHART_TITLE_LIMIT, LABEL_LIMIT = 50, 20
"""Of Slack's charts."""
MOST_BARS, MOST_SEGMENTS, BAR_WIDTH = 5, 4, 10
"""Few enough that labels do not overlap, also on a phone, that each has a colour of its own, and that all figures stand in sentences."""
HEAD_WIDTH = 120
NAMES_SHOWN = 100


def render(told: Told, *, zone: tzinfo, now: datetime) -> Message:
    """Show a week: one line where it was quiet, else twelve blocks at most."""
    figures = told.digest
    style = week.Style(name, zone, now)
    end = week.record(figures, lambda head: code(head, HEAD_WIDTH))
    if figures.quiet and not (told.missed or told.unseen):
        line = week.quiet(figures, name)
        return elements.message([line, end], [elements.section(line), elements.context(end)])
    first, *rest = week.paragraphs(told, style)
    blocks = [
        elements.header(_header(figures)),
        elements.context(" ".join(first.sentences)),
        *(elements.sections(_lines(one))[0] for one in rest),
        *([_roles(figures)] if figures.roles else []),
        *_charts(figures),
        elements.context(end),
    ]
    sentences = [f"{week.title(figures, name)}.", *week.spoken([first, *rest]), end]
    return elements.message(sentences, blocks)


def render_names(figures: Digest) -> Message:
    """Show an instructor, alone, which roles were full."""
    if not figures.roles:
        return elements.short(f"No role reached its own limit in week {figures.week}.")
    names = [f"{name(one.name)} ({one.used:,} of {one.full:,})" for one in figures.roles[:NAMES_SHOWN]]
    more = len(figures.roles) - len(names)
    head = f"Roles that reached their own limit in week {figures.week} on {name(figures.server)}:"
    rest = [f"and {plural(more, 'further role')}."] if more else []
    return elements.message([head, *names, *rest], elements.sections([f"*{head}*", *names, *rest]))


def _header(figures: Digest) -> str:
    counted = plural(figures.incidents, "incident")
    least = "" if figures.sure else "at least "
    if not figures.incidents:
        counted, least = ("no incident" if figures.sure else "no incident seen"), ""
    return spoken(f"Week {figures.week} on {figures.server}: {least}{counted}", HEADER_LIMIT)


def _lines(paragraph: week.Paragraph) -> list[str]:
    if len(paragraph.sentences) > 1 and paragraph.heading in ("What would help most", "Missed"):
        return [f"*{paragraph.heading}*", *(f"{n}. {one}" for n, one in enumerate(paragraph.sentences, 1))]
    return [f"*{paragraph.heading}*", " ".join(paragraph.sentences)]


def _roles(figures: Digest) -> Block:
    label = "Show the roles"
    asked = write_week(figures.server, figures.week)
    return elements.buttons(
        elements.button(label, ids.SUMMARY_NAMES, asked, spoken=f"{label} that reached their own limit (instructors)")
    )


def _charts(figures: Digest) -> list[Block]:
    """Two charts at most; their figures all stand in the sentences above."""
    charts = []
    causes = [(week.cause(word, str), float(count)) for word, count in figures.causes]
    if causes:
        if len(causes) > MOST_SEGMENTS:
            causes[MOST_SEGMENTS - 1 :] = [("others", sum(count for _, count in causes[MOST_SEGMENTS - 1 :]))]
        segments = [{"label": label, "value": value} for label, value in _labelled(causes, LABEL_LIMIT)]
        charts.append(_chart("Incidents by cause", {"type": "pie", "segments": segments}))
    idlers = [(_program(one.program), round(one.idle, 1)) for one in figures.programs[:MOST_BARS]]
    points = [
        {"label": label, "value": value} for label, value in _labelled([one for one in idlers if one[1]], BAR_WIDTH)
    ]
    if points:
        bars = {
            "type": "bar",
            "series": [{"name": "idle on average", "data": points}],
            "axis_config": {"categories": [point["label"] for point in points], "y_label": "connections"},
        }
        charts.append(_chart("Connections that idle, by program", bars))
    return charts


def _chart(title: str, chart: Block) -> Block:
    return {"type": "data_visualization", "title": title[:CHART_TITLE_LIMIT], "chart": chart}


def _labelled(figures: Sequence[tuple[str, float]], width: int) -> list[tuple[str, float]]:
    """Give each a label of its own within the limit: where two would be the same they are numbered."""
    found: dict[str, float] = {}
    for label, value in figures:
        short, number = spoken(label, width) or "(empty)", 1
        while short in found:
            number += 1
            short = f"{spoken(label, width - len(str(number)) - 1)} {number}"
        found[short] = round(value, 1)
    return [*found.items()]


def _program(named: str) -> str:
    return {"": "no name given", ONE_EACH: "one person each"}.get(named, named)
