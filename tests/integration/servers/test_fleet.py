import asyncio
import socket

import pytest

from bot.errors import ServerUnavailable, UnknownServer
from bot.servers.fleet import Fleet
from bot.servers.settings import ServerSettings
from tests.eventually import eventually
from tests.integration.servers.conftest import Class


def settings(name: str) -> ServerSettings:
    return ServerSettings(name, "host=127.0.0.1 port=1")


def test_the_server_meant_is_the_one_named_else_the_default_else_the_first() -> None:
    fleet = Fleet([settings("a"), settings("b")])
    assert fleet.choose().name == fleet.choose(None).name == "a"
    assert fleet.choose("b").name == "b"
    assert Fleet([settings("a"), settings("b")], "b").choose().name == "b"
    assert fleet.names == tuple(fleet.servers) == ("a", "b")
    assert fleet.settings("b").name == "b"


@pytest.mark.parametrize("name", ["c", "A", "", "<!channel>"])
def test_a_server_of_no_such_name_is_told_with_those_there_are(name: str) -> None:
    fleet = Fleet([settings("a"), settings("b")])
    with pytest.raises(UnknownServer) as unknown:
        fleet.settings(name)
    assert (unknown.value.name, unknown.value.known) == (name, ("a", "b"))
    if name:
        with pytest.raises(UnknownServer):
            fleet.choose(name)


def test_a_fleet_of_none_knows_no_server() -> None:
    with pytest.raises(UnknownServer):
        Fleet([]).choose()


async def test_a_server_that_cannot_be_reached_stops_nobody(course: Class) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]} user=x"
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with Fleet(
            [ServerSettings("dead", dsn), ServerSettings("gone", "host=127.0.0.1 port=1"), course.settings()]
        ) as fleet:
            assert loop.time() - began < 4
            await fleet.choose("class").clock()
            for name in ("dead", "gone"):
                with pytest.raises(ServerUnavailable) as told:
                    await fleet.choose(name).clock()
                assert told.value.server == name
    assert await eventually(lambda: course.sessions() == 0)


async def test_a_server_that_comes_later_is_found(course: Class) -> None:
    course.postgres.halt()
    async with Fleet([course.settings()]) as fleet:
        server = fleet.choose()
        assert server.failure
        course.postgres.start()
        await eventually(lambda: server.failure is None, within=10)
        await server.clock()
        assert course.sessions() == 1
