"""What buttons and checkboxes carry: written here, and read back with no trust in it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.connections.plan import Chosen, TerminateRequest
from bot.errors import UsageError
from bot.incidents.proposal import Kind
from bot.servers.backend import Backend
from bot.servers.pooled import PooledClient
from bot.slack import ids
from bot.slack.commands import KILL
from bot.slack.words import LONGEST_WORD, Problem, unfit, wrong
from bot.summaries.week import Week, read_week

LONGEST_VALUE = 2000
"""Characters of a button's value."""
LONGEST_METADATA = 3000
"""Characters of a modal's `private_metadata`."""
MOST_CHOSEN = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PROPOSAL_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OPTION = re.compile(r"([0-9]{1,10}):(-?[0-9]{1,18})")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,8}")
_LONGEST_ABOUT = 1000


@dataclass(frozen=True, slots=True)
class Group:
    """One role of a listing: its buttons read the checklists of the same `index` only."""

    server: str
    role: str
    index: int


@dataclass(frozen=True, slots=True)
class Behind:
    """What a modal stands before: the conversation that it was opened in, and what it is about."""

    channel: str = ""
    thread: str | None = None
    about: str = ""


def write_behind(behind: Behind) -> str:
    """Return a modal's `private_metadata`."""
    return json.dumps([behind.channel, behind.thread, behind.about], ensure_ascii=False)


def read_behind(value: object) -> Behind:
    """Read a modal's `private_metadata`; where it is none of ours the modal stands before nothing and is about nothing.

    It only says where the person who clicks is answered, who alone sees that, and what is asked for, to which the right is
    looked up then.
    """
    try:
        content = json.loads(value) if isinstance(value, str) and len(value) <= LONGEST_METADATA else None
    except (ValueError, RecursionError):
        content = None
    match content:
        case [str(channel), str() | None as thread, str(about)] if (
            (not channel or _CHANNEL.fullmatch(channel))
            and (thread is None or _TS.fullmatch(thread))
            and len(about) <= _LONGEST_ABOUT
            and not unfit(about)
        ):
            return Behind(channel, thread, about)
    return Behind()


def write_proposal_id(proposal_id: str) -> str:
    """Return the value of a confirmation's buttons: the opaque id and nothing else."""
    return proposal_id


def read_proposal_id(value: object) -> str:
    """Read a confirmation button's value; raises `UsageError`."""
    if not isinstance(value, str) or not _PROPOSAL_ID.fullmatch(value):
        raise stale()
    return value


def write_group(group: Group) -> str:
    """Return the value of a listing's buttons."""
    return json.dumps({"server": group.server, "role": group.role, "index": group.index}, ensure_ascii=False)


def read_group(value: object) -> Group:
    """Read the value of a listing's buttons; raises `UsageError`."""
    content = read_object(value)
    index = content.get("index")
    if type(index) is not int or not 0 <= index < 100:
        raise stale()
    return Group(read_name(content, "server"), read_name(content, "role"), index)


def write_option(backend: Backend) -> str:
    """Return a checkbox's value: the pid and its start in microseconds, which together mean one session for ever."""
    return _identity(backend.pid, backend.started_at)


def read_option(value: object) -> Chosen:
    """Read a checkbox's value; raises `UsageError`."""
    found = _OPTION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < int(found[1]) < 2**31:
        raise stale()
    return Chosen(int(found[1]), read_time(int(found[2])))


def chosen(body: Mapping[str, object], group: Group) -> tuple[Chosen, ...]:
    """Read which boxes of the group's checklists are ticked, from a `block_actions` payload of a message or a modal.

    Raises `UsageError` where nothing is ticked, or where the payload is not Slack's.
    """
    ticked = dict.fromkeys(read_option(value) for value in _ticked(body, group.index))
    if not ticked:
        raise wrong(KILL, Problem.NOTHING_TICKED)
    if len(ticked) > MOST_CHOSEN:
        raise wrong(KILL, Problem.TOO_MANY, str(len(ticked)))
    return tuple(ticked)


def write_close(server: str, role: str, backend: Backend) -> str:
    """Return the value of the Close button beside an owner's connection."""
    return json.dumps({"server": server, "role": role, "backend": write_option(backend)}, ensure_ascii=False)


def read_close(value: object) -> TerminateRequest:
    """Read the value of a Close button; raises `UsageError`."""
    content = read_object(value)
    backend = read_option(content.get("backend"))
    return TerminateRequest(role=read_name(content, "role"), chosen=(backend,), server=read_name(content, "server"))


def write_close_client(server: str, role: str, client: PooledClient) -> str:
    """Return the value of the Close button beside a pooler's client that has a number."""
    meant = _identity(client.number or 0, client.connected_at)
    return json.dumps({"server": server, "role": role, "client": meant}, ensure_ascii=False)


def read_close_client(value: object) -> TerminateRequest:
    """Read the value of a client's Close button; raises `UsageError`."""
    content = read_object(value)
    client = read_option(content.get("client"))
    server, role = read_name(content, "server"), read_name(content, "role")
    return TerminateRequest(role=role, chosen=(client,), server=server, kind=Kind.CLIENT)


def write_week(server: str, week: Week) -> str:
    """Return the value of a summary's button."""
    return json.dumps({"server": server, "week": str(week)}, ensure_ascii=False)


def read_about_week(value: object) -> tuple[str, Week]:
    """Read the value of a summary's button, the server and the week; raises `UsageError`."""
    content = read_object(value)
    week = read_week(read_name(content, "week"))
    if week is None:
        raise stale()
    return read_name(content, "server"), week


def write_time(at: datetime) -> int:
    """Return a time as a button carries it: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def read_time(number: int) -> datetime:
    """Read such a time; raises `UsageError` for one that no calendar has."""
    try:
        return _EPOCH + number * _MICROSECOND
    except OverflowError as exc:
        raise stale() from exc


def _identity(number: int, began: datetime) -> str:
    return f"{number}:{write_time(began)}"


def _ticked(body: Mapping[str, object], index: int) -> Iterator[object]:
    state = body.get("state") or _mapping(body.get("view")).get("state")
    values = _mapping(_mapping(state).get("values"))
    for block_id, elements in values.items():
        if not ids.is_choices_block(block_id, index):
            continue
        options = _mapping(_mapping(elements).get(ids.CHOOSE)).get("selected_options") or []
        if not isinstance(options, list):
            raise stale()
        for option in options:
            yield _mapping(option).get("value")


def _mapping(value: object) -> Mapping[object, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise stale()
    return value


def read_object(value: object) -> Mapping[object, object]:
    """Read a value that is an object in JSON; raises `UsageError`."""
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise stale()
    try:
        return _mapping(json.loads(value))
    except (ValueError, RecursionError) as exc:
        raise stale() from exc


def read_name(content: Mapping[object, object], key: str) -> str:
    """Read a name out of an object, as one may stand on a server; raises `UsageError`."""
    name = content.get(key)
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_WORD or unfit(name):
        raise stale()
    return name


def stale() -> UsageError:
    """Return what somebody is told whose button carries what no message of ours did."""
    return wrong(KILL, Problem.STALE_BUTTON)
