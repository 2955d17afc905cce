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

    async def left(self, team: str, server: str, due: Week) -> list[Week]:
        """Return the weeks but `due` that a process had in hand, and nobody noted whether they were told; in order."""
        begun = (posts.c.team == team, posts.c.kind == PostKind.SUMMARY, posts.c.about == server, posts.c.ts.is_(None))
        async with self._db.read() as connection:
            others = (posts.c.occasion <= str(due.after(1)), posts.c.occasion != str(due))
            found = await connection.execute(select(posts.c.occasion).where(*begun, *others))
            return sorted(week for week in map(read_week, found.scalars()) if week is not None)

    async def last(self, team: str, server: str, due: Week) -> Week | None:
        """Return the newest week of a server that was told, when `due` is the newest that can have been.

        One that no channel took was not told. Of one that is yet to come a clock told that was wrong.
        """
        told = (posts.c.team == team, posts.c.kind == PostKind.SUMMARY, posts.c.about == server, posts.c.ts != "")
        # The day may have been another before: then the week after was due already.
        by_now = posts.c.occasion <= str(due.after(1))
        async with self._db.read() as connection:
            # As text, weeks are in order of time.
            newest = (await connection.execute(select(func.max(posts.c.occasion)).where(*told, by_now))).scalar_one()
        return None if newest is None else read_week(newest)
