"""Poolers in words: what hints at one that is not configured, and the client's side of one that is."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from bot.connections.listed import RoleListing
from bot.connections.plan import protects
from bot.errors import PoolerUnavailable
from bot.servers.backend import Backend
from bot.servers.pooled import ClientState, PooledClient, PooledReading, place_of
from bot.slack import ids, payloads
from bot.slack.blocks import connection, elements, refusal, typed
from bot.slack.blocks.connection import ADDRESS_WIDTH, CLIENT_WIDTH
from bot.slack.blocks.text import Block, code, duration, moment, name, plural
from bot.slack.commands import CommandNames

MANY_NEIGHBOURS = 5
"""Other roles from one address; so many are no household any more."""
PIDS_NAMED = 5
NUMBERS_SHOWN = 50
SHOWN = 10
"""Clients told in detail in one message, if they fit."""

_ORDER = (ClientState.ACTIVE, ClientState.WAITING, ClientState.IDLE)
_COUNTED = {ClientState.ACTIVE: "with a slot", ClientState.WAITING: "waiting", ClientState.IDLE: "idle"}


def crowded(backends: Iterable[Backend]) -> list[str]:
    """Say from which address many other roles come too: how many, and never which; a hint, which forbids nothing."""
    crowds = {
        backend.client_address: backend.neighbours
        for backend in backends
        if backend.is_client and not backend.pooler and backend.neighbours >= MANY_NEIGHBOURS
    }
    if not crowds:
        return []
    address = max(crowds, key=lambda one: crowds[one])
    place = code(address, ADDRESS_WIDTH) if address else "the server's own machine"
    more = f", and many from {plural(len(crowds) - 1, 'more address', 'more addresses')}" if len(crowds) > 1 else ""
    which = "a shared computer, or a pooler that is not configured"
    return [f"{crowds[address]:,} other roles come from {place} too{more}: {which}."]


def clients(entry: RoleListing, room: int, *, zone: tzinfo, names: CommandNames) -> tuple[list[Block], list[str]]:
    """Show a role's clients at the pooler, at most `room` of them in detail, and say the same in sentences; or why they are not told."""
    found = entry.pooled
    if found is None:
        return [], []
    if isinstance(found, PoolerUnavailable):
        why = refusal.sentence(found, names=names, quote=name)
        return [elements.context(f"\u26a0\ufe0f {why}")], [why]
    head = _headline(found, entry.reading.role.name)
    foremost = sorted(found.clients, key=_foremost)
    shown, hidden = foremost[: min(room, SHOWN)], foremost[min(room, SHOWN) :]
    closable = found.can_end and protects(entry.reading.role) is None
    backends = {backend.pid: backend for backend in entry.reading.backends}
    told = [_lines(client, found.at, backends, zone) for client in shown]
    if closable:
        blocks = [elements.section(text, _close(client, entry)) for text, client in zip(told, shown, strict=True)]
    else:
        blocks = elements.sections(told, "\n\n")
    remarks = _remarks(entry, found, hidden, names, closable=closable)
    return [elements.section(f"*{head}*"), *blocks, *([elements.context(" ".join(remarks))] if remarks else [])], [
        f"{head}."
    ]


def _headline(found: PooledReading, role: str) -> str:
    counts = {state: sum(client.state is state for client in found.clients) for state in _ORDER}
    if not found.clients:
        return f"At the pooler: no client of {name(role)}"
    parts = ", ".join(f"{count:,} {_COUNTED[state]}" for state, count in counts.items() if count)
    return f"At the pooler: {plural(len(found.clients), 'client')} ({parts})"


def _foremost(client: PooledClient) -> tuple[int, datetime, int]:
    """Those that hold a connection of the server come first, then those that wait; of each the longest at it."""
    return _ORDER.index(client.state), client.since, client.number or 0


def _lines(client: PooledClient, at: datetime, backends: dict[int, Backend], zone: tzinfo) -> str:
    program = code(client.application_name, CLIENT_WIDTH) if client.application_name else "unnamed client"
    place = place_of(client)
    first = (
        program,
        *((f"client {client.number}",) if client.number is not None else ()),
        f"since {moment(client.connected_at, at, zone)}",
        f"from {code(place, ADDRESS_WIDTH)}" if place else "from the pooler's own machine",
    )
    second = (_doing(client, at, backends), f"in {code(client.database, CLIENT_WIDTH)}")
    return "\n".join(map(" \u00b7 ".join, (first, second)))


def _doing(client: PooledClient, at: datetime, backends: dict[int, Backend]) -> str:
    lasted = duration(at - client.since)
    if client.state is ClientState.IDLE:
        return f"\u26aa *idle for {lasted}*"
    if client.state is ClientState.WAITING:
        return f"\u23f3 *waiting for a connection of the server for {lasted}*"
    backend = backends.get(client.backend_pid or 0)
    if backend is None:
        return f"\U0001f7e2 *has a connection of the server*, last request {lasted} ago"
    sign, _ = connection.STATES[backend.state]
    writes = " \u00b7 \u26a0\ufe0f uncommitted writes" if backend.has_written else ""
    return f"{sign} *{connection.state(backend, at)}* on pid {backend.pid}{writes}"


def _remarks(
    entry: RoleListing, found: PooledReading, hidden: list[PooledClient], names: CommandNames, *, closable: bool
) -> list[str]:
    role = entry.reading.role.name
    said = [f"{plural(len(hidden), 'more client')} not shown{_numbers(hidden)}."] if hidden else []
    if closable and found.clients:
        example = typed.kill(names, role, f"client {found.clients[0].number}", found.server)
        said.append(f"To end a client, type for instance {code(example, 120)}: nothing ends before you confirm.")
    elif found.clients and not found.can_end:
        said.append(refusal.sentence(PoolerUnavailable(found.server, "old"), names=names, quote=name))
    lent = {client.backend_pid for client in found.clients}
    unmarked = [one.pid for one in entry.reading.clients if one.pid in lent and not one.pooler]
    if unmarked:
        said.append(
            f"The pooler holds {connection.pids(unmarked[:PIDS_NAMED])}, but its address is not configured: to end that frees nothing."
        )
    if found.elsewhere:
        leads = "database of the pooler leads" if found.elsewhere == 1 else "databases of the pooler lead"
        said.append(
            f"{found.elsewhere:,} {leads} to another server, or to a host that is not known as this one's: not counted."
        )
    return said


def _numbers(hidden: list[PooledClient]) -> str:
    """The numbers of those that are not shown, by which they can be named all the same."""
    numbers = [str(client.number) for client in hidden[:NUMBERS_SHOWN] if client.number is not None]
    if not numbers:
        return ""
    more = f" and {len(hidden) - len(numbers):,} more" if len(hidden) > len(numbers) else ""
    return f": {', '.join(numbers)}{more}"


def _close(client: PooledClient, entry: RoleListing) -> Block:
    server, role = entry.reading.server, entry.reading.role.name
    return elements.button(
        "Close",
        ids.CLOSE_CLIENT,
        payloads.write_close_client(server, role, client),
        spoken=f"Close client {client.number}",
    )
