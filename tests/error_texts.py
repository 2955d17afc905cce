"""How clients print a server's refusal, and what happens to it on its way into a chat; both always the same."""

import json
import re
from collections.abc import Callable

Client = Callable[[str, str, str], str]
"""Of the client's own prefix, the server's severity and its sentence: what the client prints."""

NODE = """error: {said}
    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:287:11)
    at Socket.<anonymous> (/app/node_modules/pg-protocol/dist/index.js:11:42) {{
  severity: '{severity}',
  code: '53300',
  routine: 'InitializeSessionUserId'
}}"""
PSYCOPG2 = """Traceback (most recent call last):
  File "/home/ann/exercise3/load.py", line 4, in <module>
    conn = psycopg2.connect(host="db", user="ann")
psycopg2.OperationalError: {prefix} {severity}:  {said}
"""
JDBC = """org.postgresql.util.PSQLException: {severity}: {said}
\tat org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:693)
\tat Exercise3.main(Exercise3.java:12)"""
PHP = "PHP Fatal error:  Uncaught PDOException: SQLSTATE[08006] [7] {prefix} {severity}:  {said} in /var/www/db.php:12\nStack trace:\n#0"
SQLALCHEMY = "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) {prefix} {severity}:  {said}\n\n(Background on this error at: https://sqlalche.me/e/20/e3q8)"


def _shape(shape: str) -> Client:
    return lambda prefix, severity, said: shape.format(prefix=prefix, severity=severity, said=said)


def _pg8000(_: str, severity: str, said: str) -> str:
    fields = {"S": severity, "V": "FATAL", "C": "53300", "M": said, "F": "miscinit.c", "R": "InitializeSessionUserId"}
    return f"pg8000.exceptions.DatabaseError: {fields!r}"


WITH_PREFIX: dict[str, Client] = {
    "psql": _shape("psql: error: {prefix} {severity}:  {said}"),
    "psycopg2": _shape(PSYCOPG2),
    "psycopg": _shape("psycopg.OperationalError: connection failed: {prefix} {severity}:  {said}"),
    "SQLAlchemy": _shape(SQLALCHEMY),
    "PDO": _shape(PHP),
    "pg_connect": _shape("Warning: pg_connect(): Unable to connect to PostgreSQL server: {prefix} {severity}:  {said} in a.php"),
    "Ruby": _shape("PG::ConnectionBad: {prefix} {severity}:  {said}"),
    "pgAdmin": _shape("Unable to connect to server:\n\n{prefix} {severity}:  {said}"),
}  # fmt: skip
WITHOUT_PREFIX: dict[str, Client] = {
    "asyncpg": _shape("asyncpg.exceptions.TooManyConnectionsError: {said}"),
    "pg8000": _pg8000,
    "node": _shape(NODE),
    "postgres.js": _shape(
        "PostgresError: {said}\n    at ErrorResponse (file:///app/postgres/src/connection.js:790:26)"
    ),
    "JDBC": _shape(JDBC),
    "DBeaver": _shape("SQL Error [53300]: {severity}: {said}"),
    "Npgsql": _shape("Npgsql.PostgresException (0x80004005): 53300: {said}\n   at Npgsql.Internal.NpgsqlConnector"),
    "lib/pq": _shape("2026/11/20 23:41:07 pq: {said}"),
    "pgx": _shape("server error: {severity}: {said} (SQLSTATE 53300)"),
    "Postgrex": _shape("** (Postgrex.Error) FATAL 53300 (too_many_connections) {said}"),
    "the server's log": _shape("2026-11-20 23:41:07.123 UTC [4711] {severity}:  {said}"),
}
CLIENTS = {**WITH_PREFIX, **WITHOUT_PREFIX}

NAMES = (
    "alice",
    "Ana María",
    "grp_07",
    'o"brien',
    'o"dd "name"',
    '"quoted"',
    "<!channel>",
    "a&b",
    "名前",
    "back\\slash",
    "50%",
    "alice@uni.example",
    "*bold*",
    "`tick`",
    "😀",
    "x: y",
    "(paren)",
    "it's",
)
"""Names that a role can have."""


def _smart(text: str) -> str:
    text = re.sub(r'(^|[\s(\[{:»«])"', "\\1\u201c", text)
    return text.replace('"', "\u201d").replace("'", "\u2019")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _broken(text: str, width: int = 38) -> str:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


MANGLED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "smart quotes": _smart,
    "Slack's entities": _escaped,
    "code": lambda text: f"```\n{text}\n```",
    "inline code": lambda text: f"`{text}`",
    "quoted": lambda text: "\n".join(f"&gt; {line}" for line in _escaped(text).split("\n")),
    "hard blanks": lambda text: text.replace(" ", "\u00a0"),
    "broken lines": _broken,
    "JSON": lambda text: json.dumps({"error": text}, ensure_ascii=False),
    "JSON in ASCII": lambda text: json.dumps({"error": text}),
    "told": lambda text: f"hi all, for an hour I get this:\n{text}\nis the server down? please help",
    "bold": lambda text: f"*{text}*",
}
