"""Indexes for what is looked up in a long history: by person, by week, and what is over since a short while"""

from collections.abc import Sequence

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(op.f("ix_record_team_at"), "record", ["team", "at"])
    op.create_index(op.f("ix_record_team_actor_seq"), "record", ["team", "actor", "seq"])
    op.create_index(op.f("ix_incidents_team_resolved_at"), "incidents", ["team", "resolved_at"])
