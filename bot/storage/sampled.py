"""The tables of samples: how much of each limit was in use, what idled, and when anybody looked."""

from sqlalchemy import Boolean, CheckConstraint, Column, Float, Integer, PrimaryKeyConstraint, Table, Text

from bot.storage.columns import AwareTime, Words
from bot.storage.schema import metadata, one_of

LIMIT_KINDS = ("role", "database", "server")

sample_spans = Table(
    "sample_spans",
    metadata,
    Column("server", Words, nullable=False),
    # Between these the server was looked at without a gap; a quarter of an hour at most.
    Column("began_at", AwareTime, nullable=False),
    Column("ended_at", AwareTime, nullable=False),
    # Sessions that operators ended in it, by the server's own count; NULL: restarted, or its statistics were reset.
    Column("killed", Integer),
    PrimaryKeyConstraint("server", "began_at"),
    CheckConstraint("server <> ''", name="server"),
    CheckConstraint("ended_at >= began_at", name="ended_at"),
    CheckConstraint("killed >= 0", name="killed"),
)

sample_limits = Table(
    "sample_limits",
    metadata,
    Column("server", Words, nullable=False),
    # Seconds that the row stands for, from `at` on: 60, with age 600, then 3600.
    Column("width", Integer, nullable=False),
    Column("at", AwareTime, nullable=False),
    Column("kind", Words, nullable=False),
    Column("name", Words, nullable=False),
    # The highest use of the time, against its limit (NULL: none) at that moment.
    Column("used", Integer, nullable=False),
    Column("slots", Integer),
    Column("reached_at", AwareTime, nullable=False),
    PrimaryKeyConstraint("server", "width", "at", "kind", "name"),
    CheckConstraint("width > 0", name="width"),
    CheckConstraint("used >= 0", name="used"),
    one_of("kind", LIMIT_KINDS),
)

sample_programs = Table(
    "sample_programs",
    metadata,
    Column("server", Words, nullable=False),
    Column("width", Integer, nullable=False),
    Column("at", AwareTime, nullable=False),
    Column("program", Words, nullable=False),
    # The network that the connections come from; '' for a Unix socket.
    Column("place", Words, nullable=False),
    Column("service", Boolean(create_constraint=True, name="service"), nullable=False),
    # The highest counts of the time.
    Column("roles", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("idle", Integer),
    # Connections times the seconds they were seen for: what a week's averages are made of.
    Column("used_seconds", Float, nullable=False),
    Column("idle_seconds", Float, nullable=False),
    Column("stale_seconds", Float, nullable=False),
    PrimaryKeyConstraint("server", "width", "at", "program", "place", "service"),
    CheckConstraint("width > 0", name="width"),
)

sample_marks = Table(
    "sample_marks",
    metadata,
    Column("server", Words, nullable=False),
    Column("at", AwareTime, nullable=False),
    # The server's counters at the last sample, as JSON: what the next one is compared with.
    Column("counters", Text, nullable=False),
    PrimaryKeyConstraint("server"),
)
