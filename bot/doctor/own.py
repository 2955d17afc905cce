"""Judges the bot's own database: whether it can be used, what state it is in, and where it lies."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.access.member import Grade, Member
from bot.causes.refusal import recognise_refusal
from bot.doctor import refused
from bot.doctor.finding import Finding, Section, fault, fine, note, warning
from bot.servers.examined import Target
from bot.slack.blocks.lacking import identifier
from bot.slack.blocks.text import join, plain, plural, visible
from bot.storage.examined import VERSIONS, FileSeen, OwnSeen, PostgresqlSeen

VARIABLE = "CONNBOT_DATABASE_URL"
POOL = 3
"""Connections that `connbot serve` keeps, and that each command takes while it runs."""
LITTLE = 200_000_000
"""Bytes on the disk below which the record may soon find no room."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is read from the database itself, where its schema is ours."""

    teams: tuple[str, ...]
    """The workspaces it has met, the first one first."""
    members: tuple[Member, ...]
    """The allow-list of the workspace that is served, grants that are over left out."""


def judge(seen: OwnSeen, *, head: str, keyed: bool, kept: Kept | None, team: str, watched: Sequence[str]) -> Section:
    """Say what is wrong; `head` is our schema's revision, `team` the token's workspace, `watched` the servers it lies on."""
    findings: list[Finding] = [fault(seen.fault, "")] if seen.fault else []
    if seen.file is not None:
        findings += _file(seen.file)
    if seen.failure:
        findings.append(_unreachable(seen))
    elif seen.now is not None:
        findings += _schema(seen, head)
        findings += _writing(seen)
        if seen.postgresql is not None:
            findings += _server(seen.postgresql, watched)
    findings.append(_key(keyed=keyed))
    if kept is not None:
        findings += _kept(kept, team)
    return Section("The bot's own database", tuple(findings))


def _file(file: FileSeen) -> Iterable[Finding]:
    path, folder = shlex.quote(str(file.path)), shlex.quote(str(file.path.parent))
    if not file.there:
        if file.folder_writable:
            yield note(
                f"{visible(str(file.path))} is not there yet: `connbot serve`, or any command that stores, makes it."
            )
        else:
            yield fault(
                f"{visible(str(file.path))} is not there, and cannot be made: its folder is missing or not ours to write.",
                f"As root, with the name of whoever runs connbot; or name another place in {VARIABLE}:",
                f"install -d -m 700 -o USER {folder}",
            )
        return
    yield fine(f"{visible(str(file.path))} is there.")
    if not file.folder_writable:
        yield fault(
            f"Its folder is not ours to write, and SQLite needs its journal there: run connbot as the file's owner, {VARIABLE}'s.",
            "As root:",
            f"chown USER {folder}",
        )
    if file.open_to_all:
        names = " ".join(shlex.quote(str(each)) for each in file.open_to_all)
        yield fault(
            "Everybody on this machine can read it: who owns which role, and who asked for what.",
            "Close it:",
            f"chmod 600 {names}",
        )
    if file.free < LITTLE:
        yield warning(
            f"Only {file.free // 1_000_000} MB are left on its disk. When it is full nothing can be recorded, so nothing is ended.",
            "See what takes the room:",
            f"df -h {path}",
        )
    if file.serving is not None:
        yield fine(
            f"`connbot serve` (process {file.serving}) works on it now. That is as it should be; commands work beside it."
        )


def _unreachable(seen: OwnSeen) -> Finding:
    if seen.file is None:
        # What failed while connecting may repeat pieces of the address, so of that only known words are told.
        connecting = seen.failure.startswith("connection")
        words = recognise_refusal(seen.failure).words or ("" if connecting else seen.failure)
        where = seen.address
        target = Target(where.host, where.port, where.user, where.database)
        return refused.judge(words, target, "The bot's own database", named_in=VARIABLE)
    path = shlex.quote(str(seen.file.path))
    told = f"It cannot be read: {visible(seen.failure)}."
    if "unable to open" in seen.failure or "readonly" in seen.failure:
        return fault(
            told,
            "Run connbot as the file's owner, or give it to whoever runs it:",
            f"ls -l {path}*",
            f"sudo chown USER {path}*",
        )
    if "locked" in seen.failure:
        return fault(told, "Another process has held it for seconds. See which one, and end it:", f"fuser -v {path}")
    return fault(
        told,
        f"It is damaged, or no database of connbot. Restore it from a backup, or name another file in {VARIABLE}. What SQLite says of it:",
        f"sqlite3 {path} 'PRAGMA integrity_check'",
    )


