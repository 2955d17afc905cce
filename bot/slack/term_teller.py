"""Tells the staff's channel of the end of a term."""

from datetime import date

from bot.access.member import Lapsing
from bot.incidents.incident import Conversation
from bot.incidents.posts import PostKind
from bot.slack.blocks import term
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.posting import Posting

_ABOUT = "term"


class ChannelTermTeller:
    """See `bot.connections.term.TermTeller`, which it is."""

    def __init__(self, posting: Posting, team: str, channel: str, names: CommandNames) -> None:
        self._posting = posting
        self._team = team
        self._where = Conversation(channel, "")
        self._names = names

    async def warn(self, ends: date, lapsing: Lapsing) -> bool:
        """Post what will lapse; of each end once."""
        return await self._say(term.render_ending(ends, lapsing, names=self._names), f"{ends}:before")

    async def over(self, ends: date, lapsed: Lapsing) -> bool:
        """Post what has lapsed; of each end once."""
        return await self._say(term.render_over(ends, lapsed, names=self._names), f"{ends}:over")

    async def _say(self, message: Message, occasion: str) -> bool:
        said = await self._posting.say(
            self._team, PostKind.NOTICE, _ABOUT, self._where, message, occasion=occasion, insist=True
        )
        return said.settled
