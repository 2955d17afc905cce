"""What a console shows, read; and when a client is no more what was shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.servers.backend import BackendState
from bot.servers.pooled import (
    ClientState,
    PooledReading,
    Shown,
    client_target,
    find,
    has_changed,
    place_of,
    readings_of,
    target_now,
)
from tests.builders import NOON, a_backend, a_client, a_pooled, a_role

HOSTS = frozenset({"db.example.edu"})


def a_row(**changes: Any) -> dict[str, Any]:
    row = {
        "user": "alice",
        "database": "shop",
        "state": "active",
        "addr": "10.0.0.7",
        "port": 51234,
        "ptr": "0xa",
        "link": "",
    }
    times = {"connect_time": "2026-11-22 11:00:00 UTC", "request_time": "2026-11-22 11:55:00 UTC"}
    return {**row, **times, "remote_pid": 0, "application_name": "psql", "id": 17, **changes}


def a_base(
    name: str = "shop", host: str | None = "db.example.edu", port: int = 5432, user: str | None = None
) -> dict[str, Any]:
    return {"name": name, "host": host, "port": port, "force_user": user}


BASES = (a_base(),)
OWN = a_row(user="console", database="pgbouncer", request_time="2026-11-22 12:00:00 UTC")
"""Our own client of the console: it asks now."""


def read(
    *clients: Any, servers: Any = (), bases: Any = BASES, at: datetime = NOON, role: str = "alice"
) -> PooledReading:
    shown = Shown((OWN, *clients), servers, (a_base("pgbouncer", None, 6432, "pgbouncer"), *bases), at)
    return readings_of(shown, "class", [role], HOSTS, 5432)[role]


def test_a_client_is_read_with_its_times_and_the_backend_that_works_for_it() -> None:
    reading = read(a_row(link="0xb"), servers=[{"ptr": "0xb", "remote_pid": 4711}])
    assert reading == a_pooled(a_client(17, ClientState.ACTIVE, connected=60, since=5, backend_pid=4711))


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"state": "active", "link": "0xb"}, ClientState.ACTIVE),
        ({"state": "active", "link": ""}, ClientState.IDLE),  # before 1.25
        ({"state": "idle", "link": ""}, ClientState.IDLE),
        ({"state": "waiting", "link": ""}, ClientState.WAITING),
    ],
)
def test_the_states_of_older_and_newer_poolers(row: dict[str, str], state: ClientState) -> None:
    assert [client.state for client in read(a_row(**row)).clients] == [state]


@pytest.mark.parametrize("state", ["active_cancel_req", "waiting_cancel_req"])
def test_a_request_to_cancel_is_no_client(state: str) -> None:
    assert read(a_row(state=state)).clients == ()


def test_columns_that_an_older_pooler_has_not_are_done_without() -> None:
    row = a_row()
    del row["id"], row["application_name"]
    reading = read(row)
    assert (reading.clients[0].number, reading.clients[0].application_name, reading.can_end) == (None, "", False)


@pytest.mark.parametrize("column", ["user", "database", "state", "connect_time", "request_time", "link"])
def test_an_answer_without_what_every_pooler_tells_is_none(column: str) -> None:
    row = a_row()
    del row[column]
    with pytest.raises(KeyError):
        read(row)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        read(a_row(connect_time="nonsense"))


@pytest.mark.parametrize("hours", [-8, -3.5, 0, 5.75, 13])
@pytest.mark.parametrize("off", [-400, 0, 400])
def test_times_of_a_pooler_in_another_zone_are_as_many_quarters_away(hours: float, off: int) -> None:
    """Its clock and ours may differ by minutes, and still its zone is known."""
    wall = timedelta(hours=hours)
    rows = [
        {**row, **{c: f"{datetime.fromisoformat(row[c][:19]) + wall} ???" for c in ("connect_time", "request_time")}}
        for row in (OWN, a_row())
    ]
    shown = Shown(rows, (), (a_base(),), NOON + timedelta(seconds=off))
    reading = readings_of(shown, "class", ["alice"], HOSTS, 5432)["alice"]
    assert (reading.at, reading.clients[0].connected_at) == (NOON, NOON - timedelta(hours=1))


def test_a_pooler_without_any_row_has_the_time_of_the_look() -> None:
    reading = readings_of(Shown((), (), (), NOON), "class", ["alice"], HOSTS, 5432)["alice"]
    assert (reading.at, reading.clients) == (NOON.astimezone(UTC), ())


@pytest.mark.parametrize(
    ("bases", "here"),
    [
        pytest.param([a_base(host="10.1.1.1", port=6543)], True, id="the only one, by whatever name"),
        pytest.param([a_base(host="10.1.1.1"), a_base("other", "10.1.1.1")], True, id="the same for all"),
        pytest.param([a_base(), a_base("lab", "lab.example.edu")], True, id="ours by name"),
        pytest.param([a_base(host="DB.example.edu"), a_base("lab", None)], True, id="ours in capitals"),
        pytest.param([a_base(host="lab.example.edu"), a_base("other")], False, id="another's"),
        pytest.param([a_base(port=5433), a_base("other")], False, id="another server of the same machine"),
        pytest.param([a_base(host="db.example.edu,lab.example.edu"), a_base("other")], False, id="ours or another's"),
        pytest.param([a_base(host=None), a_base("other")], False, id="on the pooler's own machine"),
        pytest.param([a_base("other")], False, id="not told of"),
    ],
)
def test_clients_of_other_servers_are_left_out(bases: list[dict[str, Any]], here: bool) -> None:  # noqa: FBT001
    assert bool(read(a_row(), bases=bases).clients) is here


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "/run/postgresql", "", None])
@pytest.mark.parametrize("own", ["127.0.0.1", "localhost", "/tmp", ""])
def test_one_s_own_machine_has_many_names(host: str | None, own: str) -> None:
    shown = Shown((OWN, a_row()), (), (a_base(host=host), a_base("lab", "lab.example.edu")), NOON)
    reading = readings_of(shown, "class", ["alice"], frozenset({own}), 5432)["alice"]
    assert (len(reading.clients), reading.elsewhere) == (1, 1)


def test_a_database_that_forces_a_role_makes_its_clients_that_role_s() -> None:
    bases = [a_base(user="team")]
    assert read(a_row(), bases=bases).clients == ()
    assert len(read(a_row(), bases=bases, role="team").clients) == 1


@pytest.mark.parametrize(
    ("address", "place"), [("10.0.0.7", "10.0.0.7:51234"), ("fe80::1", "[fe80::1]:51234"), (None, None)]
)
def test_where_a_client_comes_from(address: str | None, place: str | None) -> None:
    assert place_of(a_client(address=address)) == place
    row = read(a_row(addr="unix" if address is None else address))
    assert place_of(row.clients[0]) == place


def test_a_number_means_one_client_only_with_its_beginning() -> None:
    one, other = a_client(17), a_client(18)
    target = client_target(one, a_pooled(one, other), a_role(), {})
    assert find([other, one], target.id) is one
    assert find([other, a_client(17, connected=59)], target.id) is None


def test_what_a_client_is_at_its_backend_tells() -> None:
    backend = a_backend(4711, state=BackendState.IDLE_IN_TRANSACTION, since=3, transaction=4, wrote=True)
    client = a_client(17, ClientState.ACTIVE, backend_pid=4711)
    known = client_target(client, a_pooled(client), a_role(), {4711: backend})
    assert (known.state, known.transaction_started_at, known.has_written) == (
        BackendState.IDLE_IN_TRANSACTION,
        backend.transaction_started_at,
        True,
    )
    unknown = client_target(client, a_pooled(client), a_role(), {})
    assert (unknown.state, unknown.state_since, unknown.has_written) == (BackendState.ACTIVE, client.since, False)


IDLE, TRANSACTION = a_backend(4711), a_backend(4711, state=BackendState.IDLE_IN_TRANSACTION, transaction=4)
LATER = a_backend(4711, state=BackendState.IDLE_IN_TRANSACTION, transaction=1)
WROTE = a_backend(4711, state=BackendState.IDLE_IN_TRANSACTION, transaction=4, wrote=True)
RUNS = a_backend(4711, state=BackendState.ACTIVE, transaction=4)


@pytest.mark.parametrize(
    ("shown", "now", "changed"),
    [
        (None, None, False),
        (None, IDLE, False),
        (None, TRANSACTION, True),
        (TRANSACTION, None, False),
        (TRANSACTION, TRANSACTION, False),
        (TRANSACTION, LATER, True),
        (TRANSACTION, WROTE, True),
        (WROTE, WROTE, False),
        (WROTE, TRANSACTION, False),
        (TRANSACTION, RUNS, True),
        (RUNS, TRANSACTION, False),
        (RUNS, RUNS, False),
        (RUNS, IDLE, False),
    ],
)
def test_only_work_that_was_not_shown_is_a_change(shown: Any, now: Any, changed: bool) -> None:  # noqa: FBT001
    """A client in session mode keeps its backend while it is idle; None is a client without one."""

    def target(backend: Any) -> Any:
        state = ClientState.IDLE if backend is None else ClientState.ACTIVE
        client = a_client(17, state, backend_pid=4711 if backend else None)
        return target_now(client, a_backend().id, "alice", {4711: backend} if backend else {})

    assert has_changed(target(shown), target(now)) is changed


def test_who_waits_now_and_did_not_has_changed() -> None:
    idle, waiting = (
        target_now(a_client(17, s), a_backend().id, "alice", {}) for s in (ClientState.IDLE, ClientState.WAITING)
    )
    assert has_changed(idle, waiting)
    assert not has_changed(waiting, idle)
    assert not has_changed(waiting, waiting)
