"""The guard's text: names are data in it, and it is known again to the letter."""

import hashlib
from dataclasses import replace

import pytest

from bot.servers.guard import GuardStanding, GuardState
from bot.servers.guard_function import PROBE, GuardFacts, body, guard_name, judge, means
from bot.servers.settings import ServerSettings

STUDENTS = ("students", "team 'a'", "back\\slash", "<services>", "$$", "new\nline", "é")
SERVICES = ("canvas", "'); SELECT pg_terminate_backend(1); --", "<students>", "\\")


def _settings(**changes: tuple[str, ...]) -> ServerSettings:
    return ServerSettings("class", "", **{"students": STUDENTS, "services": SERVICES, **changes})  # type: ignore[arg-type] # only these two


FOUND = GuardFacts(body(STUDENTS, SERVICES), *[True] * 7)
FACTS = ("settings", "owner", "grants", "schema", "rights", "members", "execute")
SETTINGS = _settings()


def test_the_text_stays_what_servers_have() -> None:
    """Whoever changes the text makes the bot pass over every guard that is installed: say so in the change log."""
    text = body(["students"], ["autograder"])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "414ef7632f74b44d"


def test_it_is_known_again_whatever_the_names() -> None:
    assert judge(FOUND, SETTINGS) == GuardState(GuardStanding.STANDING)


def test_the_order_of_the_configuration_does_not_matter() -> None:
    other = replace(SETTINGS, students=STUDENTS[::-1] * 2, services=SERVICES[::-1])
    assert judge(FOUND, other) == GuardState(GuardStanding.STANDING)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"students": ("students",)}, ("students",)),
        ({"services": ()}, ("services",)),
        ({"students": (), "services": ("x",)}, ("services", "students")),
    ],
)
def test_of_another_configuration_it_is_outdated(changes: dict[str, tuple[str, ...]], differs: tuple[str, ...]) -> None:
    state = judge(FOUND, _settings(**changes))
    assert state == GuardState(GuardStanding.OUTDATED, differs)
    assert state.usable


def test_where_there_is_none_it_is_absent() -> None:
    assert judge(None, SETTINGS) == GuardState(GuardStanding.ABSENT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NOT role.rolsuper", "true"),
        ("= 'client backend'", "<> 'client backend'"),
        ("pg_stat_clear_snapshot()", "1"),
        ("'students'", "'students' || ''"),
        ("'students'", "'students', (SELECT rolname FROM pg_roles LIMIT 1)"),
        ("'students'", "'students', 'a'::text"),
        ("'students'", "'students', $$a$$"),
        ("'students'", "E'students\\x41'"),
        ("'students'", "'stud\\ents'"),
    ],
)
def test_what_is_no_list_of_names_is_a_change(old: str, new: str) -> None:
    text = FOUND.source.replace(old, new, 1)
    assert text != FOUND.source
    assert judge(replace(FOUND, source=text), SETTINGS) == GuardState(GuardStanding.CHANGED, ("source",))


def test_one_of_two_lists_changed_is_no_longer_ours() -> None:
    head, _, tail = FOUND.source.rpartition("'students'")
    state = judge(replace(FOUND, source=f"{head}'everybody'{tail}"), SETTINGS)
    assert not state.usable


@pytest.mark.parametrize("fact", FACTS)
def test_each_fact_counts(fact: str) -> None:
    state = judge(GuardFacts(FOUND.source, **{one: one != fact for one in FACTS}), SETTINGS)
    assert state == GuardState(GuardStanding.CHANGED, (fact,))
    assert not state.usable


def test_text_that_was_cut_is_no_guard() -> None:
    assert judge(replace(FOUND, source=FOUND.source + " "), SETTINGS).standing is GuardStanding.CHANGED
    assert judge(replace(FOUND, source=""), SETTINGS).standing is GuardStanding.CHANGED


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("connbot", "connbot_guard"),
        ("x" * 57, "x" * 57 + "_guard"),
        ("x" * 63, "x" * 57 + "_guard"),
        ("x" * 56 + "é", "x" * 56 + "_guard"),
        ('o"d', 'o"d_guard'),
    ],
)
def test_the_guard_is_named_after_the_bot_s_role(role: str, name: str) -> None:
    assert guard_name(role) == name
    assert len(name.encode()) <= 63


def test_the_name_is_quoted_where_it_is_called() -> None:
    ways = means('o"d%s {0}')
    for expression in (ways.allowed, ways.send, ways.cancel or ""):
        assert expression.startswith('"o""d%%s {0}_guard"."signal_student"(')


def test_what_people_typed_is_not_read() -> None:
    assert "query" not in body(["students"], []) + PROBE
