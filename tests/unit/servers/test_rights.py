from dataclasses import replace
from typing import Any

import pytest

from bot.servers.guard import GuardStanding, GuardState
from bot.servers.rights import Cost, Missing, MissingKind, RightsFacts, missing

ALL_RIGHT = RightsFacts(
    version=180006,
    role="connbot",
    superuser=False,
    role_limit=-1,
    database="postgres",
    database_limit=-1,
    reads_all=True,
    signals=True,
    uses_reserved=True,
    reserved=2,
    students=("students",),
)


@pytest.mark.parametrize(
    ("facts", "lacks"),
    [
        ({}, []),
        ({"version": 130023}, [(MissingKind.VERSION, Cost.EVERYTHING, "130023")]),
        ({"reads_all": False}, [(MissingKind.READ_ALL_STATS, Cost.EVERYTHING, "connbot")]),
        ({"signals": False}, [(MissingKind.SIGNAL_BACKEND, Cost.TERMINATING, "connbot")]),
        ({"reads_all": False, "classdb": True}, [(MissingKind.STATES, Cost.SEEING_STATES, "connbot")]),
        (
            {"reads_all": False, "signals": False, "classdb": True},
            [(MissingKind.STATES, Cost.SEEING_STATES, "connbot")],
        ),
        ({"signals": False, "classdb": True}, []),
        ({"students": ()}, [(MissingKind.NO_STUDENTS, Cost.TERMINATING, "")]),
        (
            {"unknown_students": ("team", "studens")},
            [
                (MissingKind.STUDENTS_ROLE, Cost.THESE_ROLES, "team"),
                (MissingKind.STUDENTS_ROLE, Cost.THESE_ROLES, "studens"),
            ],
        ),
        ({"unknown_services": ("canvas",)}, [(MissingKind.SERVICE_ROLE, Cost.THESE_ROLES, "canvas")]),
        ({"role_limit": 1}, [(MissingKind.ROLE_LIMIT, Cost.REPLACING, "connbot")]),
        ({"role_limit": 2}, []),
        ({"database_limit": 50}, [(MissingKind.DATABASE_LIMIT, Cost.RECONNECTING_WHEN_FULL, "postgres")]),
        (
            {"uses_reserved": False},
            [(MissingKind.USE_RESERVED_CONNECTIONS, Cost.RECONNECTING_WHEN_FULL, "connbot")],
        ),
        ({"reserved": 0}, [(MissingKind.RESERVED_CONNECTIONS, Cost.RECONNECTING_WHEN_FULL, "")]),
        (
            {"uses_reserved": False, "reserved": 0},
            [(MissingKind.USE_RESERVED_CONNECTIONS, Cost.RECONNECTING_WHEN_FULL, "connbot")],
        ),
        ({"version": 150019, "uses_reserved": False, "reserved": 0}, []),
        ({"superuser": True, "uses_reserved": False, "reserved": 0, "role_limit": 1, "database_limit": 1}, []),
        ({"signals": False, "guard": GuardState(GuardStanding.STANDING)}, []),
        (
            {"signals": False, "guard": GuardState(GuardStanding.OUTDATED, ("services", "students"))},
            [(MissingKind.GUARD_OUTDATED, Cost.THESE_ROLES, "services, students")],
        ),
        (
            {"signals": False, "guard": GuardState(GuardStanding.CHANGED, ("source", "owner"))},
            [(MissingKind.GUARD_CHANGED, Cost.TERMINATING, "source, owner")],
        ),
        (
            {"guard": GuardState(GuardStanding.CHANGED, ("grants",))},
            [(MissingKind.GUARD_CHANGED, Cost.LEAST_RIGHTS, "grants")],
        ),
    ],
)
def test_what_is_missing_is_told_with_its_cost(facts: dict[str, Any], lacks: list[tuple[Any, ...]]) -> None:
    assert missing(replace(ALL_RIGHT, **facts)) == tuple(Missing(*lack) for lack in lacks)
