"""Incidents with the people they keep out, and what the bot posts about them

No release before this one wrote an incident; whatever is there is kept.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    # Put aside and made anew: nearly every column is new, or may be empty no longer.
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM incidents")
    op.drop_table("incidents")
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
        sa.Column(
            "private",
            sa.Boolean(create_constraint=True, name=op.f("ck_incidents_private")),
            nullable=False,
            server_default=sa.false(),
        ),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("occasion_at", TIME, nullable=True),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("human", sa.Text(), nullable=True),
        sa.Column("human_at", TIME, nullable=True),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_incidents_id")),
        sa.CheckConstraint("server <> ''", name=op.f("ck_incidents_server")),
        sa.CheckConstraint("reporter <> ''", name=op.f("ck_incidents_reporter")),
        sa.CheckConstraint("(scope_kind = 'server') = (scope_name = '')", name=op.f("ck_incidents_scope")),
        sa.CheckConstraint("occasion > 0", name=op.f("ck_incidents_occasion")),
        sa.CheckConstraint("occasion_at >= opened_at", name=op.f("ck_incidents_occasion_at")),
        sa.CheckConstraint("(resolved_at IS NOT NULL) = (state = 'resolved')", name=op.f("ck_incidents_resolved")),
        sa.CheckConstraint("(human IS NULL) = (human_at IS NULL)", name=op.f("ck_incidents_human")),
        sa.CheckConstraint("resolved_by IS NULL OR resolved_at IS NOT NULL", name=op.f("ck_incidents_resolved_by")),
        sa.CheckConstraint("scope_kind IN ('server', 'database', 'role')", name=op.f("ck_incidents_scope_kind")),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_incidents_state")),
    )
    op.execute(
        "INSERT INTO incidents SELECT id, team, server, scope_kind, scope_name, state, cause,"
        " coalesce(nullif(reporter, ''), 'unknown'), channel, thread, (1 = 0), opened_at, 1, NULL,"
        " NULL, NULL, NULL, resolved_at, NULL FROM kept"
    )
    op.execute("DROP TABLE kept")
    op.create_index(op.f("ix_incidents_team_opened_at"), "incidents", ["team", "opened_at"])
    op.create_index(op.f("ix_incidents_team_channel_thread"), "incidents", ["team", "channel", "thread"])
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["team", "server", "scope_kind", "scope_name"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "incident_people",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column(
            "private", sa.Boolean(create_constraint=True, name=op.f("ck_incident_people_private")), nullable=False
        ),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "slack_id", name=op.f("pk_incident_people")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_people_incidents"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("slack_id <> ''", name=op.f("ck_incident_people_slack_id")),
        sa.CheckConstraint("state IN ('waiting', 'in', 'withdrawn')", name=op.f("ck_incident_people_state")),
    )
    op.create_index(op.f("ix_incident_people_team_channel_thread"), "incident_people", ["team", "channel", "thread"])
    op.create_table(
        "posts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("claimed_at", TIME, nullable=False),
        sa.Column("sent_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("team", "kind", "about", "occasion", name=op.f("uq_posts_team_kind_about_occasion")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_posts_id")),
        sa.CheckConstraint("channel <> ''", name=op.f("ck_posts_channel")),
        sa.CheckConstraint("(ts IS NULL) = (sent_at IS NULL)", name=op.f("ck_posts_sent")),
        sa.CheckConstraint(
            "kind IN ('answer', 'pointer', 'resolution', 'staff_card', 'catch_up')", name=op.f("ck_posts_kind")
        ),
    )
    op.create_table(
        "heard",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("team", "channel", name=op.f("pk_heard")),
        sa.CheckConstraint("ts <> ''", name=op.f("ck_heard_ts")),
    )
