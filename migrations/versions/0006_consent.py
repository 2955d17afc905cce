"""How it stands with a role's owners: whether they were asked, who answered, who asked first

What was asked for before was asked of nobody, but for what an owner asked for.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CONSENTS = "consent IN ('owner', 'asked', 'overridden', 'informed', 'none')"


def upgrade() -> None:
    op.execute("UPDATE proposals SET state = 'lapsed' WHERE state = 'waiting'")
    with op.batch_alter_table("proposals") as batch:
        batch.add_column(sa.Column("consent", sa.Text(), nullable=False, server_default=sa.text("'none'")))
        batch.add_column(sa.Column("asked_by", sa.Text(), nullable=True))
        batch.add_column(sa.Column("answered_by", sa.Text(), nullable=True))
        batch.create_check_constraint(op.f("ck_proposals_consent"), CONSENTS)
        batch.create_check_constraint(op.f("ck_proposals_waiting"), "state <> 'waiting' OR consent = 'asked'")
    op.execute("UPDATE proposals SET consent = 'owner' WHERE by_right = 'owner'")
