"""First tables

The release before this one goes on running beside the new schema for a while: add columns as nullable or with a default,
and remove only what no release that is still in use reads.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("key <> ''", name=op.f("ck_deliveries_key")),
        sa.PrimaryKeyConstraint("team", "key", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(resolved_at IS NOT NULL) = (state = 'resolved')", name=op.f("ck_incidents_resolved")),
        sa.CheckConstraint("(scope_kind = 'server') = (scope_name = '')", name=op.f("ck_incidents_scope")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_incidents_id")),
        sa.CheckConstraint("scope_kind IN ('server', 'database', 'role')", name=op.f("ck_incidents_scope_kind")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_incidents_server")),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_incidents_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_team_opened_at", "incidents", ["team", "opened_at"])
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["team", "server", "scope_kind", "scope_name"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("holder <> ''", name=op.f("ck_leases_holder")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_leases_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "members",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("added_by <> ''", name=op.f("ck_members_added_by")),
        sa.CheckConstraint("grade IN ('responder', 'instructor', 'admin')", name=op.f("ck_members_grade")),
        sa.CheckConstraint("slack_id <> ''", name=op.f("ck_members_slack_id")),
        sa.CheckConstraint("until > added_at", name=op.f("ck_members_until")),
        sa.PrimaryKeyConstraint("team", "slack_id", "server", name=op.f("pk_members")),
    )
    op.create_table(
        "owners",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("role_oid", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("linked_by <> ''", name=op.f("ck_owners_linked_by")),
        sa.CheckConstraint("origin IN ('roster', 'staff', 'vouch', 'possession')", name=op.f("ck_owners_origin")),
        sa.CheckConstraint("role <> ''", name=op.f("ck_owners_role")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_owners_server")),
        sa.CheckConstraint("slack_id <> ''", name=op.f("ck_owners_slack_id")),
        sa.CheckConstraint("role_oid > 0", name=op.f("ck_owners_role_oid")),
        sa.PrimaryKeyConstraint("team", "slack_id", "server", "role_oid", name=op.f("pk_owners")),
    )
    op.create_index("ix_owners_team_server_role_oid", "owners", ["team", "server", "role_oid"])
    op.create_table(
        "proposals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("role_oid", sa.BigInteger(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("by_right", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("response_url_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(claimed_by IS NOT NULL) = (state IN ('claimed', 'resolved'))", name=op.f("ck_proposals_claimed")
        ),
        sa.CheckConstraint("(resolved_at IS NOT NULL) = (state = 'resolved')", name=op.f("ck_proposals_resolved")),
        sa.CheckConstraint(
            "by_right IN ('owner', 'responder', 'instructor', 'admin', 'command line')",
            name=op.f("ck_proposals_by_right"),
        ),
        sa.CheckConstraint("id <> ''", name=op.f("ck_proposals_id")),
        sa.CheckConstraint("kind IN ('terminate', 'cancel', 'client')", name=op.f("ck_proposals_kind")),
        sa.CheckConstraint("requester <> ''", name=op.f("ck_proposals_requester")),
        sa.CheckConstraint("role <> ''", name=op.f("ck_proposals_role")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_proposals_server")),
        sa.CheckConstraint(
            "state IN ('waiting', 'proposed', 'claimed', 'resolved', 'withdrawn', 'lapsed')",
            name=op.f("ck_proposals_state"),
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_at IS NULL) AND (claimed_by IS NULL) = (deadline IS NULL)",
            name=op.f("ck_proposals_claim"),
        ),
        sa.CheckConstraint(
            "(response_url IS NULL) = (response_url_until IS NULL)", name=op.f("ck_proposals_response_url")
        ),
        sa.CheckConstraint("lapses_at > created_at", name=op.f("ck_proposals_lapses_at")),
        sa.CheckConstraint("role_oid > 0", name=op.f("ck_proposals_role_oid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index(
        "ix_proposals_standing",
        "proposals",
        ["state", "lapses_at"],
        sqlite_where=sa.text("state IN ('waiting', 'proposed', 'claimed')"),
        postgresql_where=sa.text("state IN ('waiting', 'proposed', 'claimed')"),
    )
    op.create_index("ix_proposals_team_created_at", "proposals", ["team", "created_at"])
    op.create_index("ix_proposals_team_role_created_at", "proposals", ["team", "role", "created_at"])
    op.create_table(
        "record",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(payload IS NULL) = (salt IS NULL) AND (payload IS NULL) = (team IS NULL) AND (payload IS NULL) = (actor IS NULL) AND (payload IS NULL) = (server IS NULL) AND (payload IS NULL) = (role IS NULL)",
            name=op.f("ck_record_forgotten"),
        ),
        sa.CheckConstraint("length(content) = 64", name=op.f("ck_record_content")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_record_digest")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_record_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_record")),
        sa.UniqueConstraint("digest", name=op.f("uq_record_digest")),
    )
    op.create_index("ix_record_team_role_seq", "record", ["team", "role", "seq"])
    op.create_index("ix_record_team_seq", "record", ["team", "seq"])
    op.create_table(
        "record_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_record_head_id")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_record_head_digest")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_record_head_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_head")),
    )
    op.create_table(
        "workspaces",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("team <> ''", name=op.f("ck_workspaces_team")),
        sa.PrimaryKeyConstraint("team", name=op.f("pk_workspaces")),
    )
    op.create_table(
        "proposal_backends",
        sa.Column("proposal_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("database", sa.Text(), nullable=True),
        sa.Column("application_name", sa.Text(), nullable=False),
        sa.Column("client_address", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transaction_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_written", sa.Boolean(create_constraint=True, name="has_written"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('terminated', 'already_gone', 'changed', 'refused', 'still_ending', 'failed', 'interrupted')",
            name=op.f("ck_proposal_backends_outcome"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (outcome_at IS NULL) AND (outcome IS NULL) = (outcome_detail IS NULL)",
            name=op.f("ck_proposal_backends_outcome_known"),
        ),
        sa.CheckConstraint("pid > 0", name=op.f("ck_proposal_backends_pid")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_proposal_backends_position")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_proposal_backends_proposals"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "position", name=op.f("pk_proposal_backends")),
        sa.UniqueConstraint(
            "proposal_id", "pid", "started_at", name=op.f("uq_proposal_backends_proposal_id_pid_started_at")
        ),
    )
    # The head of the empty chain.
    op.execute(sa.text("INSERT INTO record_head (id, seq, digest) VALUES (1, 0, :digest)").bindparams(digest="0" * 64))
