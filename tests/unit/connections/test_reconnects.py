"""Clients that come back by themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.connections.reconnects import came_back
from bot.incidents.proposal import CLAIM_HOLDS_FOR, Kind, Outcome, Proposal
from bot.servers.backend import Backend
from bot.servers.server import Verdict
from tests.builders import NOON, a_backend, a_proposal


def ended(*backends: Backend, verdict: Verdict = Verdict.TERMINATED) -> Proposal:
    outcomes = tuple(Outcome(one.id, verdict, NOON) for one in backends)
    return replace(a_proposal(*backends), deadline=NOON + CLAIM_HOLDS_FOR, outcomes=outcomes)


def after(backend: Backend, pid: int, seconds: float = 1) -> Backend:
    return replace(backend, id=replace(backend.id, pid=pid, started_at=NOON + timedelta(seconds=seconds)))


def test_a_client_of_the_same_program_and_address_that_began_since_came_back() -> None:
    gone = a_backend(1)

    assert came_back(ended(gone), [after(gone, 2)]) == (2,)


def test_one_end_explains_one_return_the_earliest() -> None:
    gone = a_backend(1)

    assert came_back(ended(gone), [after(gone, 3, 2), after(gone, 2, 1)]) == (2,)


def test_what_was_there_before_or_is_another_program_or_was_not_ended_did_not_come_back() -> None:
    gone = a_backend(1)
    other = replace(after(gone, 2), application_name="psql 2")

    assert came_back(ended(gone), [a_backend(3), other, after(gone, 4, 0)]) == ()
    assert came_back(ended(gone, verdict=Verdict.ALREADY_GONE), [after(gone, 2)]) == ()
    assert came_back(a_proposal(gone), [after(gone, 2)]) == ()


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TERMINATE])
def test_where_no_connection_was_ended_none_came_back(kind: Kind) -> None:
    gone = a_backend(1)

    assert came_back(replace(ended(gone), kind=kind), [after(gone, 2)]) == ()
