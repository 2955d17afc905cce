"""What the buttons under incidents and questions carry: written here, and read back with no trust in it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from bot.causes.finding import Cause, Finding, Kind
from bot.incidents.incident import Conversation
from bot.slack.payloads import read_name, read_object, read_proposal_id, stale
from bot.slack.words import LONGEST_WORD, unfit

_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,20}")
_WORD = re.compile(r"[a-z_]{1,40}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{6}")

W = TypeVar("W", bound=StrEnum)

_MOST_OCCASIONS = 10_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """One occasion of an incident, by its number."""

    incident: str
    number: int


@dataclass(frozen=True, slots=True)
class Source:
    """The message that a question is about: whose it is and where; only that person's answer counts. `ts` '': a click."""

    person: str
    conversation: Conversation
    ts: str


@dataclass(frozen=True, slots=True)
class RoleChosen:
    """The answer to the question which role is kept out."""

    source: Source
    server: str
    role: str


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """The question which role is kept out, to be answered by typing it; `server` None: it may be of any."""

    source: Source
    server: str | None


@dataclass(frozen=True, slots=True)
class ServerChosen:
    """The answer to the question which server is meant, with as much of the report's finding as is left to be told."""

    source: Source
    server: str
    finding: Finding
    client: str


def write_incident_id(incident_id: str) -> str:
    """Return the value of the buttons under an incident's answer: the opaque id and nothing else."""
    return incident_id


def read_incident_id(value: object) -> str:
    """Read the value of a button under an incident's answer; raises `UsageError`."""
    return read_proposal_id(value)


def write_occasion(occasion: Occasion) -> str:
    """Return the value of a resolution's buttons."""
    return json.dumps({"incident": occasion.incident, "occasion": occasion.number})


def read_occasion(value: object) -> Occasion:
    """Read the value of a resolution's buttons; raises `UsageError`."""
    content = read_object(value)
    number = content.get("occasion")
    if type(number) is not int or not 0 < number <= _MOST_OCCASIONS:
        raise stale()
    return Occasion(read_incident_id(content.get("incident")), number)


def write_source(source: Source) -> str:
    """Return the value of the buttons under a picture."""
    return _written({"source": _source(source)})


def read_source(value: object) -> Source:
    """Read the value of a button under a picture; raises `UsageError`."""
    return _read_source(read_object(value))


def write_role_chosen(chosen: RoleChosen) -> str:
    """Return the value of a button that names the role that is kept out."""
    return _written({"source": _source(chosen.source), "server": chosen.server, "role": chosen.role})


def read_role_chosen(value: object) -> RoleChosen:
    """Read the value of a button that names the role that is kept out; raises `UsageError`."""
    content = read_object(value)
    return RoleChosen(_read_source(content), read_name(content, "server"), read_name(content, "role"))


def write_role_asked(asked: RoleAsked) -> str:
    """Return the value of the button that asks for another role, which the modal that it opens is about too."""
    return _written({"source": _source(asked.source), **({"server": asked.server} if asked.server else {})})


def read_role_asked(value: object) -> RoleAsked:
    """Read what a modal for another role is about, or the value of the button that opens it; raises `UsageError`."""
    content = read_object(value)
    return RoleAsked(_read_source(content), _optional_name(content, "server"))


def write_server_chosen(chosen: ServerChosen) -> str:
    """Return the value of a button that names the server that is meant; names that no server can hold are left out."""
    finding = chosen.finding
    facts = {
        "cause": str(finding.cause),
        "kind": str(finding.kind) if finding.kind else None,
        "role": _holdable(finding.role),
        "database": _holdable(finding.database),
        "confidence": finding.confidence,
        "client": chosen.client,
    }
    kept = {key: fact for key, fact in facts.items() if fact}
    return _written({"source": _source(chosen.source), "server": chosen.server, **kept})


def read_server_chosen(value: object) -> ServerChosen:
    """Read the value of a button that names the server that is meant; raises `UsageError`."""
    content = read_object(value)
    confidence = content.get("confidence", 0.0)
    if not isinstance(confidence, float | int) or not 0 <= confidence <= 1:
        raise stale()
    finding = Finding(
        _word(Cause, content.get("cause")),
        _word(Kind, content["kind"]) if "kind" in content else None,
        role=_optional_name(content, "role"),
        database=_optional_name(content, "database"),
        confidence=confidence,
    )
    client = _optional_name(content, "client") or ""
    return ServerChosen(_read_source(content), read_name(content, "server"), finding, client)


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _source(source: Source) -> list[object]:
    where = source.conversation
    return [source.person, where.channel, where.thread, int(where.private), source.ts]


def _read_source(content: Mapping[object, object]) -> Source:
    parts = content.get("source")
    if not isinstance(parts, list) or len(parts) != 5:
        raise stale()
    person, channel, thread, private, ts = parts
    if private not in (0, 1) or type(private) is not int:
        raise stale()
    where = Conversation(_matching(_CHANNEL, channel), _matching(_TS, thread), bool(private))
    return Source(_matching(_PERSON, person), where, ts if ts == "" else _matching(_TS, ts))


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise stale()
    return value


def _word(words: type[W], value: object) -> W:
    try:
        return words(_matching(_WORD, value))
    except ValueError as exc:
        raise stale() from exc


def _holdable(name: str | None) -> str | None:
    return None if not name or len(name) > LONGEST_WORD or unfit(name) else name


def _optional_name(content: Mapping[object, object], key: str) -> str | None:
    return read_name(content, key) if key in content else None
