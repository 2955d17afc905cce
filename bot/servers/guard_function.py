"""The guard itself: the function's text, how it is asked, and how it is known again on a server.

The text is what a server is compared with: whatever changes it makes the bot pass over every guard that is installed, until
the script is run there again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

from psycopg import sql

from bot.servers.guard import ABSENT, GuardStanding, GuardState
from bot.servers.queries import GROUPS
from bot.servers.settings import ServerSettings
from bot.servers.signals import Means

FUNCTION = "signal_student"
ARGUMENTS = "pid integer, started_at timestamp with time zone, role_oid oid, action text"
TYPES = ", ".join(argument.split(" ", 1)[1] for argument in ARGUMENTS.split(", "))
SEARCH_PATH = "pg_catalog, pg_temp"
_SUFFIX = "_guard"
_LONGEST_NAME = 63
_LISTS = {"<students>": "students", "<services>": "services"}
_STUDENTS, _SERVICES = _LISTS

_GROUPS = indent(dedent(GROUPS).strip(), " " * 20).strip()
_TEMPLATE = f"""
    -- A look at the sessions is kept until the end of a transaction: take a new one, for by now a pid may be another's.
    SELECT pg_stat_clear_snapshot();

    SELECT CASE
            WHEN session.pid IS NULL THEN 'gone'
            WHEN session.may_be_ended IS NOT TRUE THEN 'refused'
            -- Such a transaction would be shown who were students when it began.
            WHEN current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN 'refused'
            WHEN action = 'test' THEN 'allowed'
            WHEN action = 'terminate' THEN
                CASE WHEN pg_terminate_backend(session.pid) THEN 'signalled' ELSE 'not_signalled' END
            WHEN action = 'cancel' THEN
                CASE WHEN pg_cancel_backend(session.pid) THEN 'signalled' ELSE 'not_signalled' END
            ELSE 'refused' END
    FROM (SELECT) AS answer
    LEFT JOIN (
        SELECT now.pid,
            now.pid <> pg_backend_pid()
            AND now.backend_type = 'client backend'
            AND NOT role.rolsuper
            AND NOT role.rolreplication
            AND role.rolname <> ALL (ARRAY[{_SERVICES}]::text[])
            AND (
                role.rolname = ANY (ARRAY[{_STUDENTS}]::text[])
                -- A membership with ADMIN OPTION, and one through another role that can log in, make no student.
                OR EXISTS (SELECT FROM (
                    {_GROUPS}
                ) AS its(name) WHERE its.name = ANY (ARRAY[{_STUDENTS}]::text[]))
            ) AS may_be_ended
        FROM pg_stat_get_activity({FUNCTION}.pid) AS now
        JOIN pg_roles AS role ON role.oid = now.usesysid
        WHERE now.pid = {FUNCTION}.pid
            AND now.backend_start = {FUNCTION}.started_at
            AND now.usesysid = {FUNCTION}.role_oid
    ) AS session ON true;
