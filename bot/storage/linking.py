"""The tables of how people come to own roles: what they ask for, and who is still to be told what became of it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from bot.storage.columns import AwareTime, Words
from bot.storage.schema import metadata, one_of, together

PROOFS = ("waiting", "proved", "expired", "void")
VOUCHES = ("asked", "vouched", "not_theirs", "closed")
NEWS = ("new_owner", "not_found", "not_theirs")

link_requests = Table(
    "link_requests",
    metadata,
    Column("id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("slack_id", Words, nullable=False),
    Column("server", Words, nullable=False),
    # As it was typed; the role's own name and oid where a student's role was meant, else null: nothing can prove that.
    Column("asked_for", Words, nullable=False),
    Column("role", Words),
    Column("role_oid", BigInteger),
    # Of the whole name that a session must show.
    Column("digest", Words, nullable=False),
    Column("asked_at", AwareTime, nullable=False),
    Column("expires_at", AwareTime, nullable=False),
    Column("proof", Words, nullable=False),
    Column("vouch", Words),
    Column("vouch_asked_at", AwareTime),
    Column("decided_by", Words),
    Column("decided_at", AwareTime),
    # The card in the staff channel does not say yet how it stands.
    Column("card_due", Boolean(create_constraint=True, name="card_due"), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("digest"),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("slack_id <> ''", name="slack_id"),
    CheckConstraint("server <> ''", name="server"),
    CheckConstraint("length(digest) = 64", name="digest"),
    CheckConstraint("expires_at > asked_at", name="expires_at"),
    together("role_known", "role", "role_oid"),
    together("vouch_asked", "vouch", "vouch_asked_at"),
    together("decided", "decided_by", "decided_at"),
    CheckConstraint("(decided_by IS NOT NULL) = (vouch IN ('vouched', 'not_theirs'))", name="decision"),
    CheckConstraint("NOT card_due OR vouch IS NOT NULL", name="card"),
    one_of("proof", PROOFS),
    one_of("vouch", VOUCHES),
    Index(None, "team", "slack_id"),
    # What is looked for, and which cards are to be brought up to date: hardly ever any.
    Index(
        "ix_link_requests_waiting",
        "expires_at",
        sqlite_where=text("proof = 'waiting'"),
        postgresql_where=text("proof = 'waiting'"),
    ),
    Index("ix_link_requests_card_due", "id", sqlite_where=text("card_due"), postgresql_where=text("card_due")),
)

link_news = Table(
    "link_news",
    metadata,
    Column("id", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("slack_id", Words, nullable=False),
    Column("server", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("role_oid", BigInteger),
    Column("origin", Words),
    Column("by", Words, nullable=False),
    Column("at", AwareTime, nullable=False),
    # The request that it came of, where there was one.
    Column("request", Words),
    # One process at a time has it in hand to tell, until then; told, it goes.
    Column("telling_until", AwareTime),
    PrimaryKeyConstraint("id"),
    CheckConstraint("id <> ''", name="id"),
    CheckConstraint("slack_id <> ''", name="slack_id"),
    one_of("kind", NEWS),
    CheckConstraint("(kind = 'new_owner') = (origin IS NOT NULL)", name="origin_known"),
    Index(None, "team", "at"),
)
