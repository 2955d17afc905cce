"""Why a PostgreSQL server did not let the bot in, by the words of the refusal, and the mend of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.doctor.finding import Finding, fault
from bot.servers.examined import Target
from bot.slack.blocks.lacking import identifier
from bot.slack.blocks.text import plain, visible

OPERATOR = "whoever runs the server does this"


@dataclass(frozen=True, slots=True)
class _Mend:
    mend: str
    lines: tuple[str, ...] = ()
    told: str = ""
    """Instead of the words of the refusal, where these say little."""


_Say = Callable[[re.Match[str], Target, str], _Mend]


def judge(words: str, target: Target, subject: str, *, named_in: str) -> Finding:
    """Say why `subject` cannot be reached; `words` are the server's or libpq's, `named_in` is where its address stands."""
    for pattern, say in _REFUSALS:
        if found := re.search(pattern, words):
            mend = say(found, target, named_in)
            return fault(f"{subject} cannot be reached: {mend.told or visible(words)}.", mend.mend, *mend.lines)
    return fault(
        f"{subject} cannot be reached: {visible(words) or 'it does not say why'}.",
        f"Try it by hand from this machine, with the same address as {named_in}, and mend what it says:",
        _psql(target),
    )


def _first(words: str) -> str:
    """Begin a sentence with them."""
    return words[0].upper() + words[1:]


def _psql(target: Target, database: str | None = None) -> str:
    if target.service:
        return f"psql service={target.service}"
    options = (("-h", target.host), ("-p", target.port), ("-U", target.user), ("-d", database or target.database))
    return " ".join(("psql", *(f"{option} {_word(value)}" for option, value in options if value)))


def _word(text: str) -> str:
    if re.fullmatch(r"[\w./:@%+-]+", text):
        return text
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def passfile(target: Target) -> str:
    """The command that adds the password to the passfile, which nobody else may read; PASSWORD stands for it."""
    place = [target.host or "*", target.port or "*", "*", target.user or "*"]
    if target.host.startswith("/"):
        # As libpq looks for a socket.
        place[0] = "localhost"
    entry = ":".join(part.replace("\\", r"\\").replace(":", r"\:") for part in place)
    return f"printf '%s\\n' '{entry}:PASSWORD' >> ~/.pgpass && chmod 600 ~/.pgpass"


def _password(_: re.Match[str], target: Target, __: str) -> _Mend:
    boss = _psql(Target(target.host, target.port, "postgres", "postgres"))
    return _Mend(
        "The password is missing, wrong or has expired. Put it into the passfile of whoever runs the bot, a backslash before each "
        "colon and backslash in it; libpq passes over a file that others can read. A new one is set by \\password:",
        (passfile(target), f"{boss} -c '\\password {target.user or 'connbot'}'"),
    )


def _hba(found: re.Match[str], target: Target, _: str) -> _Mend:
    named = found.groupdict()
    host, database, user = (
        named.get("host") or "",
        named.get("base") or target.database,
        named.get("user") or target.user,
    )
    local = host in ("", "[local]")
    address = "" if local else f" {host}/{128 if ':' in host else 32}"
    kind = "local" if local else "host" if host in ("127.0.0.1", "::1") else "hostssl"
    return _Mend(
        f"{_first(OPERATOR)}: a line in pg_hba.conf before the others, then the reload. A hostssl line lets in only who comes by TLS: "
        "put sslmode=require into the dsn.",
        (f"{kind} {_hba_word(database)} {_hba_word(user)}{address} scram-sha-256", "SELECT pg_reload_conf();"),
    )


def _hba_word(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{name}"'


def _no_role(found: re.Match[str], _: Target, named_in: str) -> _Mend:
    return _Mend(
        f"Look at the user in {named_in}. If there is none yet, {OPERATOR}; `connbot doctor --sql SERVER` "
        "prints all of it, its rights too:",
        (f"CREATE ROLE {identifier(found['name'])} LOGIN;",),
    )


def _login(found: re.Match[str], _: Target, __: str) -> _Mend:
    return _Mend(f"{_first(OPERATOR)}:", (f"ALTER ROLE {identifier(found['name'])} LOGIN;",))


def _no_database(_: re.Match[str], __: Target, named_in: str) -> _Mend:
    return _Mend(f"Name another database in {named_in}: for the bot any will do, such as dbname=postgres.")


def _no_connect(found: re.Match[str], target: Target, named_in: str) -> _Mend:
    role = identifier(target.user) if target.user else "connbot"
    return _Mend(
        f"Name another database in {named_in}, such as dbname=postgres, or {OPERATOR}:",
        (f"GRANT CONNECT ON DATABASE {identifier(found['name'])} TO {role};",),
    )


def _role_limit(found: re.Match[str], _: Target, __: str) -> _Mend:
    return _Mend(
        f"The limit is the bot's own role's, and somebody holds it all: another `connbot serve`? {_first(OPERATOR)}:",
        (f"ALTER ROLE {identifier(found['name'])} CONNECTION LIMIT 5;",),
    )


def _database_limit(found: re.Match[str], _: Target, named_in: str) -> _Mend:
    return _Mend(
        f"Let the bot log in to a database without a limit: dbname=postgres in {named_in}. Or {OPERATOR}:",
        (f"ALTER DATABASE {identifier(found['name'])} CONNECTION LIMIT -1;",),
    )


def _full(_: re.Match[str], target: Target, __: str) -> _Mend:
    return _Mend(
        "The server is full now. A `connbot serve` that was started before keeps its connection and works: free slots with /conns in "
        "Slack, then look again. One that starts now tries again by itself. On PostgreSQL 16 and later a reserve would let it in; "
        f"{OPERATOR}, and restarts the server at a quiet hour:",
        (
            "ALTER SYSTEM SET reserved_connections = 2;",
            f"GRANT pg_use_reserved_connections TO {identifier(target.user or 'connbot')};",
        ),
    )


def _pooler(_: re.Match[str], __: Target, named_in: str) -> _Mend:
    return _Mend(
        f"{_first(named_in)} names a pooler. Name the server itself, host and port: the bot holds one connection, which a pooler would only lend."
    )


def _cut_off(found: re.Match[str], target: Target, _: str) -> _Mend:
    setting = f"{found['what'].replace('-', '_')}_timeout"
    role = identifier(target.user or "connbot")
    return _Mend(
        f"Its {setting} is so short that a session ends before the bot has set its own. {_first(OPERATOR)}:",
        (f"ALTER ROLE {role} SET {setting} = 0;",),
    )


def _starting(_: re.Match[str], __: Target, ___: str) -> _Mend:
    return _Mend(
        "The server starts, stops or recovers. Wait a minute and look again; if it stays so, its log says why."
    )


def _nobody_listens(_: re.Match[str], target: Target, named_in: str) -> _Mend:
    options = "".join(
        f" {option} {_word(value)}" for option, value in (("-h", target.host), ("-p", target.port)) if value
    )
    return _Mend(
        f"Nothing listens there: the server is down, or host or port in {named_in} are another's, or its listen_addresses "
        "leaves out this network. Ask it:",
        (f"pg_isready{options}",),
    )


def _silent(_: re.Match[str], target: Target, __: str) -> _Mend:
    host = _word(target.host or "HOST")
    return _Mend(
        "Nothing answers: usually a firewall, or this machine is outside the network or VPN the server is in. See whether this "
        "connects; if it does not, ask the network's people to let this machine in:",
        (f"nc -vz -w 3 {host} {target.port or '5432'}",),
    )


def _no_such_host(_: re.Match[str], target: Target, named_in: str) -> _Mend:
    return _Mend(
        f"This machine knows no such host: look at its spelling in {named_in}, and whether this finds it:",
        (f"getent hosts {_word(target.host or 'HOST')}",),
    )


def _tls(_: re.Match[str], __: Target, named_in: str) -> _Mend:
    return _Mend(
        f"{_first(named_in)} asks for TLS by sslmode, which the server does not offer. {_first(OPERATOR)}, with a certificate in place:",
        ("ALTER SYSTEM SET ssl = on;", "SELECT pg_reload_conf();"),
    )


def _certificate(_: re.Match[str], __: Target, named_in: str) -> _Mend:
    return _Mend(
        "The server's certificate is not one that this machine trusts, or is made out to another name. Ask whoever runs the server for the "
        f"file of the authority that signed it, and add it to {named_in}:",
        ("sslmode=verify-full sslrootcert=/path/to/root.crt",),
    )


def _service(_: re.Match[str], target: Target, __: str) -> _Mend:
    return _Mend(
        "There is no such service for whoever runs the bot. Write it into ~/.pg_service.conf, or name the file in PGSERVICEFILE:",
        (f"[{target.service or 'classdb'}]", "host=db.example.edu", "dbname=postgres", "user=connbot"),
        f"this machine has no service {plain(target.service)}" if target.service else "",
    )


def _socket(_: re.Match[str], __: Target, named_in: str) -> _Mend:
    return _Mend(
        f"It was looked for on this machine, in a file that is not there. If the server is elsewhere, {named_in} lacks its host:",
        ("host=db.example.edu",),
    )


_NAME = '"(?P<name>.*)"'
_REFUSALS: tuple[tuple[str, _Say], ...] = (
    (r"unsupported startup parameter|a pooler stands before", _pooler),
    (r"password authentication failed|no password supplied", _password),
    (r'no pg_hba\.conf entry for host "(?P<host>[^"]*)", user "(?P<user>.*?)", database "(?P<base>.*?)"', _hba),
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects|authentication failed for user", _hba),
    (rf"role {_NAME} does not exist", _no_role),
    (rf"role {_NAME} is not permitted to log in", _login),
    (rf"database {_NAME} (does not exist|is not currently accepting)|invalid database", _no_database),
    (rf"permission denied for database {_NAME}", _no_connect),
    (rf"too many connections for role {_NAME}", _role_limit),
    (rf"too many connections for database {_NAME}", _database_limit),
    (r"remaining connection slots are reserved|too many clients already", _full),
    (r"due to (?P<what>idle-session|transaction|statement) timeout", _cut_off),
    (r"the database system is", _starting),
    (r"Connection refused|Connection reset|server closed the connection", _nobody_listens),
    (r"could not translate host name|failed to resolve host", _no_such_host),
    (r"timeout expired|No route to host|Network is unreachable|no (connection|answer) within", _silent),
    (r"does not support SSL", _tls),
    (r"certificate verify failed", _certificate),
    (r"definition of service", _service),
    (r"No such file or directory", _socket),
)
"""By the words of the refusal, the first that fits."""
