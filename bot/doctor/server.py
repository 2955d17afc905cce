"""Judges what was seen of one students' server."""

import shlex
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.doctor import console as consoles
from bot.doctor import refused
from bot.doctor.finding import Finding, Section, fault, fine, note, warning
from bot.errors import ServerUnavailable, SetupError
from bot.servers.counting import NO_LIMIT
from bot.servers.examined import ConsoleSeen, Examined, Preset, Target
from bot.servers.guard import GuardStanding
from bot.servers.rights import KNOWS_RESERVED_CONNECTIONS, Cost, Missing, MissingKind, RightsFacts, missing
from bot.servers.settings import ServerSettings
from bot.slack.blocks import lacking
from bot.slack.blocks.lacking import identifier
from bot.slack.blocks.text import join, plain, plural, visible

EXPIRES_SOON = timedelta(days=30)
_WARNINGS = (Cost.REPLACING, Cost.RECONNECTING_WHEN_FULL, Cost.LEAST_RIGHTS, Cost.SEEING_STATES)
_RESERVE = "ALTER SYSTEM SET reserved_connections = 2;"
_SCRIPT_RUNS = "Whoever runs the server reads this script and runs it as superuser"
_GIVEN_BY_SCRIPT = (MissingKind.READ_ALL_STATS, MissingKind.SIGNAL_BACKEND, MissingKind.USE_RESERVED_CONNECTIONS)
_MENDED_BY_SCRIPT = (MissingKind.SIGNAL_BACKEND, MissingKind.GUARD_CHANGED, MissingKind.GUARD_OUTDATED)


def judge(
    settings: ServerSettings,
    target: Target,
    seen: Examined | ServerUnavailable | SetupError,
    now: datetime,
    console: ConsoleSeen | None = None,
) -> Section:
    """Say what is wrong with a server, with the bot's role there, and with its pooler's console where there is one."""
    if isinstance(seen, SetupError):
        findings = [fault(sentence, "") for sentence in seen.faults]
    elif isinstance(seen, ServerUnavailable):
        named_in = f"the dsn of servers.{settings.name}"
        findings = [refused.judge(seen.detail or seen.why, target, "It", named_in=named_in)]
    else:
        findings = [
            *_facts(seen),
            *_lacks(seen, settings.name),
            *_role(seen, settings.name, now),
            *_server(seen, settings),
        ]
    findings += _settings(settings, target)
    if console is not None:
        findings += consoles.judge(settings.name, console)
    return Section(f"Server {settings.name}", tuple(findings))


def _settings(settings: ServerSettings, target: Target) -> Iterable[Finding]:
    if target.holds_password:
        yield warning(
            f"The dsn of servers.{settings.name} holds a password: whoever reads connbot.toml has it.",
            "Take it out of the dsn and put it into the passfile of whoever runs the bot:",
            refused.passfile(target),
        )
    if settings.services and not settings.ask:
        yield note(
            "Nobody is named for its service accounts, so people are not told whom to ask about them.",
            f"Below [servers.{settings.name}]:",
            'ask = "dba@example.edu"',
        )


def _facts(seen: Examined) -> Iterable[Finding]:
    rights = seen.rights
    yield fine(
        f"PostgreSQL {seen.version} answers; the bot is {plain(rights.role)} in the database {plain(rights.database)}."
    )
    if seen.standby:
        yield note(
            "It is a standby: the bot sees and ends the sessions here; those on its primary are another server to it."
        )
    if seen.role_used:
        yield fine(
            f"{plural(seen.role_used, 'other connection')} of {plain(rights.role)} here now: a `connbot serve` that runs."
        )
    ordinary = seen.slots.ordinary
    if seen.used > ordinary:
        yield warning(
            f"It is full now: all {ordinary} ordinary slots are taken. The bot was let in by a reserve.",
            "Free some with /conns in Slack.",
        )
    else:
        yield fine(f"{max(seen.used - 1, 0)} of its {ordinary} ordinary slots are taken now, this check left out.")


def _lacks(seen: Examined, server: str) -> Iterable[Finding]:
    rights = seen.rights
    lacks = missing(rights)
    if {MissingKind.READ_ALL_STATS, MissingKind.SIGNAL_BACKEND} <= {lack.kind for lack in lacks}:
        # A new role: the script gives it all at once.
        yield fault(
            "The bot's role has no rights yet: it can neither show nor end a connection.",
            f"{_SCRIPT_RUNS} (it makes a function that ends students' sessions alone, and lets the bot see who is connected):",
            *_script(server, rights.database),
        )
        lacks = tuple(lack for lack in lacks if lack.kind not in _GIVEN_BY_SCRIPT)
    for lack in lacks:
        yield _lack(lack, server, rights)
    yield from _means(rights, server)
    if rights.students and not rights.unknown_students:
        if seen.students:
            yield fine(
                f"{plural(seen.students, 'role')} can log in as students ({join([plain(name) for name in rights.students])})."
            )
        else:
            group = rights.students[0]
            yield warning(
                f"No role is a member of {join([plain(name) for name in rights.students], 'or')}, so there is nobody whose connections could be ended.",
                "Whoever runs the server adds each student's role (an administrator of the group does not count as one of it):",
                f"GRANT {identifier(group)} TO student_role;",
            )
    if rights.version < KNOWS_RESERVED_CONNECTIONS and not rights.superuser:
        yield note(
            f"PostgreSQL {seen.version} keeps its reserve for superusers alone, so on a full server the bot works by the connection it "
            "holds, and one that starts then finds no way in until a slot is free.",
            "Start the bot before the rush and leave it running. From PostgreSQL 16 on there is a reserve for it.",
        )
    elif rights.uses_reserved and rights.reserved:
        yield fine(f"{plural(rights.reserved, 'slot')} in reserve let it in when the server is full.")


