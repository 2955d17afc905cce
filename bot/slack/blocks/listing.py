"""A role's connections, strays first, with the buttons that its reader has a right to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.access.member import Right
from bot.connections.listed import Listing, RoleListing
from bot.connections.plan import WhyNot, forbids
from bot.servers.backend import Backend
from bot.servers.clients import client_of
from bot.slack import ids, payloads
from bot.slack.blocks import bulk, capacity, connection, elements, pooled, reasons, refusal, typed
from bot.slack.blocks.text import Block, Message, clock, code, day_or_time, join, moment, name, person, plural, spoken
from bot.slack.commands import CommandNames

SHOWN = 15
"""Connections told in detail in one message, if they fit."""
ROLES_SHOWN = 5
SILENT_SHOWN = 5
"""Servers that did not answer and are named with the reason."""
CLOSE_BUTTONS = 10
"""An owner's connections up to this many have a button each; more are ticked in a list."""


@dataclass(frozen=True, slots=True)
class _Row:
    backend: Backend
    stray: str
    """Why it looks stray, as a clause; '' where it does not."""
    why_not: WhyNot | None


@dataclass(frozen=True, slots=True)
class _Part:
    """One role of the listing and the rows of it that are shown; `index` is its place in the message."""

    entry: RoleListing
    rows: tuple[_Row, ...]
    unshown: tuple[Backend, ...]
    """Strays first."""
    index: int
    alone: bool

    @property
    def at(self) -> datetime:
        return self.entry.reading.at

    @property
    def endable(self) -> list[_Row]:
        return [row for row in self.rows if row.why_not is None]

    @property
    def hidden(self) -> int:
        return len(self.unshown)

    @property
    def one_by_one(self) -> bool:
        """Its owner closes them one by one."""
        return self.entry.right is Right.OWNER and not self.hidden and len(self.rows) <= CLOSE_BUTTONS


def render(listing: Listing, *, zone: tzinfo, names: CommandNames) -> Message:
    """Show every role of `listing` and name the servers that did not answer; as many connections as one message takes."""
    return elements.first_that_fits(_rendered(listing, shown, zone, names) for shown in range(SHOWN, -1, -3))


