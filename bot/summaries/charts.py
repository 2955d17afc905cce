"""A week's figures as a picture: greys and words alone, so that it reads in print and for everybody."""

import io
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta, tzinfo
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.summaries.digest import Digest, share
from bot.summaries.told import Told

MOST_BARS = 8
DARK, LIGHT, INK = "#3a3a3a", "#b5b5b5", "#111111"
FULL = 100
"""Percent."""
_LONGEST, _END = 28, 10
_STYLE: Any = {
    "font.size": 10,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "text.color": INK,
}


def as_png(told: Told, zone: tzinfo, label: Callable[[str], str] = str) -> bytes:
    """Draw the week; `label` makes of a foreign name what can be read."""
    week = told.digest
    with rc_context(_STYLE), warnings.catch_warnings():
        # A name may have letters that the font lacks; it shows boxes for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(10, 8), dpi=120, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(_title(week, zone, label), x=0.01, ha="left", fontsize=13)
        causes, peaks, idle = figure.subplots(3, 1, height_ratios=(1, 1, 1.4))
        _causes(causes, week, label)
        _peaks(peaks, week, label)
        _idle(idle, week, label)
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
    return picture.getvalue()


def _title(week: Digest, zone: tzinfo, label: Callable[[str], str]) -> str:
    first, last = week.begins.astimezone(zone), (week.ends - timedelta(hours=1)).astimezone(zone)
    hours, whole = (int(span.total_seconds() // 3600) for span in (week.watched, week.whole))
    days = f"{first.day} {first:%b} to {last.day} {last:%b %Y}"
    watched = f"watched {hours} of {whole} hours"
    return f"{_short(label(week.server))}, week {week.week}\n{days}; {watched}"


def _causes(axes: Axes, week: Digest, label: Callable[[str], str]) -> None:
    counts = week.causes[:MOST_BARS]
    names = [_short(label(cause.replace("_", " "))) for cause, _ in counts]
    said = [f"{count:,}" for _, count in counts]
    none = "none" if week.sure else "none seen"
    _bars(axes, "Incidents by cause", names, [count for _, count in counts], said, none=none)


def _peaks(axes: Axes, week: Digest, label: Callable[[str], str]) -> None:
    heights = [one for one in (week.server_peak, *week.database_peaks) if one is not None][:MOST_BARS]
    names = [f"{one.kind} {_short(label(one.name))}" for one in heights]
    said = [f"{one.used:,}" if one.slots is None else f"{one.used:,} of {one.slots:,}" for one in heights]
    # One that was lowered may have been far exceeded: the figure says so, the others stay legible.
    shares = [min(share(one) * 100, FULL) for one in heights]
    _bars(axes, "Highest use of each limit", names, shares, said, none=_unseen(week))
    if heights:
        axes.set_xlim(0, 115)
        axes.axvline(FULL, color=INK, linewidth=1)
        axes.set_xticks([FULL], ["the limit"], fontsize=9)
        axes.tick_params(labelbottom=True)


def _idle(axes: Axes, week: Digest, label: Callable[[str], str]) -> None:
    idlers = week.programs[:MOST_BARS]
    names = [_short(label(one.program)) or "no name given" for one in idlers]
    said = [f"{one.idle:.1f}" for one in idlers]
    title, none = "Connections that idle, on average, by program", _unseen(week)
    _bars(axes, title, names, [one.idle for one in idlers], said, color=LIGHT, none=none)
    stale = [one.stale for one in idlers]
    axes.barh(range(len(idlers)), stale, color=DARK, height=0.6)
    if any(stale):
        axes.set_xlabel("dark: idle for more than half an hour", loc="right", fontsize=9)


def _unseen(week: Digest) -> str:
    return "nothing to show" if week.watched else "nobody looked"


def _bars(
    axes: Axes,
    title: str,
    names: Sequence[str],
    values: Sequence[float],
    said: Sequence[str],
    *,
    none: str,
    color: str = DARK,
) -> None:
    """Bars with their figures beside them, so that no axis need be read."""
    axes.set_title(title, loc="left", fontsize=11)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    if not values:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.annotate(none, (0, 0.5), xycoords="axes fraction", va="center")
        return
    bars = axes.barh(range(len(values)), values, color=color, height=0.6)
    # On white, so that no line goes through a figure.
    axes.bar_label(bars, labels=said, padding=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(len(values) - 0.4, -0.6)
    # One is the least that fills the width, so that next to nothing looks like it.
    axes.set_xlim(0, max([*values, 1]) * 1.15)


def _short(name: str) -> str:
    """Without its middle, where it is long: the ends of names tell them apart."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - _END - 1]}\u2026{name[-_END:]}"
