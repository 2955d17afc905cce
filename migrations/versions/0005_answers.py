"""What a post says, the client of an incident, and further kinds of posts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "kind IN ('answer', 'pointer', 'resolution', 'staff_card', 'catch_up', 'explanation', 'question', 'notice', 'summary')"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("client", sa.Text(), nullable=True))
    with op.batch_alter_table("posts") as batch:
        batch.add_column(sa.Column("shown", sa.Text(), nullable=True))
        batch.drop_constraint(op.f("ck_posts_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_posts_kind"), KINDS)
