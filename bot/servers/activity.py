"""Sessions as pg_stat_activity shows them to a role with pg_read_all_stats."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from bot.errors import ServerUnavailable
from bot.servers import opening, queries, sight, signals
from bot.servers.backend import BackendId
from bot.servers.opening import Connection
from bot.servers.readings import Row, limits_of, reading_of, role_of
from bot.servers.server import Limits, Reading, RoleNow, Target
from bot.servers.settings import ServerSettings


class Activity:
    """The way of a bot that sees sessions by `sees`, and signals by `means`; see `bot.servers.way.Way`, which it is."""

    def __init__(
        self,
        settings: ServerSettings,
        means: signals.Means = signals.OWN_RIGHTS,
        sees: sight.Sight = sight.ACTIVITY,
    ) -> None:
        self._settings = settings
        self._sees = sees
        self._read = queries.read(sees)
        self._limits = queries.limits(sees)
        self._present = signals.present(sees)
        self._running = signals.running(sees)
        self._terminate = signals.terminate(means, sees)
        self._cancel = signals.cancel(means, sees)
        self._poolers = opening.pooler_parameters(settings)

    async def read(self, connection: Connection, names: Sequence[str]) -> dict[str, Reading]:
        """Read roles by name, each exactly or else folded to lower case; unknown ones are left out."""
        usual = {"databases": list(self._settings.databases)}
        rows = await _by_name(connection, self._read, names, {**self._poolers, **usual})
        if any(row["hidden"] for row in rows):
            raise ServerUnavailable(self._settings.name, "rights", "pg_read_all_stats")
        version = connection.info.server_version
        made: dict[int, Reading] = {}
        for row in rows:
            if row["oid"] not in made:
                made[row["oid"]] = reading_of(row, self._settings, version, tells_states=self._sees.tells_states)
        return {row["asked"]: made[row["oid"]] for row in rows}

    async def roles(self, connection: Connection, names: Sequence[str]) -> dict[str, RoleNow]:
        """Read roles alone by name, each exactly or else folded to lower case; unknown ones are left out."""
        rows = await _by_name(connection, queries.ROLES, names, {})
        return {row["asked"]: RoleNow(role_of(row, self._settings), row["at"].astimezone(UTC)) for row in rows}

    async def limits(self, connection: Connection, databases: Sequence[str]) -> Limits:
        """Read the server's own limit, and those of databases by name; unknown ones are left out."""
        try:
            (row,) = await fetch(connection, self._limits, {"databases": [*databases]})
        except psycopg.errors.UntranslatableCharacter:
            # One of them is no database's name: then each is asked for alone, and those are left out.
            found = [await self.limits(connection, [name]) for name in databases] if len(databases) > 1 else []
            alone = found or [await self.limits(connection, [])]
            return replace(alone[-1], databases={k: v for one in alone for k, v in one.databases.items()})
        if row["hidden"]:
            raise ServerUnavailable(self._settings.name, "rights", "pg_read_all_stats")
        version = connection.info.server_version
        return limits_of(row, self._settings.name, version, tells_states=self._sees.tells_states)

    async def signal(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        """Signal those targets that are still what was shown, if the server's clock is before `before`; one answer each."""
        return await self._send(connection, self._terminate, targets, before)

    async def cancel(
        self, connection: Connection, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        """Cancel the queries of those targets that still run the one that was shown; one answer each."""
        return await self._send(connection, self._cancel, targets, before)

    async def running(self, connection: Connection, targets: Collection[Target]) -> set[BackendId]:
        """Return those that still run the query that was shown."""
        parameters = {
            **_identities([target.id for target in targets]),
            "queries": [target.query_started_at for target in targets],
        }
        return await self._found(connection, self._running, parameters, [target.id for target in targets])

    async def there(self, connection: Connection, ids: Collection[BackendId]) -> set[BackendId]:
        """Return those of these sessions that exist now."""
        return await self._found(connection, self._present, _identities(ids), ids)

    async def _send(
        self, connection: Connection, statement: str, targets: Mapping[BackendId, Target], before: datetime
    ) -> dict[BackendId, str]:
        parameters = {
            **_identities(targets),
            **self._poolers,
            "transactions": [target.transaction_started_at for target in targets.values()],
            "written": [target.has_written for target in targets.values()],
            "states": [target.state.value for target in targets.values()],
            "queries": [target.query_started_at for target in targets.values()],
            "students": list(self._settings.students),
            "services": list(self._settings.services),
            "before": before,
        }
        answers = {_key(row): row["answer"] for row in await fetch(connection, statement, parameters)}
        return {backend: answers[backend.pid, backend.started_at] for backend in targets}

    async def _found(
        self, connection: Connection, statement: str, parameters: dict[str, Any], ids: Collection[BackendId]
    ) -> set[BackendId]:
        rows = await fetch(connection, statement, parameters)
        if any(row["hidden"] for row in rows):
            raise ServerUnavailable(self._settings.name, "rights", "pg_read_all_stats")
        there = {_key(row) for row in rows if row["there"]}
        return {backend for backend in ids if (backend.pid, backend.started_at) in there}


async def _by_name(connection: Connection, query: str, names: Sequence[str], more: dict[str, Any]) -> list[Row]:
    """Fetch by role names; one that the server's encoding has no letters for is no role's and must not cost the others."""
    parameters = {"names": list(names), "folded": [name.lower() for name in names], **more}
    try:
        return await fetch(connection, query, parameters)
    except psycopg.errors.UntranslatableCharacter:
        if len(names) == 1:
            return []
    return [row for name in names for row in await _by_name(connection, query, [name], more)]


async def fetch(connection: Connection, query: str, parameters: dict[str, Any]) -> list[Row]:
    """Send one of our statements and return its rows; raises `psycopg.Error`."""
    cursor = await connection.execute(query.encode(), parameters or None, binary=True)
    return [*await cursor.fetchall()]


def _identities(ids: Collection[BackendId]) -> dict[str, Any]:
    return {
        "pids": [backend.pid for backend in ids],
        "starts": [backend.started_at for backend in ids],
        "role_oids": [backend.role_oid for backend in ids],
    }


def _key(row: Row) -> tuple[int, datetime]:
    return row["pid"], row["started_at"].astimezone(UTC)
