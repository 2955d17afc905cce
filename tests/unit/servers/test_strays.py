from datetime import timedelta
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
from tests.backends import AT, a_backend

MOMENT = timedelta(microseconds=1)
IN_TRANSACTION: dict[str, Any] = {
    "state": BackendState.IDLE_IN_TRANSACTION,
    "transaction_started_at": AT - timedelta(hours=1),
}


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        pytest.param({}, (), id="idle alone"),
        pytest.param({"quiet_for": IDLE_LONG_AFTER - MOMENT}, (), id="idle for less than long"),
        pytest.param(
            {"quiet_for": IDLE_LONG_AFTER}, (Reason(ReasonKind.IDLE_LONG, lasted=IDLE_LONG_AFTER),), id="idle for long"
        ),
        pytest.param({"quiet_for": None}, (), id="idle, nobody knows for how long"),
        pytest.param({"quiet_for": -timedelta(seconds=5)}, (), id="idle since the server's clock was set back"),
        pytest.param(
            {**IN_TRANSACTION, "quiet_for": IN_TRANSACTION_AFTER - MOMENT}, (), id="in a transaction that moves"
        ),
        pytest.param(
            {**IN_TRANSACTION, "quiet_for": IN_TRANSACTION_AFTER},
            (Reason(ReasonKind.IDLE_IN_TRANSACTION, lasted=IN_TRANSACTION_AFTER),),
            id="in a transaction that stands still",
        ),
        pytest.param({**IN_TRANSACTION, "quiet_for": None}, (), id="in a transaction, nobody knows for how long"),
        pytest.param(
            {"state": BackendState.ABORTED, "quiet_for": timedelta(0)},
            (Reason(ReasonKind.ABORTED, lasted=timedelta(0)),),
            id="aborted just now",
        ),
        pytest.param(
            {"state": BackendState.ABORTED, "quiet_for": None}, (Reason(ReasonKind.ABORTED),), id="aborted some time"
        ),
        pytest.param({"state": BackendState.ACTIVE, "quiet_for": timedelta(days=1)}, (), id="active for a day"),
        pytest.param({"state": BackendState.FASTPATH, "quiet_for": timedelta(days=1)}, (), id="in a function call"),
        pytest.param({"state": BackendState.DISABLED, "quiet_for": None}, (), id="not tracked"),
        pytest.param({"state": BackendState.UNKNOWN, "quiet_for": None}, (), id="not told"),
        pytest.param({"state": BackendState.STARTING, "quiet_for": timedelta(days=1)}, (), id="logging in"),
        pytest.param({"quiet_for": timedelta(days=1), "pooler": True}, (), id="a pooler's"),
        pytest.param({"quiet_for": timedelta(days=1), "own": True}, (), id="the bot's own"),
        pytest.param({"quiet_for": timedelta(days=1), "backend_type": "walsender"}, (), id="takes no slot"),
    ],
)
def test_one_connection_is_stray_for_what_it_does_not_for_being_idle(
    facts: dict[str, Any], reasons: tuple[Reason, ...]
) -> None:
    assert tuple(reason for stray in rank([a_backend(**facts)], AT) for reason in stray.reasons) == reasons


def test_of_twins_the_newest_is_spared_and_the_others_know_how_many_they_are() -> None:
    backends = [a_backend(pid, started=timedelta(minutes=pid)) for pid in (3, 1, 2)]
    strays = rank(backends, AT)
    assert [stray.backend.pid for stray in strays] == [3, 2]
    assert {stray.reasons for stray in strays} == {(Reason(ReasonKind.TWIN, count=3, client="psql"),)}


def test_twins_that_began_together_are_told_apart_by_their_pids() -> None:
    backends = [a_backend(pid) for pid in (11, 13, 12)]
    for order in permutations(backends):
        assert [stray.backend.pid for stray in rank(order, AT)] == [11, 12]


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
    assert rank([a_backend(1), a_backend(2, started=timedelta(hours=1), **difference)], AT) == ()


def test_a_twin_that_works_is_spared_but_counts() -> None:
    old = a_backend(1, started=timedelta(hours=3), state=BackendState.ACTIVE)
    middle = a_backend(2, started=timedelta(hours=2))
    new = a_backend(3, started=timedelta(hours=1), quiet_for=timedelta(seconds=1), **IN_TRANSACTION)
    (stray,) = rank([old, middle, new], AT)
    assert stray.backend == middle
    assert stray.reasons == (Reason(ReasonKind.TWIN, count=3, client="psql"),)


