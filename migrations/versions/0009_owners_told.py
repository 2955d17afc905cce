"""Whether owners, and whoever asked first, have been told what became of proposals that were not theirs

What ended before counts as told: nobody is told anew of what is long over.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNTOLD = sa.text("(told_at IS NULL OR owners_told_at IS NULL) AND state IN ('resolved', 'withdrawn')")


def upgrade() -> None:
    op.drop_index("ix_proposals_untold", "proposals")
    with op.batch_alter_table("proposals") as batch:
        batch.add_column(sa.Column("owners_told_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_check_constraint(
            op.f("ck_proposals_owners_told"), "owners_told_at IS NULL OR state IN ('resolved', 'withdrawn')"
        )
    op.execute(
        "UPDATE proposals SET owners_told_at = coalesce(resolved_at, created_at) WHERE state IN ('resolved', 'withdrawn')"
    )
    op.create_index("ix_proposals_untold", "proposals", ["created_at"], sqlite_where=UNTOLD, postgresql_where=UNTOLD)
