"""Column types that keep what they are given: aware times to the microsecond, and text from anywhere."""

import re
from datetime import UTC, datetime

from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class AwareTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC to the microsecond on both databases; a naive one raises `ValueError`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what does not say which moment it means; SQLite's text gets UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"a naive time means no moment: {value.isoformat()}"
            raise ValueError(message)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC, whatever time zone the connection has."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from people and servers; what no database takes (NUL, lone surrogates) becomes U+FFFD instead of an error."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Make any text storable."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """Return `text` as `Words` would keep it."""
    return _UNSTORABLE.sub("\ufffd", text)
