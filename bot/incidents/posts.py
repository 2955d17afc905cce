"""What the bot posts by itself, each once: claimed before it is sent, and looked for before it is sent again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Row, or_, select, update

from bot.incidents.incident import Conversation
from bot.storage.engine import OwnDatabase
from bot.storage.tables import heard, posts

SENDING_TAKES = timedelta(seconds=60)
"""A claim so old without a message: whoever claimed it is gone, or will be."""


class PostKind(StrEnum):
    """What is posted."""

    ANSWER = "answer"
    """The first answer in a conversation, kept up to date."""
    POINTER = "pointer"
    """Where the same trouble is talked about."""
    RESOLUTION = "resolution"
    STAFF_CARD = "staff_card"
    CATCH_UP = "catch_up"
    """What was reported while nobody listened."""
    EXPLANATION = "explanation"
    """What a message means that is no incident's."""
    QUESTION = "question"
    """What somebody is asked: the owners of a role, staff."""
    NOTICE = "notice"
    """What somebody is told by DM."""
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Post:
    """One message of the bot's; `id` stands in its metadata. `ts` None: it is claimed and, as far as is known, not sent."""

    id: str
    team: str
    kind: PostKind
    about: str
    occasion: str
    conversation: Conversation
    claimed_at: datetime
    ts: str | None = None
    taken_over: bool = False
    """Somebody claimed it before and left: it may have been sent, and must be looked for first."""
    shown: str | None = None
    """The digest of what it says, as far as is known."""


class Posts:
    """The bot's posts, and how far each channel has been read."""

    def __init__(self, db: OwnDatabase, new_id: Callable[[], str]) -> None:
        self._db = db
        self._new_id = new_id

    async def claim(
        self, team: str, kind: PostKind, about: str, where: Conversation, *, occasion: str = ""
    ) -> Post | None:
        """Take it in hand to post this; None: it is posted, or somebody else has it in hand. One of several callers wins."""
        async with self._db.write() as connection:
            now = await self._db.now(connection)
            which = (posts.c.team == team, posts.c.kind == kind, posts.c.about == about, posts.c.occasion == occasion)
            new = Post(self._new_id(), team, kind, about, occasion, where, now)
            adding = self._db.insert(posts).values(
                id=new.id, team=team, kind=kind, about=about, occasion=occasion, channel=where.channel,
                thread=where.thread, claimed_at=now,
            )  # fmt: skip
            if (await connection.execute(adding.on_conflict_do_nothing().returning(posts.c.id))).first() is not None:
                return new
            # Nobody claims what is yet to come, but when the clock is wrong.
            past = or_(posts.c.claimed_at <= now - SENDING_TAKES, posts.c.claimed_at > now + SENDING_TAKES)
            taking = (
                update(posts).where(*which, posts.c.sent_at.is_(None), past).values(claimed_at=now).returning(posts)
            )
            row = (await connection.execute(taking)).one_or_none()
            return None if row is None else _post(row, taken_over=True)

    async def sent(self, post: Post, ts: str, channel: str | None = None, *, shown: str | None = None) -> None:
        """Keep that a post was sent, as which message, where if it is another channel than was claimed, and the digest of what it says."""
        async with self._db.write(durable=False) as connection:
            there = channel or post.conversation.channel
            values = {"ts": ts, "sent_at": self._db.clock, "channel": there, "shown": shown}
            await connection.execute(update(posts).where(posts.c.id == post.id).values(values))

    async def is_sent(self, team: str, kind: PostKind, about: str, *, occasion: str = "") -> bool:
        """Say whether this is posted, by whomever; who cannot claim it and finds it unsent, comes while somebody has it in hand."""
        which = (posts.c.team == team, posts.c.kind == kind, posts.c.about == about, posts.c.occasion == occasion)
        async with self._db.read() as connection:
            found = await connection.execute(select(posts.c.id).where(*which, posts.c.sent_at.is_not(None)))
            return found.first() is not None

    async def showed(self, post: Post, digest: str) -> bool:
        """Keep that a post was changed from what it was read to say, to what has this digest.

        False: another process changed it at the same time, and nobody knows which of the two was last; so it is as if it
        said neither, and whoever looks next changes it again.
        """
        async with self._db.write(durable=False) as connection:
            mine = posts.c.id == post.id
            as_read = or_(posts.c.shown.is_not_distinct_from(post.shown), posts.c.shown == digest)
            if (await connection.execute(update(posts).where(mine, as_read).values(shown=digest))).rowcount == 1:
                return True
            await connection.execute(update(posts).where(mine).values(shown=None))
            return False

    async def about(self, team: str, about: str, *kinds: PostKind) -> tuple[Post, ...]:
        """Read what was sent about something, the first first."""
        which = (posts.c.team == team, posts.c.about == about, posts.c.sent_at.is_not(None), posts.c.kind.in_(kinds))
        async with self._db.read() as connection:
            rows = await connection.execute(select(posts).where(*which).order_by(posts.c.sent_at, posts.c.id))
            return tuple(_post(row) for row in rows)

    async def read_until(self, team: str, channel: str, ts: str) -> None:
        """Keep that a channel was read up to this message; one that was read before it changes nothing."""
        async with self._db.write(durable=False) as connection:
            adding = self._db.insert(heard).values(team=team, channel=channel, ts=ts)
            # Slack's ts has ten digits, a point and six more: as text it is in order of time.
            key, later = [heard.c.team, heard.c.channel], heard.c.ts < ts
            await connection.execute(adding.on_conflict_do_update(index_elements=key, set_={"ts": ts}, where=later))

    async def last_read(self, team: str) -> dict[str, str]:
        """Return up to which message each channel was read."""
        async with self._db.read() as connection:
            rows = await connection.execute(select(heard.c.channel, heard.c.ts).where(heard.c.team == team))
            return {row.channel: row.ts for row in rows}


def _post(row: Row[tuple[object, ...]], *, taken_over: bool = False) -> Post:
    return Post(
        id=row.id,
        team=row.team,
        kind=PostKind(row.kind),
        about=row.about,
        occasion=row.occasion,
        conversation=Conversation(row.channel, row.thread),
        claimed_at=row.claimed_at,
        ts=row.ts,
        taken_over=taken_over,
        shown=row.shown,
    )
