from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from bot.servers.backend import BackendState
from bot.servers.strays import (
    IDLE_LONG_AFTER,
    IN_TRANSACTION_AFTER,
    RECENT_FOR,
    InUse,
    Reason,
    ReasonKind,
    UseKind,
    in_use,
    rank,
)
from tests.builders import NOON, a_backend

LONG = IDLE_LONG_AFTER / timedelta(minutes=1)
STILL = IN_TRANSACTION_AFTER / timedelta(minutes=1)
RECENT = RECENT_FOR / timedelta(minutes=1)
MOMENT = 1e-6
DAY = 1440
idle = partial(a_backend, since=20, started=120)
"""An idle psql, quiet for too short a time to be stray."""
IN_TRANSACTION: dict[str, Any] = {
    "state": BackendState.IDLE_IN_TRANSACTION,
    "transaction": 60,
}


UNSEEN: dict[str, Any] = {"state": BackendState.UNKNOWN, "since": None, "backend_type": ""}


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        pytest.param({}, (), id="idle alone"),
        pytest.param({"since": LONG - MOMENT}, (), id="idle for less than long"),
        pytest.param({"since": LONG}, (Reason(ReasonKind.IDLE_LONG, lasted=IDLE_LONG_AFTER),), id="idle for long"),
        pytest.param({"since": None}, (), id="idle, nobody knows for how long"),
        pytest.param({"since": -0.1}, (), id="idle since the server's clock was set back"),
        pytest.param({**IN_TRANSACTION, "since": STILL - MOMENT}, (), id="in a transaction that moves"),
        pytest.param(
            {**IN_TRANSACTION, "since": STILL},
            (Reason(ReasonKind.IDLE_IN_TRANSACTION, lasted=IN_TRANSACTION_AFTER),),
            id="in a transaction that stands still",
        ),
        pytest.param({**IN_TRANSACTION, "since": None}, (), id="in a transaction, nobody knows for how long"),
        pytest.param(
            {"state": BackendState.ABORTED, "since": 0},
            (Reason(ReasonKind.ABORTED, lasted=timedelta(0)),),
            id="aborted just now",
        ),
        pytest.param(
            {"state": BackendState.ABORTED, "since": None}, (Reason(ReasonKind.ABORTED),), id="aborted some time"
        ),
        pytest.param({"state": BackendState.ACTIVE, "since": DAY}, (), id="active for a day"),
        pytest.param({"state": BackendState.FASTPATH, "since": DAY}, (), id="in a function call"),
        pytest.param({"state": BackendState.DISABLED, "since": None}, (), id="not tracked"),
        pytest.param({"state": BackendState.UNKNOWN, "since": None}, (), id="not told"),
        pytest.param(UNSEEN | {"queried": LONG - MOMENT}, (), id="not told, and a query began"),
        pytest.param(
            UNSEEN | {"queried": LONG},
            (Reason(ReasonKind.QUIET_LONG, lasted=IDLE_LONG_AFTER),),
            id="not told, and no query has begun for long",
        ),
        pytest.param({"state": BackendState.STARTING, "since": DAY}, (), id="logging in"),
        pytest.param({"since": DAY, "pooler": True}, (), id="a pooler's"),
        pytest.param({"since": DAY, "own": True}, (), id="the bot's own"),
        pytest.param({"since": DAY, "backend_type": "walsender"}, (), id="takes no slot"),
    ],
)
def test_one_connection_is_stray_for_what_it_does_not_for_being_idle(
    facts: dict[str, Any], reasons: tuple[Reason, ...]
) -> None:
    assert tuple(reason for stray in rank([idle(**facts)], NOON) for reason in stray.reasons) == reasons


def test_of_twins_the_newest_is_spared_and_the_others_know_how_many_they_are() -> None:
    backends = [idle(pid, started=pid) for pid in (3, 1, 2)]
    strays = rank(backends, NOON)
    assert [stray.backend.pid for stray in strays] == [3, 2]
    assert {stray.reasons for stray in strays} == {(Reason(ReasonKind.TWIN, count=3, client="psql"),)}


def test_twins_that_began_together_are_told_apart_by_their_pids() -> None:
    backends = [idle(pid) for pid in (11, 13, 12)]
    for order in permutations(backends):
        assert [stray.backend.pid for stray in rank(order, NOON)] == [11, 12]


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param({"application_name": "notebook"}, id="another client"),
        pytest.param({"client_address": "192.0.2.8"}, id="another address"),
        pytest.param({"client_address": None}, id="a Unix socket"),
        pytest.param({"role_oid": 16402}, id="another role"),
        pytest.param({"backend_type": "parallel worker"}, id="takes no slot"),
        pytest.param({"pooler": True}, id="a pooler's"),
    ],
)
def test_what_differs_is_no_twin(difference: dict[str, Any]) -> None:
    assert rank([idle(1), idle(2, started=60, **difference)], NOON) == ()


