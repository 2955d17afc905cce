"""The scripts that a server's administrator runs: one gives the bot the least rights it can work with, one takes all of it back.

They hold no password. Whatever they find there decides what they do, so that the first can be run again and the other knows
what was there before: what was changed is noted in the guard role's comment.
"""

import re
from dataclasses import dataclass

from psycopg import sql

from bot.errors import SetupError
from bot.servers.guard_blocks import ACCESS, CHECK, REMOVE, ROLES, SCHEMA
from bot.servers.guard_function import ARGUMENTS, FUNCTION, SEARCH_PATH, TYPES, body, guard_name, literal
from bot.servers.rights import KNOWS_RESERVED_CONNECTIONS, OLDEST_SUPPORTED
from bot.servers.settings import ServerSettings

_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bot logs in; `version` is the server's version number, None when it could not be asked."""

    role: str
    database: str
    version: int | None = None
    students: tuple[str, ...] = ()
    """Where the configuration names no students, the roles by which the server itself has them."""


def install(settings: ServerSettings, place: Place) -> str:
    """Return the script that makes role, guard role and guard function; raises `SetupError` where none can be made."""
    _check(settings, place)
    names = _Names(place)
    function = names.function
    text = body(settings.students or place.students, settings.services)
    quote = _dollar_quote(text)
    return "\n".join(
        (
            _comment(
                f"The least rights that connbot can work with, for {_which(place)}: server {_shown(settings.name)} of its",
                f"configuration, database {_shown(place.database)}.",
                "",
                "connbot is a Slack bot that ends connections of a database course's students when somebody who may do so asks for it.",
                f"Its own role {_shown(place.role)} gets the right to see who is connected, and to call one function that is made here. The",
                "function ends a session, or cancels its query, only if it still is the session that was meant (process, time of its",
                "start and role), a client's, and a student's: never a superuser's, a replication role's, a service's, staff's or a",
                f"background process. It does so with the rights of the role {_shown(guard_name(place.role))}, which nobody can log in as. Whoever steals",
                "the bot's password can therefore end students' sessions, and no others.",
                "",
                "How to run it: stop at the first error. All of it is one transaction.",
                f"    psql -X -v ON_ERROR_STOP=1 -d {_shown(place.database)} -f THIS_FILE",
                "Who can run it: a superuser. Where there is none (managed services): a role with CREATEROLE, with CREATE on this",
                "database and, from PostgreSQL 16 on, with ADMIN OPTION on pg_signal_backend, pg_read_all_stats and",
                "pg_use_reserved_connections. Where one of those cannot be had the script stops and changes nothing.",
                f"Afterwards, if the role is new: give it a password with  \\password {_shown(place.role)}  in psql. No password stands here.",
                "It can be run again, and must be after students or services were changed in connbot.toml, or connbot or PostgreSQL",
                f"was upgraded; what is as it should be stays. To take it all back: connbot doctor --sql {settings.name} --remove",
            ),
            _begin(),
            _comment("1. Is this the right place, and is nothing in the way?"),
            names.block(CHECK),
            _comment(
                "2. The bot's role, which is kept if it exists, and the guard role. What this changes is noted in the guard role's",
                "   comment, so that it can be taken back.",
            ),
            names.block(ROLES),
            _comment("3. A schema for the function alone, so that nobody else can put anything beside it."),
            names.block(SCHEMA),
            _comment(
                "4. The function. Between its look and its signal a process can still end by itself; another process would have to take",
                "   its number within those microseconds to be hit instead, and PostgreSQL offers no way to rule that out.",
            ),
            f"CREATE OR REPLACE FUNCTION {function}",
            "    RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER",
            f"    SET search_path = {SEARCH_PATH}",
            f"    AS {quote}{text}{quote};",
            f"ALTER FUNCTION {function} OWNER TO {names.guard};",
            f"COMMENT ON FUNCTION {function} IS",
            "    'Ends (terminate) or cancels (cancel) a student''s session for connbot, or says whether it would (test).';",
            "",
            _comment("5. Nobody but the bot may call it."),
            names.block(ACCESS),
            "COMMIT;",
            "",
        )
    )


