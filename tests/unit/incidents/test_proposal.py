"""What is in use ends for its owner, or for a reason; of several owners not for one alone."""

from dataclasses import replace

import pytest

from bot.access.member import Denied, Permitted, Right
from bot.incidents.claims import may_claim
from bot.incidents.proposal import Kind, lacks_reason, needs_others
from bot.servers.backend import Backend, BackendState
from tests.builders import (
    ALICE,
    BOB,
    NOON,
    a_backend,
    a_member,
    a_proposal,
    a_role,
    a_standing,
    a_writing_backend,
    an_active_backend,
    an_owner,
    an_unseen_backend,
)


@pytest.mark.parametrize(
    ("state", "right", "reason", "lacking"),
    [
        (BackendState.UNKNOWN, Right.RESPONDER, "", True),
        (BackendState.DISABLED, Right.ADMIN, "", True),
        (BackendState.UNKNOWN, Right.RESPONDER, "exam at 9", False),
        (BackendState.UNKNOWN, Right.OWNER, "", False),
        (BackendState.IDLE, Right.RESPONDER, "", False),
    ],
)
def test_one_unseen_connection_among_others_takes_a_reason(
    state: BackendState, right: Right, reason: str, *, lacking: bool
) -> None:
    proposal = a_proposal(a_backend(1), a_backend(2, state=state), reason=reason)
    of_a_pooler = replace(proposal, kind=Kind.CLIENT)

    assert lacks_reason(proposal, right) is lacking
    assert lacks_reason(of_a_pooler, right) is lacking


@pytest.mark.parametrize(
    ("backend", "kind", "lacking"),
    [
        (an_active_backend(), Kind.TERMINATE, True),
        (a_writing_backend(), Kind.TERMINATE, True),
        (an_active_backend(), Kind.CLIENT, True),
        (an_active_backend(), Kind.CANCEL, False),
        (a_backend(state=BackendState.ABORTED), Kind.TERMINATE, False),
        (a_backend(since=0.1), Kind.TERMINATE, False),
    ],
)
def test_what_is_in_use_takes_a_reason_of_staff(backend: Backend, kind: Kind, *, lacking: bool) -> None:
    proposal = a_proposal(a_backend(1), backend, kind=kind)

    assert lacks_reason(proposal, Right.INSTRUCTOR) is lacking
    assert not lacks_reason(proposal, Right.OWNER)
    assert not lacks_reason(replace(proposal, reason="exam at 9"), Right.INSTRUCTOR)


@pytest.mark.parametrize(
    ("backend", "others"),
    [
        (an_active_backend(), True),
        (a_writing_backend(), True),
        (a_backend(since=0.1), False),
        (an_unseen_backend(queried=1), True),
        (an_unseen_backend(queried=60), False),
    ],
)
def test_one_of_several_owners_needs_the_others_for_what_is_in_use(backend: Backend, *, others: bool) -> None:
    proposal = a_proposal(a_backend(1), backend, requester=ALICE, right=Right.OWNER)

    assert needs_others(proposal, Right.OWNER, [ALICE, BOB]) is others
    assert not needs_others(proposal, Right.OWNER, [ALICE, ALICE])
    assert not needs_others(proposal, Right.RESPONDER, [ALICE, BOB])
    # Staff asked first, and this owner agreed.
    assert not needs_others(replace(proposal, asked_by="UTA"), Right.OWNER, [ALICE, BOB])


def test_what_an_owner_asked_for_is_not_done_by_another_right() -> None:
    told = a_proposal(requester=ALICE, right=Right.OWNER, reason="exam at 9")
    owner = a_standing(ALICE, owned=[an_owner(ALICE)], members=[a_member(ALICE)])
    no_more = a_standing(ALICE, members=[a_member(ALICE)])

    assert may_claim(owner, told, a_role(), [ALICE], NOON) == Permitted(Right.OWNER)
    answer = may_claim(no_more, told, a_role(), [BOB], NOON)
    assert isinstance(answer, Denied)
    assert answer.why == "reason"


def test_one_of_several_owners_who_helps_students_ends_as_that_for_a_reason() -> None:
    both = a_standing(ALICE, owned=[an_owner(ALICE)], members=[a_member(ALICE)])
    working = an_active_backend()
    as_owner, as_staff = (
        a_proposal(working, requester=ALICE, right=right, reason="exam at 9")
        for right in (Right.OWNER, Right.RESPONDER)
    )

    answer = may_claim(both, as_owner, a_role(), [ALICE, BOB], NOON)
    assert isinstance(answer, Denied)
    assert answer.why == "shared"
    assert may_claim(both, as_staff, a_role(), [ALICE, BOB], NOON) == Permitted(Right.RESPONDER)
