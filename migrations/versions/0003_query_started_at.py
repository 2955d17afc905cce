"""When the query of a backend that was shown had begun

With the backend it is one query for ever, which a proposal to cancel is about. What was proposed before is not about queries.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("proposal_backends", sa.Column("query_started_at", sa.DateTime(timezone=True), nullable=True))
