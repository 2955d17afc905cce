"""Rows of a history as anybody could write them into the own database."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert

from bot.storage.engine import OwnDatabase

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def write(db: OwnDatabase, table: Table, *rows: dict[str, Any]) -> None:
    async with db.write() as connection:
        for row in rows:
            await connection.execute(insert(table), row)


def an_incident(number: int, opened: datetime, cause: str = "role_limit", **given: Any) -> dict[str, Any]:
    resolved = given.pop("resolved", opened + HOUR)
    return {
        "id": f"i{number}",
        "team": "T1",
        "server": "class",
        "scope_kind": "role",
        "scope_name": f"ann{number}",
        "state": "resolved" if resolved else "open",
        "cause": cause,
        "reporter": "U1",
        "opened_at": opened,
        "resolved_at": resolved,
        **given,
    }


def a_proposal(number: int, created: datetime, **given: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "team": "T1",
        "kind": "terminate",
        "server": "class",
        "role": "ann",
        "role_oid": 5,
        "requester": "U1",
        "by_right": "responder",
        "reason": "",
        "state": "resolved",
        "channel": "C1",
        "created_at": created,
        "lapses_at": created + HOUR,
        "claimed_by": "U1",
        "claimed_at": created,
        "deadline": created + MINUTE,
        "resolved_at": created + MINUTE,
        "told_at": created + MINUTE,
        **given,
    }


def a_backend(number: int, position: int, outcome: str, at: datetime) -> dict[str, Any]:
    return {
        "proposal_id": f"p{number}",
        "position": position,
        "pid": 100 + position,
        "started_at": at - MINUTE,
        "application_name": "psql",
        "state": "idle",
        "has_written": False,
        "outcome": outcome,
        "outcome_at": at,
        "outcome_detail": "",
    }


def a_limit(kind: str, name: str, used: int, slots: int | None, at: datetime, width: int = 60) -> dict[str, Any]:
    row = {"kind": kind, "name": name, "used": used, "slots": slots, "reached_at": at}
    return {"server": "class", "width": width, "at": at, **row}


def a_program(name: str, at: datetime, idle: float, width: int = 60, server: str = "class") -> dict[str, Any]:
    sums = {"used_seconds": 2 * idle, "idle_seconds": idle, "stale_seconds": idle / 2}
    which = {"program": name, "place": "10.0.0.0/24", "service": False, "roles": 2, "used": 3, "idle": 2}
    return {"server": server, "width": width, "at": at, **which, **sums}
