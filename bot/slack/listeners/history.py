"""The buttons of a history: older, newest, and the details of an incident."""

from datetime import tzinfo

from bot.access.member import Standing
from bot.incidents.review import Review
from bot.incidents.timeline_values import Cursor
from bot.slack.announcer import Announcer
from bot.slack.blocks import history, incident_details
from bot.slack.call import Call
from bot.slack.history_payloads import read_page
from bot.slack.incident_payloads import read_incident_id
from bot.slack.payloads import stale
from bot.slack.posting import Posting
from bot.slack.windows import Windows


class HistoryListener:
    """Turns pages, each by the rights there are at the click."""

    def __init__(self, review: Review, posting: Posting, windows: Windows, announcer: Announcer, zone: tzinfo) -> None:
        self._review = review
        self._posting = posting
        self._windows = windows
        self._announcer = announcer
        self._zone = zone

    async def on_page(self, call: Call, standing: Standing) -> None:
        """**Older**, or **Newest**: in the place of the page that was clicked."""
        asked, after = read_page(call.text)
        page = await self._review.show(standing, asked, now=call.at, after=after)
        message = history.render(page, asked, zone=self._zone, now=call.at, after=after != Cursor())
        await self._announcer.answer(call.place, call.actor, message, replace=call.replaces)

    async def on_details(self, call: Call, standing: Standing) -> None:
        """**Details**: a modal; of what is not theirs to know it says the same as of what is not there."""
        incident = await self._review.incident(standing, read_incident_id(call.text), now=call.at)
        if incident is None:
            raise stale()
        where = incident.conversation
        url = None if where.private or not where.thread else await self._posting.address(where.channel, where.thread)
        await self._windows.open(call.trigger, incident_details.render(incident, url, now=call.at, zone=self._zone))
