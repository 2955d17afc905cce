"""What the bot's role lacks on a server, for whoever runs it: what it costs, and the statement that mends it."""

from bot.servers.rights import Missing, MissingKind
from bot.slack.blocks.text import plain

_MENDS = {
    MissingKind.VERSION: "PostgreSQL of server version number {detail} is not supported: 14 is the oldest that is.",
    MissingKind.READ_ALL_STATS: "without pg_read_all_stats no connection can be shown or ended: GRANT pg_read_all_stats TO {name};",
    MissingKind.SIGNAL_BACKEND: "without pg_signal_backend nothing can be ended: GRANT pg_signal_backend TO {name};",
    MissingKind.NO_STUDENTS: "connbot.toml names no students = […], so nobody's connections can be ended: name the students' role.",
    MissingKind.STUDENTS_ROLE: "the students' role {detail} does not exist there, so its people's connections cannot be ended: look at students = […].",
    MissingKind.SERVICE_ROLE: "the service account {detail} does not exist there, so nothing protects it under another spelling: look at services = […].",
    MissingKind.ROLE_LIMIT: "the bot's role may hold one connection only, so one that hangs cannot be replaced: ALTER ROLE {name} CONNECTION LIMIT 3;",
    MissingKind.DATABASE_LIMIT: "the bot's own database {detail} has a connection limit, so a restart may find no way in: let it log in to another, such as postgres.",
    MissingKind.USE_RESERVED_CONNECTIONS: "after a restart a full server would refuse the bot: GRANT pg_use_reserved_connections TO {name}; and set reserved_connections above 0.",
    MissingKind.RESERVED_CONNECTIONS: "after a restart a full server would refuse the bot: set reserved_connections above 0.",
}


def sentence(server: str, lack: Missing) -> str:
    """One line for the log: which server, what is missing, and its mend."""
    quoted = '"' + lack.detail.replace('"', '""') + '"'
    return f"On server {server}, {_MENDS[lack.kind].format(detail=plain(lack.detail), name=quoted)}"
