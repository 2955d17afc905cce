"""Runs the migrations on the connection that `bot.storage.migrate` hands in, or for a developer's `alembic` on the one
that CONNBOT_DATABASE_URL names."""

import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine

from bot.storage.columns import AwareTime, Words
from bot.storage.engine import read_url
from bot.storage.tables import metadata


def render_item(kind: str, item: Any, _context: object) -> str | Literal[False]:
    # A revision says what the database was given, and so stands still when our own types change.
    if kind == "type" and isinstance(item, AwareTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Words):
        return "sa.Text()"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite changes a table by building it anew.
        render_as_batch=True,
        transactional_ddl=True,
        render_item=render_item,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_for_developer() -> None:
    engine = create_engine(read_url(os.environ.get("CONNBOT_DATABASE_URL", "sqlite:///connbot.db")))
    with engine.begin() as connection:
        run(connection)
    engine.dispose()


handed_in = context.config.attributes.get("connection")
if handed_in is None:
    run_for_developer()
else:
    run(handed_in)
