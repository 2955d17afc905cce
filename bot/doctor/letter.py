"""The page for whoever runs the servers: what the bot may and cannot do, each right and scope with its reason, and its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.servers.settings import ServerSettings
from bot.settings import Course
from bot.slack.blocks.text import join, plain, visible
from bot.slack.scopes import APP_SCOPE, SCOPES

_CHANNELS = ("channels:history", "groups:history", "mpim:history")


@dataclass(frozen=True, slots=True)
class ServerAsked:
    """One server as the letter tells of it; '' and None for what is not known."""

    settings: ServerSettings
    role: str
    database: str
    version: int | None
    """The server's version number."""
    failure: str
    """Why it could not be asked."""
    script: str
    """The SQL that gives the bot its rights there."""
    fault: str = ""
    """Why there is no such script, a whole sentence."""
    guarded: bool | None = None
    """Whether the guard is there and used; None: not known."""
    students: tuple[str, ...] = ()
    """Where the configuration names no students, the roles by which the server itself has them."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the bot itself lives."""

    database: str
    """Its own database, as an address without a password."""
    is_file: bool
    over_http: bool
    keyed: bool


def write(course: Course, home: Home, servers: Sequence[ServerAsked]) -> str:
    """Write the letter in Markdown, SQL last."""
    parts = (
        _opening(course),
        _may(course),
        _servers(servers),
        _rights(),
        _slack(course, home),
        _data(home),
        _removal(servers),
        *(_sql(server) for server in servers),
    )
    return "\n".join(parts)


def _opening(course: Course) -> str:
    names = join([plain(server.name) for server in course.servers])
    return f"""# connbot: for whoever runs the database servers

connbot is a Slack bot of the course that uses {names}. When connections left open lock students out ("too many connections"),
it shows students their own connections and closes those that they, or a teaching assistant who may, ask it to close.
Nothing ends before somebody clicks; who asked, by what right, and what came of it is on record.
"""


def _may(course: Course) -> str:
    own = course.commands
    return f"""## What it may do, and what it cannot

It may

- see who is connected: role, database, program, address, state and times of each session (`pg_stat_activity` without the queries);
- see which roles there are, who is a member of what, and the limits of roles, databases and the server;
- end a session, or cancel its running query, if it is one of a member of the students' roles, is still the very session that
  was shown (process, start and role), and somebody who may has confirmed it in Slack ({own.kill}, {own.conns}).

It cannot

- end sessions of superusers, of replication, of service accounts, of staff, or background processes: with the guard (below)
  the server itself refuses that, even to a thief of the bot's password;
- read or change any table, and it never reads the text of a query;
- create, change or drop anything, restart or reconfigure the server, or change a limit;
- act by itself: it has no schedule by which sessions end.

It holds one connection to each server, named `application_name = connbot`, and at most one more for a moment, when one hangs
and is replaced. Each of its statements ends after 2.5 s; it reads when somebody asks, and once in 20 s to see that the
connection lives.{_samples(course)}
"""


def _samples(course: Course) -> str:
    if not course.samples_every:
        return ""
    return f"""
Once in {course.samples_every.total_seconds():.0f} s it counts with one statement how much of each limit is in use and how many connections idle, by role, database,
program and network (/24, or /64); it keeps these counts for a year, thinned with age. `[samples] every = 0` turns that off."""


def _servers(servers: Sequence[ServerAsked]) -> str:
    return "\n".join(("## The servers\n", *(_server(server) for server in servers), ""))


def _server(server: ServerAsked) -> str:
    settings = server.settings
    version = f"PostgreSQL {server.version // 10000}.{server.version % 10000}" if server.version else ""
    version = version or f"version unknown, the server could not be asked ({visible(server.failure)})"
    names = [plain(name) for name in settings.students or server.students]
    students = f"members of {join(names)}" if names else "nobody's sessions yet, because no students' role is named"
    services = f"; never {join([plain(name) for name in settings.services], 'or')}" if settings.services else ""
    where = f"role {plain(server.role or 'unknown')}, database {plain(server.database or 'unknown')}"
    console = ""
    if settings.pgbouncer:
        console = " Its PgBouncer's admin console is asked which clients there are and, where somebody confirmed it, to end one."
    guard = "" if server.guarded is None else f" The guard {'is' if server.guarded else 'is not yet'} in place."
    return f"- **{settings.name}**: {where}; {version}. Can be ended: {students}{services}.{guard}{console}"


