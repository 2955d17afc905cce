"""Samples of the servers, and when they were taken"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sample_spans",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=False),
        sa.Column("killed", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("server", "began_at", name=op.f("pk_sample_spans")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_sample_spans_server")),
        sa.CheckConstraint("ended_at >= began_at", name=op.f("ck_sample_spans_ended_at")),
        sa.CheckConstraint("killed >= 0", name=op.f("ck_sample_spans_killed")),
    )
    op.create_table(
        "sample_limits",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=True),
        sa.Column("reached_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("server", "width", "at", "kind", "name", name=op.f("pk_sample_limits")),
        sa.CheckConstraint("width > 0", name=op.f("ck_sample_limits_width")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_sample_limits_used")),
        sa.CheckConstraint("kind IN ('role', 'database', 'server')", name=op.f("ck_sample_limits_kind")),
    )
    op.create_table(
        "sample_programs",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "service", sa.Boolean(create_constraint=True, name=op.f("ck_sample_programs_service")), nullable=False
        ),
        sa.Column("roles", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("idle", sa.Integer(), nullable=True),
        sa.Column("used_seconds", sa.Float(), nullable=False),
        sa.Column("idle_seconds", sa.Float(), nullable=False),
        sa.Column("stale_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "server", "width", "at", "program", "place", "service", name=op.f("pk_sample_programs")
        ),
        sa.CheckConstraint("width > 0", name=op.f("ck_sample_programs_width")),
    )
    op.create_table(
        "sample_marks",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", name=op.f("pk_sample_marks")),
    )