def _means(rights: RightsFacts, server: str) -> Iterable[Finding]:
    """By what right it sees and ends sessions."""
    if rights.guard.usable:
        yield fine("It ends sessions through the guard on the server, which ends students' alone, whoever asks it to.")
        if rights.signals and not rights.superuser:
            yield warning(
                "It has pg_signal_backend as well, which it does not need beside the guard and which ends anybody's sessions.",
                "As superuser there:",
                f"REVOKE pg_signal_backend FROM {identifier(rights.role)};",
            )
    elif rights.classdb and not rights.signals:
        yield fine("It ends sessions through ClassDB's functions, which its role may use.")
    elif rights.reads_all and rights.signals:
        yield fine("It may see every session, and signal all but superusers' (pg_signal_backend).")
        if rights.guard.standing is GuardStanding.ABSENT and not rights.superuser:
            yield note(
                "Whoever stole its password could end anybody's sessions. With a guard on the server it could end students' alone:",
                f"{_SCRIPT_RUNS}, and takes pg_signal_backend back:",
                *_script(server, rights.database),
                f"REVOKE pg_signal_backend FROM {identifier(rights.role)};",
            )


def _lack(lack: Missing, server: str, rights: RightsFacts) -> Finding:
    told = lacking.told(lack)
    say = warning if lack.cost in _WARNINGS else fault
    what = f"{_first(told.what)}."
    if lack.kind in _MENDED_BY_SCRIPT:
        mend = f"{_SCRIPT_RUNS}:" if lack.kind is MissingKind.SIGNAL_BACKEND else _first(told.mend)
        return say(what, mend, *_script(server, rights.database))
    if lack.kind is MissingKind.USE_RESERVED_CONNECTIONS and not rights.reserved:
        return say(what, "As superuser there; the first line takes a restart of the server:", _RESERVE, told.sql)
    if lack.kind is MissingKind.USE_RESERVED_CONNECTIONS:
        return say(what, "As superuser there:", told.sql)
    if told.sql:
        return say(what, _first(told.mend) if told.mend else "As superuser there:", told.sql)
    return say(what, _first(told.mend))


def _script(server: str, database: str) -> tuple[str, str]:
    base = shlex.quote(database)
    return f"connbot doctor --sql {server} > {server}.sql", f"psql -X -v ON_ERROR_STOP=1 -d {base} -f {server}.sql"


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


def _role(seen: Examined, server: str, now: datetime) -> Iterable[Finding]:
    rights, role = seen.rights, identifier(seen.rights.role)
    if rights.superuser:
        yield warning(
            f"{plain(rights.role)} is a superuser: whoever gets hold of its password has the whole server.",
            "Let the bot log in as a role of its own, with the few rights it needs:",
            f"connbot doctor --sql {server}",
        )
    elif seen.attributes:
        yield warning(
            f"{plain(rights.role)} has more rights than the bot uses: {join(seen.attributes)}.",
            "As superuser there, unless somebody else uses the role as well:",
            f"ALTER ROLE {role} {' '.join(f'NO{word}' for word in seen.attributes)};",
        )
    if seen.valid_until is not None and seen.valid_until - now < EXPIRES_SOON:
        over = seen.valid_until <= now
        verb = "ended" if over else "ends"
        yield (fault if over else warning)(
            f"Its password {verb} on {seen.valid_until:%Y-%m-%d}: from then on no new connection gets in.",
            "As superuser there:",
            f"ALTER ROLE {role} VALID UNTIL 'infinity';",
        )
    limit = rights.role_limit
    if limit != NO_LIMIT and not rights.superuser:
        left = limit - seen.role_used
        yield note(
            f"Its role may hold {plural(limit, 'connection')}; {max(left, 0)} of them are free, this check's among them."
        )
    yield from _presets(seen.presets)


def _presets(presets: tuple[Preset, ...]) -> Iterable[Finding]:
    ours = [preset for preset in presets if preset.pinned]
    others = [preset for preset in presets if not preset.pinned]
    if ours:
        yield fine(f"{_named(ours)} {_is(ours)} set for it there; the bot's own settings outrank that.")
    if others:
        yield note(f"{_named(others)} {_is(others)} set for its sessions there, and the bot leaves that so.")


def _named(presets: list[Preset]) -> str:
    return join([f"{preset.name} = {visible(preset.value)} (on the {preset.level})" for preset in presets])


def _is(presets: list[Preset]) -> str:
    return "is" if len(presets) == 1 else "are"


def _server(seen: Examined, settings: ServerSettings) -> Iterable[Finding]:
    if not seen.tracks:
        yield fault(
            "track_activities is off, so nobody can tell what a session does, and none can be ended.",
            "As superuser there:",
            "ALTER SYSTEM SET track_activities = on;",
            "SELECT pg_reload_conf();",
        )
    if seen.language not in ("", "C", "POSIX") and not seen.language.lower().startswith(("c.", "en")):
        yield warning(
            f"It says its refusals in another language (lc_messages = {visible(seen.language)}), and the bot knows them in English: on a full "
            "server people would be told that it refuses, not why.",
            "As superuser there:",
            "ALTER SYSTEM SET lc_messages = 'C';",
            "SELECT pg_reload_conf();",
        )
    if seen.in_the_clear:
        yield warning(
            "The bot comes over the network without TLS: on the way everybody can read what it sees.",
            f"Add to the dsn of servers.{settings.name}; with the authority's certificate at hand, verify-full is better:",
            "sslmode=require",
        )