def test_versions_and_tabs_of_one_client_are_twins() -> None:
    names = ("pgAdmin 4 - DB:class", "pgAdmin 4 - CONN:77")
    old, new = (
        a_backend(pid, application_name=name, started=timedelta(hours=3 - pid)) for pid, name in enumerate(names)
    )
    (stray,) = rank([new, old], AT)
    assert stray.backend == old
    assert stray.reasons == (
        Reason(ReasonKind.TWIN, count=2, client="pgAdmin"),
        Reason(ReasonKind.EXTRA_CLIENT, count=2, client="pgAdmin"),
    )


def test_a_client_that_keeps_extra_ones_is_known_at_two_addresses_too() -> None:
    laptop = a_backend(1, application_name="DBeaver 24.1.0 - Main <class>", started=timedelta(hours=3))
    lab = a_backend(2, application_name="DBeaver 24.1.0 - Metadata <class>", client_address="192.0.2.99")
    (stray,) = rank([laptop, lab], AT)
    assert stray.backend == laptop
    assert stray.reasons == (Reason(ReasonKind.EXTRA_CLIENT, count=2, client="DBeaver"),)


def test_one_connection_of_such_a_client_is_no_stray() -> None:
    assert rank([a_backend(application_name="pgAdmin 4 - DB:class")], AT) == ()


def test_clients_without_a_name_are_twins_of_each_other() -> None:
    backends = [a_backend(1, application_name=""), a_backend(2, application_name="", started=timedelta(hours=1))]
    (stray,) = rank(backends, AT)
    assert stray.reasons == (Reason(ReasonKind.TWIN, count=2, client=""),)


def test_the_surest_come_first_whatever_the_order_they_are_read_in() -> None:
    backends = [
        a_backend(1, application_name="a", quiet_for=timedelta(hours=2)),
        a_backend(2, application_name="b", quiet_for=timedelta(hours=3)),
        a_backend(3, application_name="pgAdmin 4 - DB:x", quiet_for=timedelta(hours=9), started=timedelta(hours=9)),
        a_backend(4, application_name="pgAdmin 4 - CONN:1", quiet_for=timedelta(hours=2), started=timedelta(hours=8)),
        a_backend(5, application_name="pgAdmin 4 - CONN:2", quiet_for=timedelta(0), started=timedelta(hours=7)),
        a_backend(6, application_name="c", state=BackendState.ABORTED, quiet_for=None),
        a_backend(7, application_name="d", quiet_for=timedelta(hours=2), started=timedelta(hours=3)),
        a_backend(8, application_name="e", quiet_for=timedelta(hours=2), started=timedelta(hours=3)),
    ]
    for order in (backends, backends[::-1]):
        assert [stray.backend.pid for stray in rank(order, AT)] == [3, 4, 2, 7, 8, 1, 6]


@pytest.mark.parametrize(
    ("facts", "use"),
    [
        ({}, None),
        ({"quiet_for": RECENT_FOR}, None),
        ({"quiet_for": RECENT_FOR - MOMENT}, InUse(UseKind.RECENT, RECENT_FOR - MOMENT)),
        ({"quiet_for": None}, None),
        (
            {"state": BackendState.ACTIVE, "query_started_at": AT - timedelta(hours=3)},
            InUse(UseKind.ACTIVE, timedelta(hours=3)),
        ),
        ({"state": BackendState.FASTPATH, "query_started_at": None}, InUse(UseKind.ACTIVE, None)),
        (
            {"state": BackendState.ACTIVE, "query_started_at": AT + timedelta(seconds=1)},
            InUse(UseKind.ACTIVE, timedelta(0)),
        ),
        (IN_TRANSACTION, InUse(UseKind.IN_TRANSACTION, timedelta(hours=1))),
        ({"state": BackendState.ABORTED}, None),
        ({"state": BackendState.ABORTED, "quiet_for": timedelta(0)}, InUse(UseKind.RECENT, timedelta(0))),
        ({"state": BackendState.UNKNOWN, "quiet_for": None}, None),
    ],
)
def test_a_connection_looks_in_use_while_something_moves(facts: dict[str, Any], use: InUse | None) -> None:
    assert in_use(a_backend(**facts), AT) == use


def test_nothing_to_rank_is_no_stray() -> None:
    assert rank([], AT) == ()
