import pytest

from bot.servers.clients import Client, client_of


@pytest.mark.parametrize(
    ("application_name", "client"),
    [
        ("pgAdmin 4 - DB:class", Client("pgAdmin", keeps_extra=True)),
        ("pgAdmin 4 - CONN:1234567", Client("pgAdmin", keeps_extra=True)),
        ("DBeaver 24.1.0 - Main <class>", Client("DBeaver", keeps_extra=True)),
        ("DBeaver 24.1.0 - SQLEditor <Script-3.sql>", Client("DBeaver", keeps_extra=True)),
        ("DataGrip 2025.1.3", Client("DataGrip", keeps_extra=True)),
        ("vscode-pgsql", Client("VS Code", keeps_extra=True)),
        ("psql", Client("psql")),
        ("psql - 10.0.0.7:53122", Client("psql")),
        ("PostgreSQL JDBC Driver", Client("PostgreSQL JDBC Driver")),
        ("homework 1.2.3", Client("homework")),
        ("worker-1", Client("worker-1")),
        ("team 7", Client("team 7")),
        ("<!channel> *pay*", Client("<!channel> *pay*")),
        ("", Client("")),
        ("   ", Client("")),
    ],
)
def test_a_client_has_one_name_whatever_its_tab_and_version(application_name: str, client: Client) -> None:
    assert client_of(application_name) == client
