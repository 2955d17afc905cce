"""A long history in a PostgreSQL own database, and how long reading it takes.

`python -m tests.bench.history --url postgresql://…` only writes one, into a database that `connbot migrate` has prepared.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bot.incidents.history import History
from bot.incidents.timeline_values import Question
from bot.storage.engine import OwnDatabase
from bot.storage.record import Record
from bot.summaries.changes import changes
from bot.summaries.digest import digest
from bot.summaries.reading import Weeks
from bot.summaries.week import Week

INCIDENTS = 1_000_000
WEEKS = 40
ROLES = 2000
LAST = Week(2026, 47)
ZONE = ZoneInfo("America/New_York")
TEAM, SERVER = "T1", "class"
WEEK, ROLE = "a week's summary", "the history of a role"
PERSON, LONG_AGO, CAUSE = "the history of a person", "the history of the first week", "that of a cause that never was"

_INCIDENTS = """
INSERT INTO incidents (id, team, server, scope_kind, scope_name, state, cause, reporter, channel, thread, private, opened_at,
    occasion, answered_at, human, human_at, resolved_at, resolved_by)
SELECT 'i' || n, :team, :server, 'role', 'student_' || n % :roles, 'resolved',
    (ARRAY['role_limit', 'server_limit', 'database_limit', 'client_pool'])[1 + n % 4], 'U' || n % :roles, 'C0HELP', n::text, false,
    at, 1, at + interval '2 s', 'U0STAFF', at + make_interval(secs => 60 + n % 600), at + make_interval(secs => 120 + n % 7200), ''
FROM (SELECT n, CAST(:begins AS timestamptz) + CAST(:length AS interval) * n / :count AS at FROM generate_series(1, :count) AS n) AS one
"""
_PEOPLE = """
INSERT INTO incident_people (incident_id, team, slack_id, role, channel, thread, private, ts, since, state)
SELECT id, team, reporter, scope_name, channel, thread, false, thread, opened_at, 'in' FROM incidents
"""
_POSTS = """
INSERT INTO posts (id, team, kind, about, occasion, channel, thread, ts, claimed_at, sent_at, shown)
SELECT 'a' || id, team, 'answer', id, '', channel, thread, thread, answered_at, answered_at, '' FROM incidents
"""
_PROPOSALS = """
INSERT INTO proposals (id, team, kind, server, role, role_oid, requester, by_right, reason, state, channel, created_at, lapses_at,
    claimed_by, claimed_at, deadline, resolved_at, told_at, owners_told_at)
SELECT 'p' || n, :team, 'terminate', :server, 'student_' || n % :roles, 1000 + n % :roles, 'U1',
    CASE WHEN n % 3 = 0 THEN 'owner' ELSE 'responder' END, '', 'resolved', 'C0HELP', at, at + interval '2 min', 'U1', at,
    at + interval '10 s', at + interval '1 s', at + interval '2 s', at + interval '2 s'
FROM (SELECT n, CAST(:begins AS timestamptz) + CAST(:length AS interval) * n / :count AS at FROM generate_series(1, :count) AS n) AS one
"""
_BACKENDS = """
INSERT INTO proposal_backends (proposal_id, position, pid, started_at, application_name, state, has_written, outcome, outcome_at,
    outcome_detail)
SELECT id, 0, 4711, created_at, 'psql', 'idle', false, 'terminated', resolved_at, '' FROM proposals
"""
_RECORD = """
INSERT INTO record (seq, at, kind, team, actor, server, role, payload, salt, content, digest)
SELECT seq, at, kind, CAST(:team AS text), actor, CAST(:server AS text), role, payload, '0', encode(sha256(convert_to(payload, 'UTF8')), 'hex'),
    encode(sha256(convert_to(seq::text, 'UTF8')), 'hex')
