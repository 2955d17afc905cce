"""How people are told of wishes to own roles: their own by direct message, the staff in their channel."""

from collections.abc import Collection, Sequence

from slack_sdk.web.async_client import AsyncWebClient

from bot.access.link import Card, LinkRequest, News, NewsKind, Vouch
from bot.access.member import Actor, Origin, Owner
from bot.incidents.posts import PostKind
from bot.slack.blocks import linking
from bot.slack.blocks.linking import Profile
from bot.slack.blocks.text import Message
from bot.slack.commands import CommandNames
from bot.slack.directory import closed_accounts, profile_of
from bot.slack.postings import Postings, Said

STAFF = "staff"
"""The occasion of what the staff channel is told."""


class LinkTeller:
    """Tells each once; see `bot.connections.linking.Tells`, which it is."""

    def __init__(
        self, client: AsyncWebClient, team: str, postings: Postings, staff_channel: str | None, names: CommandNames
    ) -> None:
        self._client = client
        self._team = team
        self._postings = postings
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
        """Send a direct message; false: it did not go."""
        return await self._postings.send_once(actor.id, message)

    async def news(self, news: News, owners: Sequence[Owner], request: LinkRequest | None) -> bool:
        """Tell what became of a wish to own a role to all whom it concerns; `owners` are the role's."""
        match news.kind:
            case NewsKind.NOT_FOUND:
                message = linking.render_not_found(news, request, staff=self.staff, names=self._names)
                return await self._tell(news, news.slack_id, message) is not Said.LATER
            case NewsKind.NOT_THEIRS:
                message = linking.render_not_theirs(news)
                return await self._tell(news, news.slack_id, message) is not Said.LATER
            case NewsKind.NEW_OWNER:
                return await self._tell_of_owner(news, owners)

    async def card(self, card: Card) -> bool:
        """Have the card of a request stand in the staff channel as things are now."""
        if self._staff_channel is None:
            return True
        request = card.request
        profile = await self.profile(request.slack_id) if request.vouch is Vouch.ASKED else None
        message = linking.render_card(card, profile or Profile(request.slack_id))
        which = (self._team, PostKind.QUESTION, request.id)
        if await self._postings.post(*which, self._staff_channel, message) is not Said.NOW:
            # Until it is there, staff know of nothing: whoever takes us into the channel finds it.
            return False
        return await self._postings.show(*which, message)

    async def deactivated(self, people: Collection[str]) -> frozenset[str] | None:
        """Which of these people's accounts are closed; None: that cannot be told now."""
        return await closed_accounts(self._client, people)

    async def _tell_of_owner(self, news: News, owners: Sequence[Owner]) -> bool:
        """Tell the new owner, unless a command that staff typed did it; the others; and staff, unless it was theirs to see."""
        said = []
        if news.origin in (Origin.POSSESSION, Origin.VOUCH):
            said.append(await self._tell(news, news.slack_id, linking.render_found(news, names=self._names)))
        others = [one.slack_id for one in owners if one.slack_id not in (news.slack_id, news.by)]
        said += [await self._tell(news, each, linking.render_new_owner(news)) for each in dict.fromkeys(others)]
        typed_in_slack = not Actor(news.team, news.by).at_command_line
        if self._staff_channel is not None and news.origin is not Origin.VOUCH and typed_in_slack:
            message = linking.render_new_owner_to_staff(news, owners, names=self._names)
            said.append(
                await self._postings.post(
                    self._team, PostKind.NOTICE, news.id, self._staff_channel, message, occasion=STAFF
                )
            )
        return Said.LATER not in said

    async def _tell(self, news: News, slack_id: str, message: Message) -> Said:
        channel = await self._postings.dm(slack_id)
        if isinstance(channel, Said):
            return channel
        return await self._postings.post(self._team, PostKind.NOTICE, news.id, channel, message, occasion=slack_id)