def _schema(seen: OwnSeen, head: str) -> Iterable[Finding]:
    if seen.postgresql and VERSIONS in seen.postgresql.forbidden:
        return
    if seen.revision == head:
        yield fine(f"Its schema is this version's ({head}).")
    elif seen.revision is None:
        yield fault("It has no tables of connbot's yet.", "Make them:", "connbot migrate")
    elif seen.revision < head:
        yield fault(
            f"Its schema is the older {seen.revision} instead of {head}.",
            "Stop `connbot serve`, then:",
            "connbot migrate",
        )
    else:
        yield fault(
            f"Its schema {seen.revision} is of a newer connbot; this one knows {head}.",
            "Install the newer version again, or restore the copy that was made before it was migrated.",
        )


def _writing(seen: OwnSeen) -> Iterable[Finding]:
    forbidden = seen.postgresql.forbidden if seen.postgresql else ()
    told = f"It cannot be written ({visible(seen.unwritable)}); what is not on record is not done."
    if seen.unwritable and seen.postgresql:
        base = identifier(seen.postgresql.database)
        yield fault(
            told,
            f"If it is a standby, name its primary in {VARIABLE}. Else as superuser there:",
            f"ALTER DATABASE {base} SET default_transaction_read_only = off;",
        )
    elif seen.unwritable:
        yield fault(told, "Look who holds it, and whether its disk is full:", *_looking(seen.file))
    elif seen.postgresql and forbidden:
        role = identifier(seen.postgresql.role)
        yield fault(
            f"Its role may not read and write {plural(len(forbidden), 'of its tables', 'of its tables')}: {join(forbidden)}.",
            "Let whoever made the tables run this in the database, or migrate as that role:",
            *(f"GRANT {_needed(name)} ON {identifier(name)} TO {role};" for name in forbidden),
        )
    else:
        yield fine("It can be written.")


def _looking(file: FileSeen | None) -> tuple[str, ...]:
    path = shlex.quote(str(file.path)) if file else ""
    return (f"fuser -v {path}", f"df -h {path}")


def _needed(table: str) -> str:
    return "SELECT" if table == VERSIONS else "SELECT, INSERT, UPDATE, DELETE"


def _server(seen: PostgresqlSeen, watched: Sequence[str]) -> Iterable[Finding]:
    for limit, what, statement in (
        (seen.role_limit, "role", f"ALTER ROLE {identifier(seen.role)} CONNECTION LIMIT {4 * POOL};"),
        (seen.database_limit, "database", f"ALTER DATABASE {identifier(seen.database)} CONNECTION LIMIT {4 * POOL};"),
    ):
        if 0 <= limit < 2 * POOL:
            told = f"Its {what} may have {plural(limit, 'connection')}; `connbot serve` keeps {POOL}, and a command beside it takes {POOL} more."
            yield (fault if limit < POOL else warning)(told, "As superuser there:", statement)
    if watched:
        yield warning(
            f"It lies on the server that the bot watches ({join([plain(name) for name in watched])}): it takes {POOL} of its slots, and "
            "on the day that server is down or full, nothing can be recorded, so nothing can be ended.",
            "Keep it elsewhere. A file beside the bot will do, for one `connbot serve`; the allow-list must be given anew then:",
            f"export {VARIABLE}=sqlite:////var/lib/connbot/connbot.db",
        )
    if seen.others:
        yield fine(
            f"{plural(seen.others, 'other connection')} of connbot use it now: a `connbot serve` that runs. That is as it should be."
        )


def _key(*, keyed: bool) -> Finding:
    if keyed:
        return fine("The record is keyed (CONNBOT_AUDIT_KEY).")
    return warning(
        "CONNBOT_AUDIT_KEY is not set, so the record's chain is unkeyed: it shows what was changed by accident, but whoever can write this "
        "database can make the whole chain anew, and `connbot audit verify` would not notice.",
        "Set a key that is not kept with the database, before the first entry is made: older entries do not verify with a new key. Without "
        "one, note the head that `connbot audit verify` prints somewhere else from time to time.",
        "(umask 077; openssl rand -hex 32 > audit.key)",
        "export CONNBOT_AUDIT_KEY_FILE=$PWD/audit.key",
    )


def _kept(kept: Kept, team: str) -> Iterable[Finding]:
    if team and kept.teams and team not in kept.teams:
        yield fault(
            f"It belongs to another workspace ({join(kept.teams)}) than the bot's token ({team}).",
            f"Set the token of the app in that workspace, or name another database in {VARIABLE}.",
        )
        return
    if not kept.members:
        yield fault(
            "The allow-list is empty, so nobody can do anything but look at and close their own connections.",
            "Make yourself the first admin. Your id: in Slack, your profile → ⋮ → Copy member ID.",
            "connbot allow U0123456789 --grade admin",
        )
        return
    admins = sum(member.grade is Grade.ADMIN for member in kept.members)
    if admins:
        yield fine(
            f"{plural(len(kept.members), 'entry', 'entries')} on the allow-list, {plural(admins, 'admin')} among them."
        )
    else:
        yield warning(
            "Nobody on the allow-list is an admin, so it can be changed at this command line alone.",
            "Make somebody one:",
            "connbot allow U0123456789 --grade admin",
        )
