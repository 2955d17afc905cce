"""The tables of incidents: what is talked about in Slack, with whom, where, and what the bot posted there."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    false,
    text,
)

from bot.storage.columns import AwareTime, Words
from bot.storage.schema import metadata, one_of, together

INCIDENT_STATES = ("open", "resolved")
SCOPE_KINDS = ("server", "database", "role")
WAITING = ("waiting", "in", "withdrawn")
POST_KINDS = (
    "answer",
    "pointer",
    "resolution",
    "staff_card",
    "catch_up",
    "explanation",
    "question",
    "notice",
    "summary",
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("server", Words, nullable=False),
    Column("scope_kind", Words, nullable=False),
    Column("scope_name", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("cause", Words, nullable=False),
    # The program that the first report came from, where its text told.
    Column("client", Words),
    Column("reporter", Words, nullable=False),
    Column("channel", Words),
    Column("thread", Words),
    Column("private", Boolean(create_constraint=True, name="private"), nullable=False, server_default=false()),
    Column("opened_at", AwareTime, nullable=False),
    Column("occasion", Integer, nullable=False, server_default=text("1")),
    # When it was opened last, if not at `opened_at`.
    Column("occasion_at", AwareTime),
    Column("answered_at", AwareTime),
    Column("human", Words),
    Column("human_at", AwareTime),
    Column("resolved_at", AwareTime),
    Column("resolved_by", Words),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("server <> ''", name="server"),
    CheckConstraint("reporter <> ''", name="reporter"),
    CheckConstraint("(scope_kind = 'server') = (scope_name = '')", name="scope"),
    CheckConstraint("occasion > 0", name="occasion"),
    CheckConstraint("occasion_at >= opened_at", name="occasion_at"),
    CheckConstraint("(resolved_at IS NOT NULL) = (state = 'resolved')", name="resolved"),
    together("human", "human", "human_at"),
    CheckConstraint("resolved_by IS NULL OR resolved_at IS NOT NULL", name="resolved_by"),
    one_of("scope_kind", SCOPE_KINDS),
    one_of("state", INCIDENT_STATES),
    Index(None, "team", "opened_at"),
    # What is over since a short while.
    Index(None, "team", "resolved_at"),
    # What a thread is about.
    Index(None, "team", "channel", "thread"),
    # One conversation about one trouble.
    Index(
        "uq_incidents_open",
        "team",
        "server",
        "scope_kind",
        "scope_name",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

incident_people = Table(
    "incident_people",
    metadata,
    Column("incident_id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("slack_id", Words, nullable=False),
    Column("role", Words),
    Column("channel", Words, nullable=False),
    Column("thread", Words, nullable=False),
    Column("private", Boolean(create_constraint=True, name="private"), nullable=False),
    Column("ts", Words, nullable=False),
    Column("since", AwareTime, nullable=False),
    Column("state", Words, nullable=False),
    PrimaryKeyConstraint("incident_id", "slack_id"),
    ForeignKeyConstraint(["incident_id"], ["incidents.id"], ondelete="CASCADE"),
    CheckConstraint("slack_id <> ''", name="slack_id"),
    one_of("state", WAITING),
    # Whose message was deleted, and which threads are about what.
    Index(None, "team", "channel", "thread"),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("kind", Words, nullable=False),
    # What it is about: an incident's id.
    Column("about", Words, nullable=False),
    # Which one of several of its kind about the same.
    Column("occasion", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("thread", Words, nullable=False),
    Column("ts", Words),
    Column("claimed_at", AwareTime, nullable=False),
    Column("sent_at", AwareTime),
    # What it says, as a digest, so that one process alone brings it up to date.
    Column("shown", Words),
    PrimaryKeyConstraint("id"),
    # Posted once, whoever posts it.
    UniqueConstraint("team", "kind", "about", "occasion"),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("channel <> ''", name="channel"),
    together("sent", "ts", "sent_at"),
    one_of("kind", POST_KINDS),
)

heard = Table(
    "heard",
    metadata,
    Column("team", Words, nullable=False),
    Column("channel", Words, nullable=False),
    # The last message that was read there, so that a restart reads on from it.
    Column("ts", Words, nullable=False),
    PrimaryKeyConstraint("team", "channel"),
    CheckConstraint("ts <> ''", name="ts"),
)
