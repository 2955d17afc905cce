"""Listings for tests, made of readings as the use case makes them."""

from bot.access.member import Right
from bot.connections.listed import Listing, RoleListing
from bot.servers.backend import Backend, BackendState
from bot.servers.server import Reading
from bot.servers.strays import rank
from tests.builders import a_backend, a_reading, a_role

STATES = (
    BackendState.IDLE,
    BackendState.ACTIVE,
    BackendState.IDLE_IN_TRANSACTION,
    BackendState.ABORTED,
    BackendState.UNKNOWN,
)


def an_entry(reading: Reading, right: Right = Right.RESPONDER, ask: str | None = None) -> RoleListing:
    """A reading as shown to somebody with `right`."""
    strays = rank(reading.clients, reading.at)
    ids = {stray.backend.id for stray in strays}
    others = tuple(backend for backend in reading.clients if backend.id not in ids)
    return RoleListing(reading, strays, others, right, ask)


def a_listing(*entries: RoleListing) -> Listing:
    return Listing(entries)


def many(count: int, name: str = "psql", *, server: str = "class", first_pid: int = 1000) -> Reading:
    """A role called `name` with `count` connections in every state, whose every text is `name`."""
    backends = [
        a_backend(
            first_pid + at,
            started=count + 5 - at,
            state=STATES[at % len(STATES)],
            since=at % 120,
            transaction=at % 120 + 1 if at % len(STATES) in (1, 2, 3) else None,
            wrote=at % 7 == 2,
            role=name,
            database=name,
            application_name=name,
            client_address=name if at % 3 else None,
            server=server,
        )
        for at in range(count)
    ]
    return a_reading(*backends, role=a_role(name), server=server)


def five() -> tuple[Backend, ...]:
    """Alice's evening: two pgAdmin connections left over, one in use, a running query, a forgotten transaction."""
    return (
        a_backend(4711, started=192, since=185, application_name="pgAdmin 4 - DB:shop"),
        a_backend(4715, started=190, since=190, application_name="pgAdmin 4 - CONN:8122"),
        a_backend(4720, started=12, since=1, application_name="pgAdmin 4 - DB:shop"),
        a_backend(4722, state=BackendState.ACTIVE, since=5, transaction=5),
        a_backend(
            4730,
            started=100,
            state=BackendState.IDLE_IN_TRANSACTION,
            since=30,
            transaction=31,
            wrote=True,
            application_name="DBeaver 24.1 - Main <shop>",
        ),
    )
