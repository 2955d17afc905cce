"""Every table of the bot's own database; what may not be is refused here, not only by the code above.

The words in the checks are those of the enums in `access` and `incidents`, which stand higher and cannot be imported; a
test holds the two together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.columns import AwareTime, Words
from bot.storage.conversations import heard, incident_people, incidents, posts
from bot.storage.linking import link_news, link_requests
from bot.storage.sampled import sample_limits, sample_marks, sample_programs, sample_spans
from bot.storage.schema import metadata, one_of, together

__all__ = [
    "deliveries",
    "heard",
    "incident_people",
    "incidents",
    "leases",
    "link_news",
    "link_requests",
    "members",
    "metadata",
    "owners",
    "posts",
    "proposal_backends",
    "proposals",
    "record",
    "record_head",
    "sample_limits",
    "sample_marks",
    "sample_programs",
    "sample_spans",
    "workspaces",
]

GRADES = ("responder", "instructor", "admin")
ORIGINS = ("roster", "staff", "vouch", "possession")
RIGHTS = ("owner", "responder", "instructor", "admin", "command line")
PROPOSAL_KINDS = ("terminate", "cancel", "client")
CONSENTS = ("owner", "asked", "overridden", "informed", "none")
PROPOSAL_STATES = ("waiting", "proposed", "claimed", "resolved", "withdrawn", "lapsed")
VERDICTS = ("terminated", "already_gone", "changed", "refused", "still_ending", "failed", "interrupted")

workspaces = Table(
    "workspaces",
    metadata,
    Column("team", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("first_seen", AwareTime, nullable=False),
    PrimaryKeyConstraint("team"),
    CheckConstraint("team <> ''", name="team"),
)

members = Table(
    "members",
    metadata,
    Column("team", Words, nullable=False),
    Column("slack_id", Words, nullable=False),
    Column("server", Words, nullable=False),
    Column("grade", Words, nullable=False),
    Column("roles", Words, nullable=False),
    Column("until", AwareTime),
    Column("added_by", Words, nullable=False),
    Column("added_at", AwareTime, nullable=False),
    PrimaryKeyConstraint("team", "slack_id", "server"),
    CheckConstraint("slack_id <> ''", name="slack_id"),
    CheckConstraint("added_by <> ''", name="added_by"),
    CheckConstraint("until > added_at", name="until"),
    one_of("grade", GRADES),
)

owners = Table(
    "owners",
    metadata,
    Column("team", Words, nullable=False),
    Column("slack_id", Words, nullable=False),
    Column("server", Words, nullable=False),
    Column("role_oid", BigInteger, nullable=False),
    Column("role", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("linked_by", Words, nullable=False),
    Column("linked_at", AwareTime, nullable=False),
    # A link that does not count, and why: until it is made anew.
    Column("suspended_at", AwareTime),
    Column("suspended_why", Words),
    PrimaryKeyConstraint("team", "slack_id", "server", "role_oid"),
    CheckConstraint("slack_id <> ''", name="slack_id"),
    CheckConstraint("server <> ''", name="server"),
    CheckConstraint("role <> ''", name="role"),
    CheckConstraint("role_oid > 0", name="role_oid"),
    CheckConstraint("linked_by <> ''", name="linked_by"),
    one_of("origin", ORIGINS),
    together("suspended", "suspended_at", "suspended_why"),
    # Whose role is this?
    Index(None, "team", "server", "role_oid"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("server", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("role_oid", BigInteger, nullable=False),
    Column("requester", Words, nullable=False),
    Column("by_right", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("thread", Words),
    Column("response_url", Words),
    Column("response_url_until", AwareTime),
    Column("created_at", AwareTime, nullable=False),
    Column("lapses_at", AwareTime, nullable=False),
    Column("claimed_by", Words),
    Column("claimed_at", AwareTime),
    Column("deadline", AwareTime),
    Column("resolved_at", AwareTime),
    # What became of it is to be told to its person, and to the role's owners, by one process at a time, until then; and
    # when each was done.
    Column("telling_until", AwareTime),
    Column("told_at", AwareTime),
    # How it stands with the role's owners; who asked first, where one of them took it over; who answered.
    Column("consent", Words, nullable=False, server_default=text("'none'")),
    Column("asked_by", Words),
    Column("answered_by", Words),
    Column("owners_told_at", AwareTime),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("server <> ''", name="server"),
    CheckConstraint("role <> ''", name="role"),
    CheckConstraint("role_oid > 0", name="role_oid"),
    CheckConstraint("requester <> ''", name="requester"),
    CheckConstraint("lapses_at > created_at", name="lapses_at"),
    # Claimed means: by whom, when, and until when a signal may be sent; nothing else has these, and all that ended has.
    together("claim", "claimed_by", "claimed_at", "deadline"),
    CheckConstraint("(claimed_by IS NOT NULL) = (state IN ('claimed', 'resolved'))", name="claimed"),
    CheckConstraint("(resolved_at IS NOT NULL) = (state = 'resolved')", name="resolved"),
    together("response_url", "response_url", "response_url_until"),
    CheckConstraint("told_at IS NULL OR state IN ('resolved', 'withdrawn')", name="told"),
    CheckConstraint("owners_told_at IS NULL OR state IN ('resolved', 'withdrawn')", name="owners_told"),
    one_of("kind", PROPOSAL_KINDS),
    one_of("state", PROPOSAL_STATES),
    CheckConstraint("state <> 'waiting' OR consent = 'asked'", name="waiting"),
    one_of("by_right", RIGHTS),
    one_of("consent", CONSENTS),
    # The history, newest first: of a workspace, and of a role.
    Index(None, "team", "created_at"),
    Index(None, "team", "role", "created_at"),
    # What lapses and what settlement looks for: few rows among very many.
    Index(
        "ix_proposals_standing",
        "state",
        "lapses_at",
        sqlite_where=text("state IN ('waiting', 'proposed', 'claimed')"),
        postgresql_where=text("state IN ('waiting', 'proposed', 'claimed')"),
    ),
    # What nobody has been told of yet: hardly ever any.
    Index(
        "ix_proposals_untold",
        "created_at",
        sqlite_where=text("(told_at IS NULL OR owners_told_at IS NULL) AND state IN ('resolved', 'withdrawn')"),
        postgresql_where=text("(told_at IS NULL OR owners_told_at IS NULL) AND state IN ('resolved', 'withdrawn')"),
    ),
)

proposal_backends = Table(
    "proposal_backends",
    metadata,
    Column("proposal_id", Words, nullable=False),
    Column("position", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", AwareTime, nullable=False),
    Column("database", Words),
    Column("application_name", Words, nullable=False),
    Column("client_address", Words),
    Column("state", Words, nullable=False),
    Column("state_since", AwareTime),
    Column("transaction_started_at", AwareTime),
    Column("has_written", Boolean(create_constraint=True, name="has_written"), nullable=False),
    Column("outcome", Words),
    Column("outcome_at", AwareTime),
    Column("outcome_detail", Words),
    Column("query_started_at", AwareTime),
    PrimaryKeyConstraint("proposal_id", "position"),
    UniqueConstraint("proposal_id", "pid", "started_at"),
    ForeignKeyConstraint(["proposal_id"], ["proposals.id"], ondelete="CASCADE"),
    CheckConstraint("pid > 0", name="pid"),
    CheckConstraint("position >= 0", name="position"),
    together("outcome_known", "outcome", "outcome_at", "outcome_detail"),
    one_of("outcome", VERDICTS),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("team", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("received_at", AwareTime, nullable=False),
    PrimaryKeyConstraint("team", "key"),
    CheckConstraint("key <> ''", name="key"),
    # Those a day old are removed.
    Index(None, "received_at"),
)

record = Table(
    "record",
    metadata,
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    Column("at", AwareTime, nullable=False),
    Column("kind", Words, nullable=False),
    # Copies out of the payload, to look things up by; gone with it when an entry is forgotten.
    Column("team", Words),
    Column("actor", Words),
    Column("server", Words),
    Column("role", Words),
    Column("payload", Text),
    Column("salt", Text),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint("seq"),
    UniqueConstraint("digest"),
    CheckConstraint("seq > 0", name="seq"),
    together("forgotten", "payload", "salt", "team", "actor", "server", "role"),
    CheckConstraint("length(content) = 64", name="content"),
    CheckConstraint("length(digest) = 64", name="digest"),
    Index(None, "team", "seq"),
    Index(None, "team", "role", "seq"),
    # What somebody did, and what was in a week.
    Index(None, "team", "actor", "seq"),
    Index(None, "team", "at"),
)

record_head = Table(
    "record_head",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id = 1", name="id"),
    CheckConstraint("seq >= 0", name="seq"),
    CheckConstraint("length(digest) = 64", name="digest"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Words, nullable=False),
    Column("holder", Words, nullable=False),
    Column("until", AwareTime, nullable=False),
    PrimaryKeyConstraint("name"),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("holder <> ''", name="holder"),
)