FROM (
    SELECT row_number() OVER (ORDER BY at, kind, id) AS seq, at, kind, actor, role, format(
        '{"actor":"%s",%s"kind":"%s","role":"%s","server":"%s","state":"%s","team":"%s"}', actor, more, kind, role, CAST(:server AS text), state, CAST(:team AS text)
    ) AS payload
    FROM (
        SELECT id, opened_at AS at, 'incident' AS kind, reporter AS actor, scope_name AS role, 'opened' AS state,
            format('"cause":"%s","incident":"%s",', cause, id) AS more FROM incidents
        UNION ALL
        SELECT id, resolved_at, 'incident', 'connbot', scope_name, 'resolved', format('"cause":"%s","incident":"%s",', cause, id)
        FROM incidents
        UNION ALL
        SELECT id, claimed_at, 'claim', requester, role, 'claimed', format('"proposal":"%s",', id) FROM proposals
        UNION ALL
        SELECT id, resolved_at, 'termination', requester, role, 'resolved', format('"proposal":"%s",', id) FROM proposals
    ) AS said
) AS entry
"""
_HEAD = "UPDATE record_head SET (seq, digest) = (SELECT seq, digest FROM record ORDER BY seq DESC LIMIT 1)"
_SPANS = """
INSERT INTO sample_spans SELECT :server, at, at + interval '15 min', 100
FROM generate_series(CAST(:begins AS timestamptz), CAST(:begins AS timestamptz) + CAST(:length AS interval), '15 min') AS at
"""
_LIMITS = """
INSERT INTO sample_limits SELECT :server, 600, at, CASE WHEN n = 0 THEN 'server' WHEN n < 5 THEN 'database' ELSE 'role' END,
    'limit_' || n, n % 6, 5, at
FROM generate_series(CAST(:begins AS timestamptz), CAST(:begins AS timestamptz) + CAST(:length AS interval), '10 min') AS at,
    generate_series(0, 80) AS n
"""
_PROGRAMS = """
INSERT INTO sample_programs SELECT :server, 600, at, 'program ' || n % 7, '10.0.' || n || '.0/24', false, 3, 5, 4, 3000, 2400, 1200
FROM generate_series(CAST(:begins AS timestamptz), CAST(:begins AS timestamptz) + CAST(:length AS interval), '10 min') AS at,
    generate_series(0, 20) AS n
"""


async def write(db: OwnDatabase, count: int) -> None:
    """Write `count` incidents over the weeks before the end of `LAST`, half as many terminations, what is on record of them, and samples.

    The record's chain is none that could be verified: that would take the longest, and nothing that is measured reads it.
    """
    begins, ends = LAST.after(1 - WEEKS).begins(ZONE), LAST.ends(ZONE)
    given = {"team": TEAM, "server": SERVER, "roles": ROLES, "begins": begins, "length": ends - begins}
    for statement, number in ((_INCIDENTS, count), (_PROPOSALS, count // 2)):
        await _write(db, statement, {**given, "count": number})
    for statement in (_PEOPLE, _POSTS, _BACKENDS, _RECORD, _HEAD, _SPANS, _LIMITS, _PROGRAMS):
        await _write(db, statement, given)
    await _write(db, "ANALYZE", {})


async def _write(db: OwnDatabase, statement: str, given: dict[str, object]) -> None:
    async with db.write() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        names = {name: value for name, value in given.items() if f":{name}" in statement}
        await connection.execute(text(statement), names)


async def measure(db: OwnDatabase) -> dict[str, float]:
    """How many seconds a week's summary and a page of the history by what is asked for take, in the middle of several tries."""
    weeks, history = Weeks(db, ZONE), History(db, Record(None))

    async def week() -> None:
        changes(digest(await weeks.read(TEAM, SERVER, LAST)))

    def asked(**what: Any) -> Callable[[], Awaitable[object]]:
        return lambda: history.page(Question(TEAM, server=SERVER, **what), 20)

    first = LAST.after(1 - WEEKS)
    return {
        WEEK: await _middle(week),
        ROLE: await _middle(asked(role="student_7")),
        PERSON: await _middle(asked(person="U7")),
        LONG_AGO: await _middle(asked(since=first.begins(ZONE), until=first.ends(ZONE))),
        CAUSE: await _middle(asked(cause="pooler_limit")),
    }


async def _middle(do: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(7):
        begun = time.perf_counter()
        await do()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


async def _main(url: str, count: int) -> int:
    async with OwnDatabase(url) as db:
        begun = datetime.now(UTC)  # noqa: TID251 - it is measured
        await write(db, count)
        print(f"written in {datetime.now(UTC) - begun}")  # noqa: TID251
        for what, seconds in (await measure(db)).items():
            print(f"{what}: {timedelta(seconds=seconds)}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.history")
    parser.add_argument("--url", required=True, help="an own database on PostgreSQL, migrated and empty")
    parser.add_argument("--count", type=int, default=INCIDENTS, help="incidents")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(_main(chosen.url, chosen.count)))
