"""The students' servers by name."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Self

from bot.clock import clock
from bot.errors import SetupError, UnknownServer
from bot.servers.pgbouncer import Console
from bot.servers.postgres import PostgresServer, note
from bot.servers.rights import Missing
from bot.servers.settings import ServerSettings


class Fleet:
    """The servers of the configuration, each with its one connection from `open` to `close`.

    `tell` hears once of each thing that one of them lacks. Raises `SetupError` with the faults of all of them.
    """

    def __init__(
        self,
        servers: Sequence[ServerSettings],
        default: str | None = None,
        *,
        tell: Callable[[str, Missing], None] = note,
    ) -> None:
        self._settings = {settings.name: settings for settings in servers}
        self._servers: dict[str, PostgresServer] = {}
        self._consoles: dict[str, Console] = {}
        faults: list[str] = []
        for settings in servers:
            try:
                self._servers[settings.name] = PostgresServer(settings, tell=tell)
            except SetupError as exc:
                faults.extend(exc.faults)
            try:
                if settings.pgbouncer is not None:
                    self._consoles[settings.name] = Console(settings, clock)
            except SetupError as exc:
                faults.extend(exc.faults)
        if faults:
            raise SetupError(tuple(faults))
        self._default = default

    @property
    def names(self) -> tuple[str, ...]:
        """The servers' names as configured, in that order."""
        return tuple(self._servers)

    @property
    def servers(self) -> Mapping[str, PostgresServer]:
        """The servers by name."""
        return MappingProxyType(self._servers)

    def choose(self, name: str | None = None) -> PostgresServer:
        """Return the server of this name, or the one meant where none is named; raises `UnknownServer`."""
        meant = name or self._default or next(iter(self._servers), "")
        try:
            return self._servers[meant]
        except KeyError:
            raise UnknownServer(meant, self.names) from None

    def console(self, name: str) -> Console | None:
        """Return the admin console of a server's pooler; None where none is configured."""
        return self._consoles.get(name)

    def settings(self, name: str) -> ServerSettings:
        """Return what the configuration says of a server; raises `UnknownServer`."""
        try:
            return self._settings[name]
        except KeyError:
            raise UnknownServer(name, self.names) from None

    async def open(self) -> None:
        """Take all connections at once; returns when each was tried. Servers that cannot be reached are tried on."""
        async with asyncio.TaskGroup() as opening:
            for server in self._servers.values():
                opening.create_task(server.open())

    async def close(self) -> None:
        """Let all connections go, the last first."""
        for console in self._consoles.values():
            await console.close()
        for server in reversed(self._servers.values()):
            await server.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
