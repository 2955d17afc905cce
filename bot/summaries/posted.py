"""Which weeks staff have been told of."""

from sqlalchemy import func, select

from bot.incidents.posts import PostKind
from bot.storage.engine import OwnDatabase
from bot.storage.tables import posts
from bot.summaries.week import Week, read_week


class Posted:
    """Reads the bot's own posts."""

    def __init__(self, db: OwnDatabase) -> None:
        self._db = db

    async def last(self, team: str, server: str) -> Week | None:
        """Return the newest week of a server that was told; one that no channel took was not."""
        told = (posts.c.team == team, posts.c.kind == PostKind.SUMMARY, posts.c.about == server, posts.c.ts != "")
        async with self._db.read() as connection:
            # As text, weeks are in order of time.
            newest = (await connection.execute(select(func.max(posts.c.occasion)).where(*told))).scalar_one()
        return None if newest is None else read_week(newest)