"""
_PIECES = re.split(f"({_STUDENTS}|{_SERVICES})", _TEMPLATE)
_A_LITERAL = r"(?:'(?:[^'\\]|'')*'|E'(?:[^'\\]|''|\\\\)*')"
_A_LIST = rf"(?:{_A_LITERAL}(?:, {_A_LITERAL})*)?"


def _pattern() -> Iterator[str]:
    """The text with any lists, each the same wherever it stands."""
    seen = set()
    for piece in _PIECES:
        if piece not in _LISTS:
            yield re.escape(piece)
        elif piece in seen:
            yield f"(?P={_LISTS[piece]})"
        else:
            seen.add(piece)
            yield f"(?P<{_LISTS[piece]}>{_A_LIST})"


_OURS = re.compile("".join(_pattern()))

PROBE = """
SELECT p.prosrc AS source,
    p.prosecdef AND p.proconfig = ARRAY['search_path=' || %(search_path)s] AND l.lanname = 'sql' AND p.prokind = 'f'
        AND p.provolatile = 'v' AND p.proparallel = 'u' AND NOT p.proisstrict AND NOT p.proretset AND NOT p.proleakproof
        AND p.prorettype = 'text'::regtype AND p.prosqlbody IS NULL AND pg_get_function_arguments(p.oid) = %(arguments)s
        AS settings,
    owner.rolname = %(guard)s AND NOT (owner.rolcanlogin OR owner.rolsuper OR owner.rolcreaterole OR owner.rolcreatedb
        OR owner.rolreplication OR owner.rolbypassrls) AS owner,
    NOT EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
        WHERE acl.grantee <> p.proowner AND (acl.grantee <> own.oid OR acl.is_grantable)
    ) AS grants,
    NOT EXISTS (
        SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS acl
        WHERE acl.grantee <> n.nspowner
            AND (acl.grantee <> own.oid OR acl.privilege_type <> 'USAGE' OR acl.is_grantable)
    ) AND n.nspowner <> own.oid
        -- A call of another of that name could be found to be meant just as well.
        AND NOT EXISTS (SELECT FROM pg_proc AS other WHERE other.pronamespace = n.oid AND other.oid <> p.oid) AS schema,
    pg_has_role(p.proowner, 'pg_signal_backend', 'USAGE') AND pg_has_role(p.proowner, 'pg_read_all_stats', 'USAGE')
        AND NOT EXISTS (
            SELECT FROM pg_auth_members AS m JOIN pg_roles AS its ON its.oid = m.roleid
            WHERE m.member = p.proowner
                AND (its.rolname NOT IN ('pg_signal_backend', 'pg_read_all_stats') OR m.admin_option)
        ) AS rights,
    -- Since PostgreSQL 16 whoever made the role may admit others to it, without being able to act as it.
    NOT EXISTS (
        SELECT FROM pg_auth_members AS m
        WHERE m.roleid = p.proowner AND coalesce(
            (to_jsonb(m) ->> 'set_option')::bool OR (to_jsonb(m) ->> 'inherit_option')::bool, true
        )
    ) AS members,
    has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE') AS execute
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
JOIN pg_roles AS owner ON owner.oid = p.proowner
JOIN pg_roles AS own ON own.rolname = current_user
WHERE n.nspname = %(guard)s AND p.proname = %(function)s
    AND oidvectortypes(p.proargtypes) = %(types)s
"""
"""The guard as the catalogue has it; no row: there is none. Needs no right."""


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """A row of `PROBE`: the text of the function, and of all else whether it is as our script makes it."""

    source: str
    settings: bool
    owner: bool
    grants: bool
    schema: bool
    rights: bool
    members: bool
    execute: bool


def guard_name(role: str) -> str:
    """The name of the guard role and of its schema, for the bot's own role."""
    return role.encode()[: _LONGEST_NAME - len(_SUFFIX)].decode("utf-8", "ignore") + _SUFFIX


def body(students: Sequence[str], services: Sequence[str]) -> str:
    """The function's text for these roles."""
    lists = {_STUDENTS: _listed(students), _SERVICES: _listed(services)}
    return "".join(lists.get(piece, piece) for piece in _PIECES)


def asked_about(role: str) -> dict[str, str]:
    """What `PROBE` is asked for the guard of the bot's role."""
    named = {"guard": guard_name(role), "function": FUNCTION, "arguments": ARGUMENTS, "types": TYPES}
    return {**named, "search_path": SEARCH_PATH}


def means(role: str) -> Means:
    """How sessions are signalled through the guard of the bot's role."""
    # It stands in a statement with placeholders.
    function = sql.Identifier(guard_name(role), FUNCTION).as_string().replace("%", "%%")

    def answer(action: str) -> str:
        return f"{function}(target.pid, target.started_at, target.role_oid, '{action}'::text)"

    return Means(
        # One that ended since is no refusal: the signal will find that out.
        allowed=f"{answer('test')} <> 'refused'",
        send=f"{answer('terminate')} = 'signalled'",
        cancel=f"{answer('cancel')} = 'signalled'",
    )


def judge(facts: GuardFacts | None, settings: ServerSettings) -> GuardState:
    """Say of the guard that was found whether it is ours, to the letter, and for the present configuration."""
    if facts is None:
        return ABSENT
    found = _OURS.fullmatch(facts.source)
    checks = ("settings", "owner", "grants", "schema", "rights", "members", "execute")
    if wrong := [*(["source"] if found is None else []), *(name for name in checks if not getattr(facts, name))]:
        return GuardState(GuardStanding.CHANGED, tuple(wrong))
    wanted = {"students": _listed(settings.students), "services": _listed(settings.services)}
    listed = found.groupdict() if found else {}
    stale = tuple(sorted(name for name, text in listed.items() if text != wanted[name]))
    return GuardState(GuardStanding.OUTDATED if stale else GuardStanding.STANDING, stale)


def _listed(names: Sequence[str]) -> str:
    # No role has a name with a NUL, and no text either.
    return ", ".join(literal(name) for name in sorted(set(names)) if "\0" not in name)


def literal(text: str) -> str:
    """Quote a text for SQL, so that it reads the same whatever the settings of the session."""
    return sql.Literal(text).as_string().strip()
