"""Every refusal has its mend, of the right address, and names are data."""

import pytest

from bot.doctor.finding import Level
from bot.doctor.refused import judge
from bot.servers.examined import Target

WHERE = Target("db.example.edu", "5433", "connbot", "course")

REFUSALS = {
    'password authentication failed for user "connbot"': "db.example.edu:5433:*:connbot:PASSWORD",
    "no password supplied": "chmod 600",
    'no pg_hba.conf entry for host "10.1.2.3", user "connbot", database "course", no encryption': (
        "hostssl course connbot 10.1.2.3/32 scram-sha-256"
    ),
    'no pg_hba.conf entry for host "2001:db8::1", user "Conn Bot", database "course", SSL encryption': (
        'hostssl course "Conn Bot" 2001:db8::1/128 scram-sha-256'
    ),
    'no pg_hba.conf entry for host "[local]", user "connbot", database "course", no encryption': (
        "local course connbot scram-sha-256"
    ),
    'pg_hba.conf rejects connection for host "10.1.2.3", user "connbot", database "course", SSL encryption': "pg_reload_conf",
    'Peer authentication failed for user "connbot"': "pg_hba.conf",
    'role "connbot" does not exist': 'CREATE ROLE "connbot" LOGIN;',
    'role "connbot" is not permitted to log in': 'ALTER ROLE "connbot" LOGIN;',
    'database "course" does not exist': "dbname=postgres",
    'database "course" is not currently accepting connections': "dbname=postgres",
    'cannot connect to invalid database "course"': "dbname=postgres",
    'permission denied for database "course"': 'GRANT CONNECT ON DATABASE "course" TO "connbot";',
    'too many connections for role "connbot"': 'ALTER ROLE "connbot" CONNECTION LIMIT 5;',
    'too many connections for database "course"': 'ALTER DATABASE "course" CONNECTION LIMIT -1;',
    "remaining connection slots are reserved for roles with the SUPERUSER attribute": "reserved_connections",
    "sorry, too many clients already": "/conns",
    "terminating connection due to idle-session timeout": 'ALTER ROLE "connbot" SET idle_session_timeout = 0;',
    "the database system is in recovery mode": "Wait a minute",
    "Connection refused": "pg_isready -h db.example.edu -p 5433",
    "server closed the connection unexpectedly": "pg_isready",
    "timeout expired": "nc -vz -w 3 db.example.edu 5433",
    "no answer within 10 s": "nc -vz",
    "No route to host": "firewall",
    "could not translate host name": "getent hosts db.example.edu",
    "failed to resolve host": "getent hosts db.example.edu",
    "server does not support SSL": "ALTER SYSTEM SET ssl = on;",
    "certificate verify failed": "sslrootcert",
    "definition of service": "pg_service.conf",
    "No such file or directory": "lacks its host",
    "unsupported startup parameter: options; a pooler stands before the server": "Name the server itself",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_every_refusal_has_its_mend(words: str) -> None:
    found = judge(words, WHERE, "It", named_in="the dsn of servers.class")

    assert found.level is Level.FAULT
    assert found.what.startswith("It cannot be reached: ")
    assert REFUSALS[words] in f"{found.mend} {found.lines}"


@pytest.mark.parametrize("words", ["", "something new"])
def test_of_others_the_very_command_that_tries_it_is_printed(words: str) -> None:
    found = judge(words, WHERE, "It", named_in="the dsn of servers.class")

    assert found.lines == ("psql -h db.example.edu -p 5433 -U connbot -d course",)


def test_names_are_data() -> None:
    found = judge('role "od"d" does not exist', WHERE, "It", named_in="the dsn")
    assert found.lines == ('CREATE ROLE "od""d" LOGIN;',)

    evil = Target("$(reboot)", "5432", "a;b", "c d")
    assert judge("Connection refused", evil, "It", named_in="the dsn").lines == ("pg_isready -h '$(reboot)' -p 5432",)
    assert judge("", evil, "It", named_in="it").lines == ("psql -h '$(reboot)' -p 5432 -U 'a;b' -d 'c d'",)


def test_a_service_is_tried_by_its_name() -> None:
    found = judge("", Target(service="classdb"), "It", named_in="the dsn")

    assert found.lines == ("psql service=classdb",)
