"""Owners learn what others ended of theirs, and whoever asked first what came of it: once each, whichever process lives to tell."""

import asyncio
import logging
from collections.abc import Mapping

from bot.access.member import Right
from bot.access.ownership import Ownership
from bot.incidents.letters import Letters, News
from bot.incidents.proposal import Consent, Proposal, State
from bot.servers.server import Verdict

log = logging.getLogger(__name__)

_ENDED = (Verdict.TERMINATED, Verdict.STILL_ENDING, Verdict.INTERRUPTED)


class OwnersTold:
    """Sends each message about a proposal once; `consent` is the configured one."""

    def __init__(self, ownership: Ownership, letters: Letters, consent: str) -> None:
        self._ownership = ownership
        self._letters = letters
        self._consent = consent

    async def to_be_told(self, proposal: Proposal) -> dict[str, News]:
        """Who is to be told what of a resolved or withdrawn proposal, besides its requester; none where that was done."""
        if proposal.owners_told_at is not None:
            return {}
        letters = dict.fromkeys(await self._owners(proposal), News.ENDED)
        if proposal.asked_by is not None and proposal.asked_by != proposal.requester:
            letters[proposal.asked_by] = News.CAME_OF_IT
        return letters

    async def tell(self, proposal: Proposal, letters: Mapping[str, News]) -> bool:
        """Tell them; false: somebody is still to be told."""
        return all(await asyncio.gather(*(self.send(proposal, *letter) for letter in letters.items())))

    async def send(self, proposal: Proposal, person: str, news: News) -> bool:
        """Tell one person one thing about a proposal; true: they know it, by this call or an earlier one."""
        told = await self._letters.send(person, news, proposal)
        if not told:
            log.warning("not written yet", extra={"action": str(news), "proposal": proposal.id, "actor": person})
        return told

    async def close_questions(self, proposal: Proposal) -> None:
        """Let no question stand that needs no answer any more."""
        if proposal.consent in (Consent.ASKED, Consent.OVERRIDDEN) or proposal.asked_by is not None:
            await self._letters.close_questions(proposal)

    async def _owners(self, proposal: Proposal) -> list[str]:
        """Who is to be told what was ended: nobody where nothing was, and not whoever did it."""
        if proposal.state is not State.RESOLVED or not any(one.verdict in _ENDED for one in proposal.outcomes):
            return []
        if proposal.right is not Right.OWNER and self._consent == "off":
            return []
        owners = await self._ownership.owners_of(proposal.team, proposal.server, proposal.role_oid)
        return [one.slack_id for one in owners if one.slack_id not in (proposal.requester, proposal.claimed_by)]
