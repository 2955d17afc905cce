"""How people are told of wishes to own roles: their own by direct message, the staff in their channel."""

import hashlib
import logging
from collections.abc import Collection, Sequence

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.link import Card, LinkRequest, News, NewsKind, Vouch
from bot.access.member import Actor, Origin, Owner
from bot.connections.linking import Shown
from bot.incidents.incident import Conversation
from bot.incidents.posts import PostKind, Posts
from bot.slack.api_errors import FAILED, why
from bot.slack.blocks import linking
from bot.slack.blocks.linking import Profile
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.directory import closed_accounts, profile_of
from bot.slack.posting import NOWHERE, Posting, as_it_is
from bot.slack.sent_posts import content

log = logging.getLogger(__name__)

STAFF = "staff"
"""The occasion of what the staff channel is told; of what a person is told it is their id."""


class LinkTeller:
    """Tells each once; see `bot.connections.linking.Tells`, which it is."""

    def __init__(
        self,
        client: AsyncWebClient,
        team: str,
        posting: Posting,
        posts: Posts,
        staff_channel: str | None,
        names: CommandNames,
    ) -> None:
        self._client = client
        self._team = team
        self._posting = posting
        self._posts = posts
        self._staff_channel = staff_channel
        self._names = names

    @property
    def staff(self) -> bool:
        """Whether there is a channel where staff can be asked."""
        return self._staff_channel is not None

    async def profile(self, slack_id: str) -> Profile | None:
        """What Slack tells of a person; None: no person of our workspace with an open account."""
        return await profile_of(self._client, self._team, slack_id)

    async def send(self, actor: Actor, message: Message) -> bool:
        """Send a direct message whose loss its person would notice; false: it did not go."""
        try:
            opened = await self._client.conversations_open(users=[actor.id])
            await self._client.chat_postMessage(channel=opened["channel"]["id"], **content(message), unfurl_links=False)
        except FAILED as exc:
            log.warning("a person could not be told", extra={"action": "link", "actor": actor.id, "why": why(exc)})
            return False
        return True

    async def news(self, news: News, owners: Sequence[Owner], request: LinkRequest | None) -> bool:
        """Tell what became of a wish to own a role to all whom it concerns; `owners` are the role's."""
        match news.kind:
            case NewsKind.NOT_FOUND:
                message = linking.render_not_found(news, request, staff=self.staff, names=self._names)
                return await self._tell(news, news.slack_id, message)
            case NewsKind.NOT_THEIRS:
                return await self._tell(news, news.slack_id, linking.render_not_theirs(news))
            case NewsKind.NEW_OWNER:
                return await self._tell_of_owner(news, owners)

    async def roster(self, news: Sequence[News]) -> bool:
        """Tell staff in one message whom a roster made owners, unless that was done at the command line."""
        first = news[0]
        if self._staff_channel is None or Actor(first.team, first.by).at_command_line:
            return True
        about = hashlib.sha256(f"{first.server} {first.by} {first.at.isoformat()}".encode()).hexdigest()
        where = Conversation(self._staff_channel, "")
        message = linking.render_roster(news)
        return (await self._posting.say(self._team, PostKind.NOTICE, about, where, message)).settled

    async def card(self, card: Card) -> Shown:
        """Have the card of a request stand in the staff channel as things are now."""
        if self._staff_channel is None:
            return Shown.NEVER
        request = card.request
        profile = await self.profile(request.slack_id) if request.vouch is Vouch.ASKED else None
        message = linking.render_card(card, profile or Profile(request.slack_id))
        there = Conversation(self._staff_channel, "")
        said = await self._posting.say(self._team, PostKind.QUESTION, request.id, there, message)
        if not said.settled:
            return Shown.LATER
        posted = await self._posts.about(self._team, request.id, PostKind.QUESTION)
        if any(post.ts == NOWHERE for post in posted):
            return Shown.NEVER
        return (
            Shown.NOW if all([await self._posting.revise(post, as_it_is(message)) for post in posted]) else Shown.LATER
        )

    async def deactivated(self, people: Collection[str]) -> frozenset[str] | None:
        """Which of these people's accounts are closed; None: that cannot be told now."""
        return await closed_accounts(self._client, people)

    async def _tell_of_owner(self, news: News, owners: Sequence[Owner]) -> bool:
        """Tell the new owner, unless a command of staff's did it; the others; and staff, unless it was theirs to see."""
        said = []
        if news.origin in (Origin.POSSESSION, Origin.VOUCH):
            said.append(await self._tell(news, news.slack_id, linking.render_found(news, names=self._names)))
        # Whom one list made owners together read no message about each other.
        before = [one for one in owners if (one.linked_at, one.linked_by) != (news.at, news.by)]
        others = [one.slack_id for one in before if one.slack_id not in (news.slack_id, news.by)]
        said += [await self._tell(news, each, linking.render_new_owner(news)) for each in dict.fromkeys(others)]
        known = news.origin in (Origin.VOUCH, Origin.ROSTER) or Actor(news.team, news.by).at_command_line
        if self._staff_channel is not None and not known:
            message = linking.render_new_owner_to_staff(news, owners, names=self._names)
            where = Conversation(self._staff_channel, "")
            told = await self._posting.say(self._team, PostKind.NOTICE, news.id, where, message, occasion=STAFF)
            said.append(told.settled)
        return all(said)

    async def _tell(self, news: News, slack_id: str, message: Message) -> bool:
        """Tell one person once; whoever can never be told counts as told."""
        return await self._posting.write(self._team, PostKind.NOTICE, news.id, slack_id, message, occasion=slack_id)
