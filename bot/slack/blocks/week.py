"""A week's figures in sentences, for a message as for a terminal: programs and limits are ranked, people never named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.diagnosis.advice import for_session
from bot.servers.samples import OTHERS
from bot.slack.blocks.text import Quote, clock, duration, join, plural
from bot.summaries.changes import Change, Remedy
from bot.summaries.digest import Compared, Digest, Idler
from bot.summaries.facts import Height
from bot.summaries.naming import OF_ONE_ROLE, ONE_EACH
from bot.summaries.spans import Gap
from bot.summaries.timing import Times
from bot.summaries.told import Told

MOST_CAUSES, MOST_GAPS, MOST_DATABASES, MOST_PROGRAMS, MOST_PLACES = 8, 3, 3, 5, 2
OTHERS_UNKNOWN = "How many sessions were ended by operators or others is unknown."
LEAST_IDLE = 0.1
"""Connections on average; of fewer there is nothing to say."""
_CAUSES = {
    "role_limit": "role limit",
    "database_limit": "database limit",
    "server_limit": "full server",
    "reserved_slots": "only reserved slots left",
    "pooler_limit": "pooler limit",
}
_OUTCOMES = {
    "already_gone": ("had ended by itself", "had ended by themselves"),
    "changed": ("had begun to work again and was left alone", "had begun to work again and were left alone"),
    "refused": ("was refused", "were refused"),
    "still_ending": ("did not end in time", "did not end in time"),
    "failed": ("could not be signalled", "could not be signalled"),
    "interrupted": ("was interrupted", "were interrupted"),
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A heading, and what is said under it."""

    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How foreign names and times stand in the sentences."""

    quote: Quote
    zone: tzinfo
    now: datetime

    def clock(self, at: datetime) -> str:
        """A time in the course's zone, with its day."""
        return f"{at.astimezone(self.zone):%a} {clock(at, self.now, self.zone)}"


def title(week: Digest, quote: Quote) -> str:
    """What it is about: `Week 2026-W47 on class`."""
    return f"Week {week.week} on {quote(week.server)}"


def quiet(week: Digest, quote: Quote) -> str:
    """Everything that is to be said of a week in which nothing happened."""
    peak = f" At the most {_of(week.server_peak)} slots were in use." if week.server_peak else ""
    unknown = f" {OTHERS_UNKNOWN}" if week.others_ended is None else ""
    hours = _hours(week.whole)
    return f"{title(week, quote)} was quiet: nobody told me of trouble, and I watched all {hours} hours.{peak}{unknown}"


def paragraphs(told: Told, style: Style) -> list[Paragraph]:
    """Everything that is to be said of a week, in order."""
    week = told.digest
    found = [
        Paragraph("Watched", watched(week, style)),
        Paragraph("Incidents", _incidents(week, style.quote)),
        Paragraph("Ended connections", _ended(week)),
        Paragraph("Limits", _limits(week, style)),
        Paragraph("Who creates the connections that idle", _idle(week, style)),
        Paragraph("What would help most", tuple(change(one, style.quote) for one in told.changes)),
        Paragraph("Missed", (*(_missed(one) for one in told.missed), *_further(told))),
    ]
    return [one for one in found if one.sentences]


def record(week: Digest, quote: Quote) -> str:
    """How long the record is, and its head, which proves it later."""
    entries = plural(week.entries, "entry", "entries")
    return f"The record has {entries}; its head is {quote(week.head)}."


def watched(week: Digest, style: Style) -> tuple[str, ...]:
    """How many hours somebody looked, and what that makes of the figures."""
    so_far = "" if week.over else " so far"
    if not week.watched:
        return (f"Nobody looked at the server{so_far}: what follows was reported, and there was at least that much.",)
    if not week.gaps:
        return (f"I watched all {_hours(week.whole)} hours{so_far}.",)
    gaps = [_gap(gap, style) for gap in sorted(week.gaps, key=lambda gap: gap.begins - gap.ends)[:MOST_GAPS]]
    more = f", and {plural(len(week.gaps) - MOST_GAPS, 'shorter time')}" if len(week.gaps) > MOST_GAPS else ""
    return (
        f"I watched {_at_least(week.watched)} of {_hours(week.whole)} hours{so_far}; nobody looked {join(gaps)}{more}.",
        "So all of this is what was seen: at least that much.",
    )