def removal(settings: ServerSettings, place: Place) -> str:
    """Return the script that takes back what the other one did; raises `SetupError` where none can be made."""
    _check(settings, place)
    names = _Names(place)
    return "\n".join(
        (
            _comment(
                f"Takes back what the script of  connbot doctor --sql {settings.name}  did in database {_shown(place.database)}: the function,",
                f"its schema, the role {_shown(guard_name(place.role))}, and of the role {_shown(place.role)} what was not there before: its grants, or the role",
                "itself if the script made it. Stop the bot first. What else was granted to a role keeps it from being dropped: then",
                "the script stops and changes nothing.",
                "",
                f"    psql -X -v ON_ERROR_STOP=1 -d {_shown(place.database)} -f THIS_FILE",
                "Who can run it: whoever could run the other.",
            ),
            _begin(),
            names.block(CHECK),
            names.block(REMOVE),
            "COMMIT;",
            "",
        )
    )


class _Names:
    """The names that the statements are about, quoted."""

    def __init__(self, place: Place) -> None:
        name = guard_name(place.role)
        self.bot = sql.Identifier(place.role).as_string()
        self.guard = sql.Identifier(name).as_string()
        self.function = f"{self.guard}.{FUNCTION}({ARGUMENTS})"
        rights = ["pg_read_all_stats"]
        if place.version is None or place.version >= KNOWS_RESERVED_CONNECTIONS:
            rights.append("pg_use_reserved_connections")
        self._constants = {
            "base": ("text", literal(place.database)),
            "bot": ("text", literal(place.role)),
            "guard": ("text", literal(name)),
            "the_function": ("text", literal(f"{self.guard}.{FUNCTION}({TYPES})")),
            "made_for": ("integer", "NULL" if place.version is None else str(place.version // 10000)),
            "rights": ("text[]", f"ARRAY[{', '.join(map(literal, rights))}]"),
            "grants_apart": ("boolean", "current_setting('server_version_num')::integer >= 160000"),
            "note_begins": (
                "text",
                literal("Guard of connbot (connbot doctor --sql). For --remove, what was changed: "),
            ),
            "schema_note": ("text", literal("Guard of connbot (connbot doctor --sql).")),
            "made_here": ("text", literal("Role of connbot, made by connbot doctor --sql.")),
        }

    def block(self, text: str) -> str:
        """An anonymous block; what it is about stands in its first lines, as constants."""
        declared = "".join(
            f"    {name} CONSTANT {kind} := {value};\n"
            for name, (kind, value) in self._constants.items()
            if re.search(rf"\b{name}\b", text)
        )
        code = text.replace("DECLARE\n", f"DECLARE\n{declared}", 1).strip("\n")
        quote = _dollar_quote(code)
        return f"DO {quote}\n{code}\n{quote};\n"


def _begin() -> str:
    return (
        "BEGIN;\n"
        "-- No object of this database is to be taken for one of PostgreSQL's own.\n"
        f"SET LOCAL search_path = {SEARCH_PATH};\n"
        "SET LOCAL client_encoding = 'UTF8';\n"
        "SET LOCAL standard_conforming_strings = on;\n"
    )


def _check(settings: ServerSettings, place: Place) -> None:
    faults = []
    if place.version is not None and place.version < OLDEST_SUPPORTED:
        faults.append(
            f"Server {settings.name} is PostgreSQL of version number {place.version}, which is not supported: 14 is the oldest that is."
        )
    faults += [
        f"The dsn of servers.{settings.name} names the {what} {name!r}, which can be none of PostgreSQL's: mend the dsn."
        for what, name in (("role", place.role), ("database", place.database))
        if not name or "\0" in name or len(name.encode()) > _LONGEST_NAME
    ]
    if faults:
        raise SetupError(tuple(faults))


def _which(place: Place) -> str:
    if place.version is None:
        return f"PostgreSQL {OLDEST_SUPPORTED // 10000} and later"
    return f"PostgreSQL {place.version // 10000}"


def _shown(name: str) -> str:
    """A name inside a comment, on one line whatever it holds."""
    return '"' + "".join(letter if letter.isprintable() else "?" for letter in name) + '"'


def _comment(*lines: str) -> str:
    return "\n".join(f"-- {line}".rstrip() for line in lines)


def _dollar_quote(text: str) -> str:
    number, quote = 0, "$connbot$"
    while quote in text:
        number += 1
        quote = f"$connbot{number}$"
    return quote
