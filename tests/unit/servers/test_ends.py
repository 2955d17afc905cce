import pytest

from bot.servers.ends import addresses, port
from bot.servers.settings import ServerSettings


@pytest.mark.parametrize(
    ("dsn", "hosts", "meant"),
    [
        ("host=db.example.edu port=5433 user=x", {"db.example.edu", ""}, 5433),
        ("postgresql://x@db.example.edu/class", {"db.example.edu", ""}, 5432),
        ("host=one,two hostaddr=10.0.0.1,10.0.0.2 port=1,2", {"one", "two", "10.0.0.1", "10.0.0.2"}, 1),
        ("service=classdb", {""}, 5432),
        ("host=", {""}, 5432),
        ("no such thing", {""}, 0),
        ("port=x", {""}, 0),
    ],
)
def test_where_a_server_is(dsn: str, hosts: set[str], meant: int) -> None:
    settings = ServerSettings("class", dsn)
    assert addresses(settings) == hosts
    assert port(settings) == meant
