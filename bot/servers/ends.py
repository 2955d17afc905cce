"""Where a server is, as far as its DSN says so here; what a service says is in a file of libpq's, and not read."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.servers.settings import ServerSettings

DEFAULT_PORT = "5432"


def addresses(settings: ServerSettings) -> frozenset[str]:
    """Return the hosts by which the bot itself reaches a server; '' among them where its own computer may be one."""
    given = _given(settings)
    hosts = ",".join(str(given.get(name) or "") for name in ("host", "hostaddr"))
    return frozenset(hosts.split(","))


def port(settings: ServerSettings) -> int:
    """Return the port of a server; 0 where that cannot be told."""
    given = _given(settings)
    first = str(given.get("port") or DEFAULT_PORT).partition(",")[0]
    return int(first) if given and first.isdecimal() else 0


def _given(settings: ServerSettings) -> dict[str, str | int | None]:
    try:
        return dict(conninfo_to_dict(settings.dsn))
    except psycopg.Error:
        return {}  # a fault that the server itself tells of
