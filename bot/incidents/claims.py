"""Whether a click may claim its proposal: decided as at the command, on what is stored and seen at the click."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from bot.access.member import Action, Denied, Permitted, Right, Standing
from bot.access.policy import permit
from bot.incidents.proposal import Proposal, lacks_reason, needs_others
from bot.servers.server import Role

MADE_ANEW = "made_anew"
REASON = "reason"
SHARED = "shared"
TOLD_APART = (MADE_ANEW, REASON, SHARED)
"""Why a claim is denied to whom the role is open all the same."""


def may_claim(
    standing: Standing, proposal: Proposal, role: Role | None, owners: Collection[str], now: datetime
) -> Permitted | Denied:
    """Decide the right at the click, as at the command; a role made anew since is not the one that was shown.

    - what somebody asked for as an owner is not done by any other right: staff give reasons, and may have to ask owners
    - staff give a reason for what is in use
    - one of several `owners` ends alone only what is not in use
    """
    answer = permit_as(standing, proposal.right, role=role, server=proposal.server, now=now)
    if isinstance(answer, Denied):
        return answer
    # Only to whom the role of that name is open may be told that it is another now.
    if role is not None and role.oid != proposal.role_oid:
        return Denied(Action.TERMINATE, MADE_ANEW)
    lost = proposal.right is Right.OWNER and answer.right is not Right.OWNER
    if lost or lacks_reason(proposal, answer.right):
        return Denied(Action.TERMINATE, REASON)
    if needs_others(proposal, answer.right, owners):
        return Denied(Action.TERMINATE, SHARED)
    return answer


def permit_as(standing: Standing, right: Right, *, role: Role | None, server: str, now: datetime) -> Permitted | Denied:
    """Decide whether a person may end what they asked for by `right`: who asked as staff and owns the role too, as staff first."""
    if right is not Right.OWNER:
        as_staff = permit(replace(standing, owned=()), Action.TERMINATE, role=role, server=server, now=now)
        if isinstance(as_staff, Permitted):
            return as_staff
    return permit(standing, Action.TERMINATE, role=role, server=server, now=now)
