"""Links that do not count for a while, requests to be linked, and who is still to be told of them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)
WAITING = sa.text("proof = 'waiting'")
CARD_DUE = sa.text("card_due")


def upgrade() -> None:
    with op.batch_alter_table("owners") as batch:
        batch.add_column(sa.Column("suspended_at", TIME, nullable=True))
        batch.add_column(sa.Column("suspended_why", sa.Text(), nullable=True))
        batch.create_check_constraint(op.f("ck_owners_suspended"), "(suspended_at IS NULL) = (suspended_why IS NULL)")
    op.create_table(
        "link_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("asked_for", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("role_oid", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("vouch", sa.Text(), nullable=True),
        sa.Column("vouch_asked_at", TIME, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column(
            "card_due",
            sa.Boolean(create_constraint=True, name=op.f("ck_link_requests_card_due")),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_requests")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_requests_digest")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_link_requests_id")),
        sa.CheckConstraint("slack_id <> ''", name=op.f("ck_link_requests_slack_id")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_link_requests_server")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_link_requests_digest")),
        sa.CheckConstraint("expires_at > asked_at", name=op.f("ck_link_requests_expires_at")),
        sa.CheckConstraint("(role IS NULL) = (role_oid IS NULL)", name=op.f("ck_link_requests_role_known")),
        sa.CheckConstraint("(vouch IS NULL) = (vouch_asked_at IS NULL)", name=op.f("ck_link_requests_vouch_asked")),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_link_requests_decided")),
        sa.CheckConstraint(
            "(decided_by IS NOT NULL) = (vouch IN ('vouched', 'not_theirs'))", name=op.f("ck_link_requests_decision")
        ),
        sa.CheckConstraint("NOT card_due OR vouch IS NOT NULL", name=op.f("ck_link_requests_card")),
        sa.CheckConstraint("proof IN ('waiting', 'proved', 'expired', 'void')", name=op.f("ck_link_requests_proof")),
        sa.CheckConstraint(
            "vouch IN ('asked', 'vouched', 'not_theirs', 'closed')", name=op.f("ck_link_requests_vouch")
        ),
    )
    op.create_index(op.f("ix_link_requests_team_slack_id"), "link_requests", ["team", "slack_id"])
    op.create_index(
        "ix_link_requests_waiting",
        "link_requests",
        ["expires_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index(
        "ix_link_requests_card_due", "link_requests", ["id"], sqlite_where=CARD_DUE, postgresql_where=CARD_DUE
    )
    op.create_table(
        "link_news",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("role_oid", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("telling_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_news")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_link_news_id")),
        sa.CheckConstraint("slack_id <> ''", name=op.f("ck_link_news_slack_id")),
        sa.CheckConstraint("kind IN ('new_owner', 'not_found', 'not_theirs')", name=op.f("ck_link_news_kind")),
        sa.CheckConstraint("(kind = 'new_owner') = (origin IS NOT NULL)", name=op.f("ck_link_news_origin_known")),
    )
    op.create_index(op.f("ix_link_news_team_at"), "link_news", ["team", "at"])
