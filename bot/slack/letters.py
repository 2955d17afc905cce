"""Direct messages about proposals to those who do not wait for the answer: each is sent once, whoever sends it."""

from datetime import tzinfo

from bot.incidents.letters import News
from bot.incidents.posts import PostKind, Posts
from bot.incidents.proposal import Proposal
from bot.slack.blocks import consent, notice
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.posting import Posting, as_it_is


class Letters:
    """Writes to people, and never raises for one who cannot be reached: that is logged."""

    def __init__(self, posting: Posting, posts: Posts, zone: tzinfo, names: CommandNames) -> None:
        self._posting = posting
        self._posts = posts
        self._zone = zone
        self._names = names

    async def send(self, person: str, news: News, proposal: Proposal) -> bool:
        """Tell one person one thing about a proposal; false: not yet, try again later."""
        kind, occasion = _which(person, news)
        if await self._posts.is_sent(proposal.team, kind, proposal.id, occasion=occasion):
            return True
        message = self._written(news, proposal)
        return await self._posting.write(proposal.team, kind, proposal.id, person, message, occasion=occasion)

    async def close_questions(self, proposal: Proposal) -> None:
        """Put what became of it in the place of each question that needs no answer any more; one that cannot be changed says it when it is clicked.

        Those of the requester and of whoever answered show what became of it already.
        """
        render = as_it_is(consent.render_closed(proposal, zone=self._zone))
        for question in await self._posts.about(proposal.team, proposal.id, PostKind.QUESTION):
            if question.occasion not in (proposal.requester, proposal.answered_by):
                await self._posting.revise(question, render)

    def _written(self, news: News, proposal: Proposal) -> Message:
        match news:
            case News.QUESTION:
                return consent.render_question(proposal, zone=self._zone)
            case News.ENDED:
                return notice.render_ended(proposal, zone=self._zone, names=self._names)
            case News.UNANSWERED:
                return consent.render_unanswered(proposal, zone=self._zone)
            case News.NOTHING_LEFT:
                return consent.render_nothing_left(proposal)
            case News.TAKEN_OVER:
                return consent.render_taken_over(proposal)
            case News.CAME_OF_IT:
                return consent.render_came_of_it(proposal, zone=self._zone)


def _which(person: str, news: News) -> tuple[PostKind, str]:
    """Which post it is: of questions there is one a person, of notices one for each thing there is to tell."""
    if news is News.QUESTION:
        return PostKind.QUESTION, person
    return PostKind.NOTICE, f"{person}:{news}"
