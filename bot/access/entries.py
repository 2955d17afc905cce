"""What the record says of rights: refusals, grants and links, each with who and when."""

from collections.abc import Iterable

from bot.access.member import Actor, Denied, Member, Owner
from bot.storage.record import Turn

REFUSAL = "refusal"
MEMBERSHIP = "membership"
OWNERSHIP = "ownership"
WORKSPACE = "workspace"
LINK_REQUEST = "link_request"
TERM = "term"


async def record_refusal(turn: Turn, actor: Actor, denied: Denied, **about: object) -> None:
    """Append what was asked for and why it was refused; `about` names role, server and whatever else it was about."""
    payload = {"team": actor.team, "state": "denied", "action": str(denied.action), "why": denied.why, **about}
    await turn.append(actor.id, REFUSAL, payload)


async def record_grants(turn: Turn, actor: Actor, members: Iterable[Member], *, state: str) -> None:
    """Append that grants were allowed, changed or removed (`state`)."""
    payloads = [
        {
            "team": member.team,
            "state": state,
            "member": member.slack_id,
            "grade": member.grade.word,
            "server": member.server,
            "roles": member.roles,
            "until": member.until.isoformat() if member.until else None,
        }
        for member in members
    ]
    await turn.append_all(actor.id, MEMBERSHIP, payloads)


async def record_links(turn: Turn, actor: Actor, owners: Iterable[Owner], *, state: str) -> None:
    """Append that roles were linked to or unlinked from their owners, or that links were suspended (`state`)."""
    payloads = [
        {
            "team": owner.team,
            "state": state,
            "member": owner.slack_id,
            "server": owner.server,
            "role": owner.role,
            "role_oid": owner.role_oid,
            "origin": str(owner.origin),
        }
        for owner in owners
    ]
    await turn.append_all(actor.id, OWNERSHIP, payloads)