def _rights() -> str:
    return """## Rights on PostgreSQL, and why

With the script below it has these and no others. Where the guard is not in place, it can end whatever its role's own rights let it end, and only
its own checks hold it back.

| who | right | why |
|---|---|---|
| the bot's role | LOGIN, CONNECT on one database | to ask; it needs no table and no password stands in the script |
| the bot's role | `pg_read_all_stats` | without it PostgreSQL hides what other roles' sessions are and when they began |
| the bot's role | USAGE on the guard's schema, EXECUTE on its one function | the only way by which it ends anything |
| the bot's role | `pg_use_reserved_connections` (16 and later) | to get in when the server is full, which is when it is needed; `reserved_connections` must be above 0 |
| the guard's role | NOLOGIN, `pg_signal_backend`, `pg_read_all_stats` | the function runs as this role; nobody can log in as it |

The bot is no superuser then and has no `pg_signal_backend` of its own, which would let it end every session that is no superuser's.
The function checks each condition itself, in the statement that signals, with a fixed `search_path`; EXECUTE is taken from PUBLIC.
"""


def _slack(course: Course, home: Home) -> str:
    channels = [*course.help_channels, *filter(None, (course.staff_channel,))]
    scopes = "\n".join(f"| `{scope}` | {reason} |" for scope, reason in SCOPES.items())
    way = (
        "Slack calls it over HTTPS; each request is signed, and those that are not, or are older than 5 minutes, are refused."
        if home.over_http
        else f"It opens the connection to Slack itself (Socket Mode, app-level token with `{APP_SCOPE}`); nothing needs to reach it from outside."
    )
    reads = "It cannot read what is written in channels."
    if SCOPES.keys() & {*_CHANNELS}:
        reads = "It can read what is written in channels that somebody has invited it to, and in no others."
    listed = f" Channels of its configuration: {', '.join(channels)}." if channels else ""
    return f"""## Scopes in Slack, and why

| scope | why |
|---|---|
{scopes}

{reads} {way}{listed}
"""


def _data(home: Home) -> str:
    kind = "an SQLite file that only its owner can read" if home.is_file else "a PostgreSQL database"
    proof = (
        "with a key that is not kept in it (`connbot audit verify`)"
        if home.keyed
        else "without a key, so that whoever can write it could make it anew"
    )
    return f"""## Where data lie, and what is kept of persons

Everything is in the bot's own database, {kind}: `{visible(home.database)}`. What passes through Slack is kept by Slack. Nothing goes anywhere else.

| what | of whom |
|---|---|
| allow-list: Slack ID, grade, server, roles, until when, given by whom | staff |
| links: Slack ID, role, where the link is from, made by whom | students and staff |
| requests: who asked whom for what, when, where in Slack, by what right, the reason they gave; of each session its process, times, database, program, client address, state and how it ended | who asked, and whose role it was |
| the record: the same, and refusals and changes of the allow-list, as a chain in which changes show, {proof} | the same |

E-mail addresses are used while a class list is imported, and not kept. Names are not kept: Slack shows them. Passwords, queries
and messages are never seen. `connbot history` shows what is on record; `connbot forget SLACK_ID` removes a person from all of
it, and the record stays provable.
"""


def _removal(servers: Sequence[ServerAsked]) -> str:
    lines = "\n".join(
        f"connbot doctor --sql {server.settings.name} --remove > remove-{server.settings.name}.sql"
        for server in servers
    )
    return f"""## How to remove everything

At once, on a server: `ALTER ROLE … NOLOGIN;` for the bot's role, then end its session (`application_name = 'connbot'`). For good:

1. Stop `connbot serve`.
2. Print, read and run on each server what takes the function, both roles' rights and what was made for them back:

```sh
{lines}
```

3. In Slack: https://api.slack.com/apps → the app → Basic Information → Delete App.
4. Delete the bot's own database, and its copies beside it, or keep it as the record.
"""


def _sql(server: ServerAsked) -> str:
    title = f"## SQL for {server.settings.name}\n"
    if server.fault:
        return f"{title}\n{server.fault}\n"
    return (
        f"{title}\nPrinted by `connbot doctor --sql {server.settings.name}`.\n\n```sql\n{server.script.rstrip()}\n```\n"
    )