def test_a_twin_that_works_is_spared_but_counts() -> None:
    old = idle(1, started=180, state=BackendState.ACTIVE)
    middle = idle(2, started=120)
    new = idle(3, started=60, since=0.01, **IN_TRANSACTION)
    (stray,) = rank([old, middle, new], NOON)
    assert stray.backend == middle
    assert stray.reasons == (Reason(ReasonKind.TWIN, count=3, client="psql"),)


def test_versions_and_tabs_of_one_client_are_twins() -> None:
    names = ("pgAdmin 4 - DB:class", "pgAdmin 4 - CONN:77")
    old, new = (idle(pid, application_name=name, started=180 - pid) for pid, name in enumerate(names))
    (stray,) = rank([new, old], NOON)
    assert stray.backend == old
    assert stray.reasons == (
        Reason(ReasonKind.TWIN, count=2, client="pgAdmin"),
        Reason(ReasonKind.EXTRA_CLIENT, count=2, client="pgAdmin"),
    )


def test_a_client_that_keeps_extra_ones_is_known_at_two_addresses_too() -> None:
    laptop = idle(1, application_name="DBeaver 24.1.0 - Main <class>", started=180)
    lab = idle(2, application_name="DBeaver 24.1.0 - Metadata <class>", client_address="192.0.2.99")
    (stray,) = rank([laptop, lab], NOON)
    assert stray.backend == laptop
    assert stray.reasons == (Reason(ReasonKind.EXTRA_CLIENT, count=2, client="DBeaver"),)


def test_one_connection_of_such_a_client_is_no_stray() -> None:
    assert rank([idle(application_name="pgAdmin 4 - DB:class")], NOON) == ()


def test_clients_without_a_name_are_twins_of_each_other() -> None:
    backends = [idle(1, application_name=""), idle(2, application_name="", started=60)]
    (stray,) = rank(backends, NOON)
    assert stray.reasons == (Reason(ReasonKind.TWIN, count=2, client=""),)


def test_the_surest_come_first_whatever_the_order_they_are_read_in() -> None:
    backends = [
        idle(1, application_name="a", since=120),
        idle(2, application_name="b", since=180),
        idle(3, application_name="pgAdmin 4 - DB:x", since=540, started=540),
        idle(4, application_name="pgAdmin 4 - CONN:1", since=120, started=480),
        idle(5, application_name="pgAdmin 4 - CONN:2", since=0, started=420),
        idle(6, application_name="c", state=BackendState.ABORTED, since=None),
        idle(7, application_name="d", since=120, started=180),
        idle(8, application_name="e", since=120, started=180),
    ]
    for order in (backends, backends[::-1]):
        assert [stray.backend.pid for stray in rank(order, NOON)] == [3, 4, 2, 7, 8, 1, 6]


@pytest.mark.parametrize(
    ("facts", "use"),
    [
        ({}, None),
        ({"since": RECENT}, None),
        ({"since": RECENT - MOMENT}, InUse(UseKind.RECENT, timedelta(minutes=RECENT - MOMENT))),
        ({"since": None}, None),
        (
            {"state": BackendState.ACTIVE, "queried": 180},
            InUse(UseKind.ACTIVE, timedelta(hours=3)),
        ),
        ({"state": BackendState.FASTPATH, "since": None}, InUse(UseKind.ACTIVE, None)),
        (
            {"state": BackendState.ACTIVE, "since": -0.1},
            InUse(UseKind.ACTIVE, timedelta(0)),
        ),
        (IN_TRANSACTION, InUse(UseKind.IN_TRANSACTION, timedelta(hours=1))),
        ({"state": BackendState.ABORTED}, None),
        ({"state": BackendState.ABORTED, "since": 0}, InUse(UseKind.RECENT, timedelta(0))),
        ({"state": BackendState.UNKNOWN, "since": None}, None),
        (UNSEEN | {"queried": RECENT}, None),
        (UNSEEN | {"queried": 1}, InUse(UseKind.RECENT, timedelta(minutes=1))),
    ],
)
def test_a_connection_looks_in_use_while_something_moves(facts: dict[str, Any], use: InUse | None) -> None:
    assert in_use(idle(**facts), NOON) == use


def test_what_is_not_seen_is_ranked_by_how_long_no_query_has_begun() -> None:
    twins = [idle(1, **UNSEEN, queried=90), idle(2, **UNSEEN, queried=DAY, application_name="DBeaver")]
    newer = idle(3, **{**UNSEEN, "queried": 1}, started=60)

    strays = rank([*twins, newer], NOON)

    assert [stray.backend.pid for stray in strays] == [1, 2]
    assert [reason.kind for reason in strays[0].reasons] == [ReasonKind.TWIN, ReasonKind.QUIET_LONG]


def test_nothing_to_rank_is_no_stray() -> None:
    assert rank([], NOON) == ()
