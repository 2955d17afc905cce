"""Which backends a request means, and what forbids ending them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.connections.plan import Chosen, Plan, Refused, TerminateRequest, Which, WhyNot, choose, forbids
from bot.incidents.proposal import Kind
from bot.servers.backend import BackendState
from tests.builders import NOON, a_backend, a_reading, a_role, a_writing_backend, an_active_backend


def test_named_pids_are_answered_once_in_the_order_given() -> None:
    one, two = a_backend(1), a_backend(2)
    request = TerminateRequest("alice", (Chosen(2), Chosen(9), Chosen(1), Chosen(2)))

    assert choose(request, a_reading(one, two)) == Plan((two, one), (Refused(9, WhyNot.NO_SUCH),))


def test_a_reused_pid_is_not_what_was_picked_from_a_list() -> None:
    now_there = a_backend(1)
    request = TerminateRequest("alice", (Chosen(1, now_there.started_at - timedelta(microseconds=1)),))

    assert choose(request, a_reading(now_there)) == Plan((), (Refused(1, WhyNot.NO_SUCH),))


def test_all_names_the_refused_and_strays_leaves_them_out() -> None:
    stray = a_backend(1, application_name="pgAdmin 4 - DB:class", started=300)
    twin = a_backend(2, application_name="pgAdmin 4 - DB:class", started=200)
    pooled = a_backend(3, pooler=True)
    reading = a_reading(stray, twin, pooled)

    everything = choose(TerminateRequest("alice", which=Which.ALL), reading)
    strays = choose(TerminateRequest("alice", which=Which.STRAYS), reading)

    assert everything.backends == (stray, twin)
    assert everything.refused == (Refused(3, WhyNot.POOLER, pooled),)
    assert stray in strays.backends
    assert strays.refused == ()


def test_only_queries_that_run_can_be_cancelled() -> None:
    running, idle, waiting = an_active_backend(1), a_backend(2), a_writing_backend(3)
    request = TerminateRequest("alice", (Chosen(1), Chosen(2), Chosen(3), Chosen(4)), kind=Kind.CANCEL)

    assert choose(request, a_reading(running, idle, waiting)) == Plan(
        (running,),
        (
            Refused(2, WhyNot.NOTHING_RUNS, idle),
            Refused(3, WhyNot.NOTHING_RUNS, waiting),
            Refused(4, WhyNot.NO_SUCH),
        ),
    )


def test_all_queries_are_those_of_the_connections_that_run_one() -> None:
    calling = a_backend(2, state=BackendState.FASTPATH)
    pooled = replace(an_active_backend(3), pooler=True)
    reading = a_reading(an_active_backend(1), calling, pooled, a_backend(4))

    plan = choose(TerminateRequest("alice", which=Which.ALL, kind=Kind.CANCEL), reading)

    assert {backend.pid for backend in plan.backends} == {1, 2}
    assert plan.refused == (Refused(3, WhyNot.POOLER, pooled),)


@pytest.mark.parametrize("state", [BackendState.UNKNOWN, BackendState.DISABLED])
def test_where_no_states_are_told_not_knowing_them_forbids_nothing_but_cancelling(state: BackendState) -> None:
    unseen = a_backend(1, state=state, backend_type="")
    reading = a_reading(unseen, a_backend(2, state=state, pooler=True), tells_states=False)

    assert forbids(unseen, reading) is None
    assert [forbids(backend, reading) for backend in reading.backends] == [None, WhyNot.POOLER]
    request = TerminateRequest("alice", (Chosen(1),), kind=Kind.CANCEL)
    assert choose(request, reading) == Plan((), (Refused(1, WhyNot.UNKNOWN_STATE, unseen),))


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (TerminateRequest("alice", (Chosen(1), Chosen(2, NOON))), "1 2"),
        (TerminateRequest("alice", which=Which.STRAYS), "strays"),
        (TerminateRequest("alice", (Chosen(17),), kind=Kind.CLIENT), "client 17"),
        (TerminateRequest("alice", which=Which.ALL, kind=Kind.CLIENT), "client all"),
    ],
)
def test_a_request_can_be_typed_again(request_: TerminateRequest, what: str) -> None:
    assert request_.what == what


@pytest.mark.parametrize(
    ("changes", "role", "why"),
    [
        ({}, {}, None),
        ({"own": True}, {}, WhyNot.OWN),
        ({}, {"superuser": True, "student": False}, WhyNot.SUPERUSER),
        ({}, {"replication": True, "student": False}, WhyNot.REPLICATION),
        ({}, {"service": True}, WhyNot.SERVICE),
        ({}, {"student": False}, WhyNot.NOT_STUDENT),
        ({"backend_type": "parallel worker"}, {}, WhyNot.NOT_CLIENT),
        ({"pooler": True}, {}, WhyNot.POOLER),
        ({"state": BackendState.UNKNOWN}, {}, WhyNot.UNKNOWN_STATE),
        ({"state": BackendState.DISABLED}, {}, WhyNot.UNKNOWN_STATE),
    ],
)
def test_what_forbids_ending(changes: dict[str, Any], role: dict[str, Any], why: WhyNot | None) -> None:
    backend = a_backend(**changes)

    assert forbids(backend, replace(a_reading(backend), role=a_role(**role))) == why
