"""What the bot's role lacks on a server, for whoever runs it: what it costs, and the statement that mends it."""

from dataclasses import dataclass

from bot.servers.rights import Missing, MissingKind
from bot.slack.blocks.text import plain


@dataclass(frozen=True, slots=True)
class Told:
    """What a lack comes to: `what` is so, `mend` in words and `sql` as a statement say what to do, either may be ''."""

    what: str
    mend: str = ""
    sql: str = ""


_TOLD = {
    MissingKind.VERSION: Told(
        "PostgreSQL of server version number {detail} is not supported", "14 is the oldest that is."
    ),
    MissingKind.READ_ALL_STATS: Told(
        "without pg_read_all_stats no connection can be shown or ended", sql="GRANT pg_read_all_stats TO {name};"
    ),
    MissingKind.STATES: Told(
        "the bot sees and ends connections through ClassDB's functions, which do not tell what a connection is doing: staff must "
        "give a reason to end one, and no query can be cancelled",
        "this is enough to work with; to see more,",
        "GRANT pg_read_all_stats TO {name};",
    ),
    MissingKind.SIGNAL_BACKEND: Told(
        "without a guard or pg_signal_backend nothing can be ended",
        "run the script that connbot doctor --sql prints for this server, or",
        "GRANT pg_signal_backend TO {name};",
    ),
    MissingKind.GUARD_CHANGED: Told(
        "the guard is not as its script makes it ({detail}), so it is not used",
        "find out who changed it, and run again the script that connbot doctor --sql prints for this server.",
    ),
    MissingKind.GUARD_OUTDATED: Told(
        "the guard was made for other {detail} than connbot.toml names, and goes by those as well",
        "run again the script that connbot doctor --sql prints for this server.",
    ),
    MissingKind.NO_STUDENTS: Told(
        "connbot.toml names no students = […], so nobody's connections can be ended", "name the students' role."
    ),
    MissingKind.STUDENTS_ROLE: Told(
        "the students' role {detail} does not exist there, so its people's connections cannot be ended",
        "look at students = […].",
    ),
    MissingKind.SERVICE_ROLE: Told(
        "the service account {detail} does not exist there, so nothing protects it under another spelling",
        "look at services = […].",
    ),
    MissingKind.ROLE_LIMIT: Told(
        "the bot's role may hold one connection only, so one that hangs cannot be replaced",
        sql="ALTER ROLE {name} CONNECTION LIMIT 3;",
    ),
    MissingKind.DATABASE_LIMIT: Told(
        "the bot's own database {detail} has a connection limit, so a restart may find no way in",
        "let it log in to another, such as postgres.",
    ),
    MissingKind.USE_RESERVED_CONNECTIONS: Told(
        "after a restart a full server would refuse the bot",
        "set reserved_connections above 0 where it is not, and",
        "GRANT pg_use_reserved_connections TO {name};",
    ),
    MissingKind.RESERVED_CONNECTIONS: Told(
        "after a restart a full server would refuse the bot",
        "set reserved_connections above 0, and restart the server:",
        "ALTER SYSTEM SET reserved_connections = 2;",
    ),
}


def told(lack: Missing) -> Told:
    """Say what a lack comes to, and its mend."""
    words, quoted = _TOLD[lack.kind], identifier(lack.detail)
    return Told(words.what.format(detail=plain(lack.detail)), words.mend, words.sql.format(name=quoted))


def sentence(server: str, lack: Missing) -> str:
    """One line for the log: which server, what is missing, and its mend."""
    said = told(lack)
    return f"On server {server}, {said.what}: {' '.join(filter(None, (said.mend, said.sql)))}"


def identifier(name: str) -> str:
    """Write a name as SQL reads it whatever is in it."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'