def _gap(gap: Gap, style: Style) -> str:
    return f"from {style.clock(gap.begins)} to {style.clock(gap.ends)}"


def _incidents(week: Digest, quote: Quote) -> tuple[str, ...]:
    least = "" if week.sure else "at least "
    if not week.incidents:
        none = "None." if week.sure else "None seen."
        return (none if not week.incidents_compared.before else f"{none[:-1]}{_compared(week.incidents_compared)}.",)
    causes = [f"{count:,} \u00d7 {cause(word, quote)}" for word, count in week.causes[:MOST_CAUSES]]
    more = sum(count for _, count in week.causes[MOST_CAUSES:])
    count = f"{least}{plural(week.incidents, 'incident')}"
    said = [
        f"{count[0].upper()}{count[1:]}{_compared(week.incidents_compared)}: {join([*causes, *([f'{more:,} of other kinds'] if more else [])])}."
    ]
    if week.unresolved:
        said.append(f"{week.unresolved:,} of them {'is' if week.unresolved == 1 else 'are'} still open.")
    times = [
        _times("I answered after", week.answer, week.incidents),
        _times("a person of the staff was there after", week.human, week.incidents),
        _times("it was over after", week.resolution, week.incidents),
    ]
    known = [one for one in times if one]
    if known:
        spoken = "; ".join(known)
        said.append(f"Median: {spoken}.")
    return tuple(said)


def _times(what: str, times: Times | None, of: int) -> str:
    if times is None:
        return f"{what.removesuffix(' after')}: not once" if what.startswith("a person") else ""
    some = "" if times.count == of else f", in {times.count:,} of {of:,}"
    return f"{what} {_span(times.median)} (worst {_span(times.worst)}{some})"


def _span(span: timedelta) -> str:
    return duration(span) if span >= timedelta(seconds=1) else "less than 1 s"


def _compared(compared: Compared) -> str:
    if compared.percent is None:
        return ""
    if not compared.percent:
        same = "as many as the week before"
        return f", {same}" if compared.now == compared.before else f", about {same} ({compared.before:g})"
    more = "more" if compared.percent > 0 else "fewer"
    return f", {abs(compared.percent):,}% {more} than the week before ({compared.before:g})"


def _ended(week: Digest) -> tuple[str, ...]:
    said = []
    if week.terminated:
        ended = plural(week.terminated, "connection")
        share = round(100 * week.with_consent / week.terminated)
        said.append(f"I ended {ended}, {week.with_consent:,} with the owner's consent ({share}%).")
    others = [f"{count:,} {_OUTCOMES[outcome][count > 1]}" for outcome, count in week.outcomes if outcome in _OUTCOMES]
    if others:
        said.append(f"Of {'others' if week.terminated else 'those'} that I was asked to end, {join(others)}.")
    if week.cancelled:
        said.append(f"{plural(week.cancelled, 'query was', 'queries were')} cancelled.")
    least = "" if week.others_sure else "At least "
    if week.others_ended is None:
        said.append(OTHERS_UNKNOWN)
    elif week.others_ended:
        count = plural(week.others_ended, "session was", "sessions were")
        said.append(f"{least}{count} ended by operators or others.")
    return tuple(said)


def _limits(week: Digest, style: Style) -> tuple[str, ...]:
    said = []
    peak = week.server_peak
    if peak is not None:
        said.append(f"At the most {_of(peak)} of the server's slots were in use, on {style.clock(peak.reached_at)}.")
    databases = [f"{database(one.name, style.quote)} {_of(one)}" for one in week.database_peaks[:MOST_DATABASES]]
    if databases:
        said.append(f"Databases: {join(databases)}.")
    if week.roles_seen:
        full = f"{len(week.roles):,} of {plural(week.roles_seen, 'role')}"
        said.append(f"{full} reached {'its' if len(week.roles) == 1 else 'their'} own limit.")
    return tuple(said)


def _of(height: Height) -> str:
    return f"{height.used:,} of {height.slots:,}" if height.slots is not None else f"{height.used:,}"


