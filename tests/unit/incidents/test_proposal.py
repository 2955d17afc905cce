"""What ends unseen ends for its owner, or for a reason."""

from dataclasses import replace

import pytest

from bot.access.member import Denied, Permitted, Right
from bot.incidents.history import may_claim
from bot.incidents.proposal import Kind, lacks_reason
from bot.servers.backend import BackendState
from tests.builders import ALICE, NOON, a_backend, a_member, a_proposal, a_role, a_standing, an_owner, an_unseen_backend


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


def test_who_owns_the_role_no_more_needs_the_reason_an_owner_need_not_give() -> None:
    unseen = an_unseen_backend()
    silent, told = (a_proposal(unseen, requester=ALICE, reason=reason) for reason in ("", "exam at 9"))
    owner = a_standing(ALICE, owned=[an_owner(ALICE)], members=[a_member(ALICE)])
    no_more = a_standing(ALICE, members=[a_member(ALICE)])

    assert may_claim(owner, silent, a_role(), NOON) == Permitted(Right.OWNER)
    assert may_claim(no_more, told, a_role(), NOON) == Permitted(Right.RESPONDER)
    answer = may_claim(no_more, silent, a_role(), NOON)
    assert isinstance(answer, Denied)
    assert answer.why == "reason"
