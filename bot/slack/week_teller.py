"""Posts a week's summary into the staff's channel."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from bot.incidents.incident import Conversation
from bot.incidents.posts import PostKind
from bot.slack.blocks import summary
from bot.slack.blocks.elements import without_charts
from bot.slack.posting import Posting, Said
from bot.summaries.told import Told
from bot.summaries.week import Week


class ChannelTeller:
    """See `bot.summaries.weekly.WeekTeller`, which it is."""

    def __init__(self, posting: Posting, team: str, channel: str, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self._posting = posting
        self._team = team
        self._channel = channel
        self._clock = clock
        self._zone = zone
        self._plain: set[str] = set()

    async def recall(self, server: str, week: Week) -> bool:
        """Look for a week that a process had in hand and left."""
        where = Conversation(self._channel, "")
        return await self._posting.recall(self._team, PostKind.SUMMARY, server, where, occasion=str(week))

    async def tell(self, told: Told) -> bool:
        """Post the week once; false: Slack did not take it yet, or another process has it in hand."""
        server, week = told.digest.server, str(told.digest.week)
        message = summary.render(told, zone=self._zone, now=self._clock())
        message = without_charts(message) if server in self._plain else message
        where = Conversation(self._channel, "")
        said = await self._posting.say(self._team, PostKind.SUMMARY, server, where, message, occasion=week, insist=True)
        if said is Said.REFUSED:
            # Not every workspace may have charts: the next try does without.
            self._plain.add(server)
        return said.settled