def _idle(week: Digest, style: Style) -> tuple[str, ...]:
    if not week.tells_idle and week.watched:
        return ("The server does not show me which connections idle.",)
    if not week.programs:
        return ()
    compared = week.idle_compared
    than = ""
    if compared.percent:
        than = f", {abs(compared.percent):,}% {'more' if compared.percent > 0 else 'fewer'} than the week before"
    if week.idle < LEAST_IDLE:
        return (f"On average fewer than {LEAST_IDLE} of {week.used:.1f} connections idled{than}.",)
    said = [f"On average {week.idle:.1f} of {week.used:.1f} connections idled{than}."]
    programs = [one for one in week.programs if one.idle >= LEAST_IDLE]
    if programs:
        said.append(f"{join([_idler(one, style.quote) for one in programs[:MOST_PROGRAMS]])}.")
    places = [one for one in week.places if one.place and one.program != ONE_EACH and one.idle >= LEAST_IDLE][
        :MOST_PLACES
    ]
    if places:
        most = [f"{one.idle:.1f} from {one.place} with {program(one.program, style.quote)}" for one in places]
        said.append(f"Most in one place: {join(most)}.")
    return tuple(said)


def _idler(idler: Idler, quote: Quote) -> str:
    named = program(idler.program, quote)
    about = ", a service" if idler.service else ""
    return f"{named} {idler.idle:.1f} ({round(idler.share * 100)}%{about})"


def cause(word: str, quote: Quote) -> str:
    """What kept people out, by the word of `causes` for it."""
    return _CAUSES.get(word) or quote(word.replace("_", " "))


def database(named: str, quote: Quote) -> str:
    """A database, in words where its name is a person's."""
    return "the fullest of those that belong to one role each" if named == OF_ONE_ROLE else quote(named)


def program(named: str, quote: Quote) -> str:
    """A program, in words where it has no name to be shown."""
    special = {"": "programs that give no name", OTHERS: "further programs", ONE_EACH: "programs of one person each"}
    return special.get(named) or quote(named)


def change(one: Change, quote: Quote) -> str:
    """One change that would help, with what to do."""
    frees = f" That would free about {one.frees:.0f} on average." if round(one.frees) else ""
    match one.remedy:
        case Remedy.ROLE_LIMIT:
            return (
                f"Raise the limit of roles from {one.number} to {one.to} (ALTER ROLE \u2026 CONNECTION LIMIT {one.to}): "
                "no other limit keeps people out as often, and the server has the room."
            )
        case Remedy.DATABASE_LIMIT:
            return (
                f"Raise the limit of the database {quote(one.about)} from {one.number} to {one.to} "
                f"(ALTER DATABASE \u2026 CONNECTION LIMIT {one.to}): "
                "no other limit keeps people out as often, and the server has the room."
            )
        case Remedy.SERVICE:
            return f"Let the pool behind {quote(one.about)} hold fewer connections.{frees}"
        case Remedy.TIMEOUT:
            return (
                "Let the server close what idles for more than half an hour: for each student's role (a group's does not count) "
                "ALTER ROLE \u2026 SET idle_session_timeout = '30min', and idle_in_transaction_session_timeout too; "
                f"not for roles that a service or a pool uses, which do not expect it.{frees}"
            )
        case Remedy.CLIENT:
            advice = for_session(one.about)
            how = advice.remedy if advice else "Close each connection when its work is done."
            return f"Tell everybody who uses {program(one.about, quote)}: {how}{frees}"


def _missed(week: Digest) -> str:
    least = "" if week.sure else "at least "
    hours = f"{_hours(week.watched) if week.sure else _at_least(week.watched)} of {_hours(week.whole)} hours watched"
    ended = f"{plural(week.terminated, 'connection')} ended"
    return f"Week {week.week}, which I could not tell in its time: {least}{plural(week.incidents, 'incident')}, {ended}, {hours}."


def _further(told: Told) -> tuple[str, ...]:
    said = []
    if told.further:
        said.append(f"Ask me for {plural(told.further, 'earlier week')}, each by its number.")
    if told.unseen:
        said.append(f"Of {plural(told.unseen, 'week')} I know nothing: nobody watched, and nothing was reported.")
    return tuple(said)


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:,.0f}"


def _at_least(span: timedelta) -> str:
    """Whole hours, so that a gap of minutes is not rounded away."""
    return f"{span // timedelta(hours=1):,}"


def spoken(found: Sequence[Paragraph]) -> list[str]:
    """The same in one row of sentences."""
    return [f"{one.heading}: {' '.join(one.sentences)}" for one in found]