def _rendered(listing: Listing, shown: int, zone: tzinfo, names: CommandNames) -> Message:
    parts = _parts(listing.roles[:ROLES_SHOWN], shown)
    further = len(listing.roles) - len(parts)
    labels = Counter(_label(part, row, zone) for part in parts if part.one_by_one for row in part.rows)
    at_poolers = [pooled.clients(part.entry, shown // len(parts), zone=zone, names=names) for part in parts]
    blocks: list[Block] = []
    for part, (clients, _) in zip(parts, at_poolers, strict=True):
        blocks += [*_blocks(part, zone, names, labels), *clients]
    told = [said for part in parts for said in _summary(part)]
    told += [said for _, sentences in at_poolers for said in sentences]
    if further:
        more = f"{plural(further, 'further role')} not shown: type {code(f'{names.conns} ROLE')} for one of them."
        blocks.append(elements.context(more))
        told.append(more)
    silent = [refusal.sentence(error, names=names, quote=name) for error in listing.unavailable[:SILENT_SHOWN]]
    if len(listing.unavailable) > SILENT_SHOWN:
        silent.append(f"{plural(len(listing.unavailable) - SILENT_SHOWN, 'more server')} did not answer.")
    blocks += elements.sections([f"\u26a0\ufe0f {sentence}" for sentence in silent])
    told += silent
    return elements.message([*told, *(said for part in parts for said in _details(part))], blocks)


def _parts(entries: Sequence[RoleListing], room: int) -> list[_Part]:
    """Share the rows that fit among the roles, so that each has some."""
    parts = []
    for index, entry in enumerate(entries):
        share = room // (len(entries) - index)
        shown = [(stray.backend, reasons.stray(stray.reasons, name)) for stray in entry.strays[:share]]
        unshown = [stray.backend for stray in entry.strays[share:]]
        left = share - len(shown)
        shown += [(backend, "") for backend in entry.others[:left]]
        rows = tuple(_Row(backend, why, forbids(backend, entry.reading)) for backend, why in shown)
        room -= len(rows)
        parts.append(_Part(entry, rows, (*unshown, *entry.others[left:]), index, len(entries) == 1))
    return parts


def _headline(part: _Part) -> tuple[str, str]:
    reading = part.entry.reading
    use = f"{name(reading.role.name)}: {capacity.used(reading.capacity)}"
    if not reading.role.can_login:
        return use, "the role may not log in at all (NOLOGIN)"
    return use, capacity.room(reading.capacity, name)


def _summary(part: _Part) -> list[str]:
    """The part's share of what the message's `text` says first."""
    use, room = _headline(part)
    said = [f"{use} \u2014 {room}."]
    if part.entry.strays:
        said.append(f"{len(part.entry.strays):,} {'looks' if len(part.entry.strays) == 1 else 'look'} stray.")
    return [*said, f"{part.hidden:,} more are not shown."] if part.hidden else said


def _details(part: _Part) -> list[str]:
    """A sentence for each connection that is shown."""
    details = []
    for row in part.rows:
        why = f", stray: {row.stray}" if row.stray else ""
        details.append(f"P{connection.brief(row.backend, part.at)[1:]}{why}.")
    return details


def _blocks(part: _Part, zone: tzinfo, names: CommandNames, labels: Counter[str]) -> list[Block]:
    use, room = _headline(part)
    blocks = [elements.section(f"*{use}* \u2014 {room}"), elements.context(_side_remarks(part, zone, names))]
    for title, rows in (("Look stray", [row for row in part.rows if row.stray]), ("Others", _others(part))):
        if not rows:
            continue
        heading = f"*{title}*" if len(rows) < len(part.rows) or title != "Others" else "*Connections*"
        lines = [_lines(part, row, zone) for row in rows]
        if part.one_by_one:
            blocks.append(elements.section(heading))
            blocks += [
                elements.section(text, _close(part, row, zone, labels)) for text, row in zip(lines, rows, strict=True)
            ]
        else:
            blocks += elements.sections([f"{heading}\n{lines[0]}", *lines[1:]], "\n\n")
    if part.hidden:
        # What they are and their pids; among several roles there is no room for it.
        blocks += elements.sections(bulk.groups(part.unshown, part.at), "\n\n") if part.alone else []
        blocks.append(elements.context(_not_shown(part, names)))
    return blocks + _controls(part, zone)


def _others(part: _Part) -> list[_Row]:
    return [row for row in part.rows if not row.stray]


def _lines(part: _Part, row: _Row, zone: tzinfo) -> str:
    backend = row.backend
    lines = [
        connection.whose(backend, part.at, zone),
        connection.doing(backend, part.at, zone, backend.query_started_at),
    ]
    if row.stray:
        lines.append(f"\u21b3 _stray:_ {row.stray}")
    if row.why_not in (WhyNot.OWN, WhyNot.POOLER, WhyNot.UNKNOWN_STATE):
        lines.append(f"\u21b3 _not ended here:_ {reasons.forbidden(row.why_not, backend.role, name)}")
    return "\n".join(lines)


def _side_remarks(part: _Part, zone: tzinfo, names: CommandNames) -> str:
    reading, owner = part.entry.reading, part.entry.right is Right.OWNER
    said = [
        f"Server {name(reading.server)}, {moment(part.at, part.at, zone)}.",
        *capacity.remarks(reading.capacity, name),
        *pooled.crowded(reading.clients),
    ]
    if part.rows and not reading.tells_states:
        said += _unseen(part, names)
    if part.entry.owners:
        others = join([person(one) for one in part.entry.owners])
        said.append(
            f"The role is {others}'s too: addresses are lettered, what is in use is for each to close, and they are told what you close."
        )
    helpers = len(reading.backends) - len(reading.clients)
    if helpers:
        said.append(
            f"{plural(helpers, 'helper process', 'helper processes')} of the server not listed: they take no slot."
        )
    if part.rows and not part.endable:
        whys = frozenset(row.why_not for row in part.rows if row.why_not)
        clauses = [reasons.forbidden(why, reading.role.name, name) for why in WhyNot if why in whys]
        said += [f"None of these can be ended here: {join(clauses)}.", *reasons.way_on(whys, part.entry.ask, name)]
    elif owner and part.rows and part.index == 0:
        said.append(
            "\u201cStray\u201d means that nobody seems to use it, for the reason given; a connection that is only idle is fine. "
            "Close what you no longer need, best in the program itself; here you are asked once more before it ends."
        )
    return " ".join(said)


def _unseen(part: _Part, names: CommandNames) -> list[str]:
    """What cannot be told where the server does not tell states, and what ending one takes there."""
    said = [
        "This server does not show the bot states: whether a query is running or a transaction is open is not known."
    ]
    if part.entry.right is not Right.OWNER and part.endable:
        reading = part.entry.reading
        example = f"{typed.kill(names, reading.role.name, 'PID', reading.server)} because \u2026"
        said.append(f"So ending one needs a reason: {code(example, 120)}.")
    return said


def _not_shown(part: _Part, names: CommandNames) -> str:
    reading = part.entry.reading
    strays = len(part.entry.strays) - sum(1 for row in part.rows if row.stray)
    which = f" ({strays:,} of them look stray)" if strays else ""
    examples = [
        code(typed.kill(names, reading.role.name, what, reading.server), 120)
        for what in (("strays", "all") if part.entry.strays else ("all",))
    ]
    by_pid = code(typed.kill(names, reading.role.name, "PID", reading.server), 120)
    return (
        f"*{part.hidden:,} more are not shown {'one by one' if part.alone else 'here'}*{which}. Type {join(examples, 'or')}, or {by_pid} for one: "
        "what would end is shown first, and nothing ends before you confirm."
    )


def _controls(part: _Part, zone: tzinfo) -> list[Block]:
    strays = any(forbids(one.backend, part.entry.reading) is None for one in part.entry.strays)
    if not part.endable or (part.one_by_one and not strays):
        return []
    reading = part.entry.reading
    value = payloads.write_group(payloads.Group(reading.server, reading.role.name, part.index))
    row: list[Block] = []
    boxes: list[Block] = []
    if not part.one_by_one:
        options = [_option(part, one, zone) for one in part.endable]
        boxes = [elements.section("*Tick what to end:*"), *elements.checklists(part.index, options)]
        label = "Terminate chosen\u2026"
        row.append(elements.button(label, ids.TERMINATE_CHOSEN, value, spoken=_of(part, label)))
    if strays:
        label = "Close strays\u2026" if part.one_by_one else "Terminate strays\u2026"
        row.append(elements.button(label, ids.TERMINATE_STRAYS, value, spoken=_of(part, label)))
    return [*boxes, elements.buttons(*row)]


def _of(part: _Part, label: str) -> str | None:
    """What a screen reader says where several roles have such a button."""
    if part.alone:
        return None
    role = spoken(part.entry.reading.role.name, elements.LABEL_LIMIT - len(label) - len(" of , list 99"))
    return f"{label} of {role}, list {part.index + 1}"


def _option(part: _Part, row: _Row, zone: tzinfo) -> Block:
    backend = row.backend
    tail = f" \u00b7 since {day_or_time(backend.started_at, part.at, zone)} \u00b7 pid {backend.pid}"
    head = connection.client(backend, elements.OPTION_LIMIT - len(tail))
    said = connection.state(backend, part.at) + (", uncommitted writes" if backend.has_written else "")
    if row.stray and len(said) + len("stray: ") <= elements.OPTION_LIMIT:
        said = f"stray: {said}"
    return elements.option(head + tail, said, payloads.write_option(backend))


def _label(part: _Part, row: _Row, zone: tzinfo, beside: str = "") -> str:
    """What a screen reader says of a Close button: `Close pgAdmin, since 21:04`."""
    tail = f", since {clock(row.backend.started_at, part.at, zone)}{beside}"
    program = client_of(row.backend.application_name).name or "unnamed client"
    return f"Close {spoken(program, elements.LABEL_LIMIT - len('Close ') - len(tail))}{tail}"


def _close(part: _Part, row: _Row, zone: tzinfo, labels: Counter[str]) -> Block | None:
    if row.why_not is not None:
        return None
    label = _label(part, row, zone)
    if labels[label] > 1:
        label = _label(part, row, zone, f", pid {row.backend.pid}" + ("" if part.alone else f", list {part.index + 1}"))
    reading = part.entry.reading
    value = payloads.write_close(reading.server, reading.role.name, row.backend)
    return elements.button("Close", ids.CLOSE, value, spoken=label)
