"""Every sentence of the table as clients print it and chats mangle it; none may be missed, and no name misread."""

import csv
import re
import tomllib
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from bot.causes.finding import Cause, Finding, Kind
from bot.causes.recognise import recognise
from bot.causes.wordings import Needs, Wording, table
from tests.error_texts import CLIENTS, MANGLED, NAMES, WITH_PREFIX

HERE = Path(__file__).parent
REPORTS = tomllib.loads((HERE / "reports.toml").read_text(encoding="utf-8"))["report"]
with (HERE / "translated_servers.csv").open(encoding="utf-8", newline="") as lines:
    TRANSLATED = list(csv.DictReader(lines))
LOOK_ALIKES = (HERE / "look_alikes.txt").read_text(encoding="utf-8").strip().split("\n===\n")
SEVERITIES = {"it": "FATALE", "ko": "치명적오류", "ru": "ВАЖНО", "sv": "FATALT", "zh_CN": "致命错误", "pl": "KATASTROFALNY"} | {
    "tr": "ÖLÜMCÜL (FATAL)",
    "uk": "ФАТАЛЬНО",
    "ka": "ფატალური",
}  # fmt: skip
LIMITS = (Cause.ROLE_LIMIT, Cause.DATABASE_LIMIT, Cause.RESERVED_SLOTS, Cause.SERVER_LIMIT)
BY_SERVERS = [one for one in table().sentences if "src/backend" in one.source]
PREFIXES = [one for one in table().prefixes if one.source.startswith("PostgreSQL 14") or "18" in one.source]
PREFIXES = [one for one in PREFIXES if one.words.endswith((":", "：")) and "socket" not in one.slots]


def means(found: Finding) -> str:
    return f"other/{found.kind}" if found.kind else str(found.cause)


def meant(wording: Wording) -> str:
    return f"other/{wording.means}" if isinstance(wording.means, Kind) else str(wording.means)


def filled(words: str, told: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: told[slot[1]], words)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["text"][:60])
def test_what_people_paste_is_understood(report: dict[str, str | int]) -> None:
    found = recognise(str(report["text"]))
    assert means(found) == report["means"]
    told = {"role": found.role, "database": found.database, "host": found.host, "port": found.port}
    assert told == {name: report.get(name) for name in told}
    assert found.confidence >= 0.6


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=lambda text: text[:60])
def test_what_only_looks_like_it_is_nothing(text: str) -> None:
    assert recognise(text) == Finding(Cause.NONE)


@pytest.mark.parametrize("said", TRANSLATED, ids=lambda said: f"{said['language']} {said['means']}")
def test_what_psql_printed_of_a_translated_server_is_understood(said: dict[str, str]) -> None:
    """PostgreSQL 15 and psql 15, both in each of ten languages: what they truly printed."""
    found = recognise(said["text"])
    assert str(found.kind or found.cause) == said["means"]
    assert said["role"] in (found.role, "")
    assert said["database"] in (found.database, "")
    if said["means"] != Kind.TERMINATED_BY_ADMINISTRATOR:
        assert (found.host, found.port, found.own_computer) == ("127.0.0.1", 5432, True)


def limits() -> Iterator[tuple[Wording, str, str, str, str, str]]:
    """Yield each limit in each language from each client, with prefixes of all languages, names and manglings in turn."""
    names, prefixes, manglings = cycle(NAMES), cycle(PREFIXES), cycle(MANGLED)
    for wording in (one for one in BY_SERVERS if one.means in LIMITS):
        for client in CLIENTS:
            yield wording, client, next(names), next(names), next(prefixes).words, next(manglings)
        # Else the manglings would meet the same clients each time.
        next(manglings)


def test_each_limit_is_understood_in_each_language_from_each_client_however_mangled() -> None:
    wrong, count = [], 0
    for wording, client, role, database, prefix, mangling in limits():
        server = filled(prefix, {"host": "db.example.edu", "port": "5433", "_": "10.20.0.7"})
        said = filled(wording.words, {"role": role, "database": database, "_": "SUPERUSER"})
        text = MANGLED[mangling](CLIENTS[client](server, SEVERITIES.get(wording.language, "FATAL"), said))
        found = recognise(text)
        count += 1
        told = (
            means(found),
            found.role if "role" in wording.slots else None,
            found.database if "database" in wording.slots else None,
            (found.host, found.port) if client in WITH_PREFIX else None,
        )
        want = (
            meant(wording),
            role if "role" in wording.slots else None,
            database if "database" in wording.slots else None,
            ("db.example.edu", 5433) if client in WITH_PREFIX else None,
        )
        if told != want:
            wrong.append((wording.language, client, mangling, want, told, text))
    assert not wrong
    assert count > 1200


def test_each_other_failure_is_understood_in_each_language() -> None:
    wrong = []
    clients, manglings = cycle(WITH_PREFIX), cycle(MANGLED)
    for wording in (one for one in BY_SERVERS if one.means not in LIMITS):
        client, mangling = next(clients), next(manglings)
        said = filled(wording.words, {"role": "alice", "database": "class", "_": "10.9.9.9"})
        prefix = 'connection to server at "db.example.edu" (10.20.0.7), port 5432 failed:'
        text = MANGLED[mangling](CLIENTS[client](prefix, SEVERITIES.get(wording.language, "FATAL"), said))
        found = recognise(text)
        told = {"role": found.role, "database": found.database}
        want = {"role": "alice", "database": "class"}
        if means(found) != meant(wording) or any(told[slot] != want[slot] for slot in want if slot in wording.slots):
            wrong.append((wording.words, client, mangling, found, text))
    assert not wrong


def test_each_sentence_of_clients_poolers_and_pools_is_understood() -> None:
    wrong = []
    for wording in table().sentences:
        if "src/backend" in wording.source:
            continue
        told = {"role": "alice", "database": "class", "host": "db.example.edu", "port": "5432", "_": "5"} | {
            "socket": "/tmp/.s.PGSQL.5432"
        }
        before = {Needs.FATAL: "FATAL:  ", Needs.SAID: "FATAL:  ", Needs.POSTGRES: "psycopg: "}.get(wording.needs, "")
        found = recognise(before + filled(wording.words, told))
        if means(found) != meant(wording):
            wrong.append((wording.words, wording.source, found))
    assert not wrong


def test_the_limits_are_there_in_every_language_the_servers_speak() -> None:
    languages = {"en", "de", "es", "fr", "it", "ja", "ka", "ko", "ru", "sv", "uk", "zh_CN", "pt_BR", "pl", "tr"}
    for cause in LIMITS:
        assert {one.language for one in BY_SERVERS if one.means is cause} == languages
    libpq = {"zh_TW", "cs", "el"} | languages
    assert {one.language for one in table().prefixes} == libpq
