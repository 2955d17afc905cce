"""What an error text means and what its reader can do alone: two or three sentences, then a line about their client."""

from bot.causes.finding import Cause, Finding, Kind
from bot.diagnosis.advice import Advice
from bot.slack.blocks import elements
from bot.slack.blocks.text import Message, Quote, code, name
from bot.slack.commands import CommandNames

_FREE = (
    "Close the other programs that use it (editors, notebooks, a second terminal), wait a few seconds and try again; "
    "{conns} in Slack shows what holds the slots."
)
_EVERYBODY = "Close what you do not use, and try again in a minute; if it stays, tell the staff."
_TELL = "Only whoever runs the server can change that: tell the staff, with this message."
_CAUSES = {
    Cause.ROLE_LIMIT: ("{Role} already has as many connections as it may have at once.", _FREE),
    Cause.DATABASE_LIMIT: (
        "{Database} already has as many connections as it takes at once, those of everybody together.",
        _EVERYBODY,
    ),
    Cause.RESERVED_SLOTS: (
        "The server is full: the only slots left are kept for its administrators. Your role and password are not the matter.",
        _EVERYBODY,
    ),
    Cause.SERVER_LIMIT: (
        "The server is full: every slot it has is taken, by everybody together. Your role and password are not the matter.",
        _EVERYBODY,
    ),
    Cause.POOLER_LIMIT: (
        "The pooler that stands before the server takes no more connections for now; the server itself may have room.",
        _EVERYBODY,
    ),
    Cause.CLIENT_POOL: (
        "Your own program's pool is used up, and the server has not refused anything: connections were taken from it and not given back.",
        "Close or return each connection where you are done with it, then restart the program.",
    ),
    Cause.NONE: (
        "I see no error about a connection in this text.",
        "Paste the whole message, with the line that says FATAL or failed.",
    ),
}
_NOBODY_ANSWERED = "Check the host and the port. If they are right, the server may be down or out of reach from your network: try the course's VPN."
_KINDS = {
    Kind.PASSWORD: (
        "The server did not take the password for {role}; a password that has expired gives the same message.",
        "Check the role's name and the password, and what your program has stored; then ask the staff for a new one.",
    ),
    Kind.PASSWORD_MISSING: (
        "The server asked for a password and your program sent none.",
        "Give it in the program's settings, or put it into the file ~/.pgpass.",
    ),
    Kind.PEER: (
        "The server wants your name on that computer to be the role's, and it is not.",
        "Connect over the network instead: name the host (psql -h HOST), then it asks for the password.",
    ),
    Kind.AUTHENTICATION: ("The server did not accept how your program proved who you are.", _TELL),
    Kind.NO_SUCH_ROLE: (
        "{Role} is not known to the server.",
        "Look at the spelling, upper and lower case too: many programs take your computer's user name where none is given.",
    ),
    Kind.NOT_PERMITTED_TO_LOG_IN: (
        "{Role} exists but may not log in.",
        "Use the role you were given, or ask the staff.",
    ),
    Kind.NO_SUCH_DATABASE: (
        "{Database} does not exist on this server.",
        "Name the right one; where none is given, programs take the role's name.",
    ),
    Kind.NOT_ACCEPTING: ("{Database} takes no connections at the moment.", _TELL),
    Kind.INVALID_DATABASE: ("{Database} is broken: its deletion was begun and not finished.", _TELL),
    Kind.PERMISSION_DENIED: (
        "Your role may not connect to {database}.",
        "Check that it is the database you were given; if it is, ask the staff for the right to connect.",
    ),
    Kind.HBA_REJECT: (
        "The server refuses connections like yours from where you are.",
        "Use the course's network or VPN, and the database you were given; if it stays, tell the staff.",
    ),
    Kind.NO_HBA_ENTRY: (
        "The server lets nobody in this way: from your address, as this role, to this database, or without encryption.",
        "Use the course's network or VPN, switch encryption on (sslmode=require), and check the names; if it stays, tell the staff.",
    ),
    Kind.STANDBY_LIMIT: (
        "All slots for copies of the server (replication) are taken; students need none of these.",
        _TELL,
    ),
    Kind.STARTING_UP: ("The server is just starting, or recovering from a crash.", "Wait a minute and try again."),
    Kind.SHUTTING_DOWN: ("The server is being stopped or restarted.", "Wait a few minutes and try again."),
    Kind.IDLE_IN_TRANSACTION_TIMEOUT: (
        "The server ended your connection because a transaction was left open without doing anything; what it had not committed is undone.",
        "Connect again, and end each transaction with COMMIT or ROLLBACK (or switch autocommit on).",
    ),
    Kind.IDLE_SESSION_TIMEOUT: (
        "The server ended your connection because it was not used for long.",
        "Connect again; nothing is lost but what was set in that session.",
    ),
    Kind.TRANSACTION_TIMEOUT: (
        "The server ended your connection because a transaction took too long; what it did is undone.",
        "Connect again and do the work in smaller steps.",
    ),
    Kind.TERMINATED_BY_ADMINISTRATOR: (
        "Somebody ended your connection, you or the staff perhaps, or the server is being restarted; what was not committed is undone.",
        "Connect again.",
    ),
    Kind.SERVER_CRASHED: (
        "The server stopped all connections at once because a part of it crashed; what was not committed is undone.",
        "Wait a minute and connect again. If the same query does it again, tell the staff which one.",
    ),
    Kind.RECOVERY_CONFLICT: ("This server is a copy, and your query stood in the way of its updates.", "Run it again."),
    Kind.LOGIN_TIMEOUT: ("Logging in took too long, and the server gave up.", "Try again with the password stored."),
    Kind.OUT_OF_RESOURCES: ("The server's computer has no memory or processes left for one more connection.", _TELL),
    Kind.WRAPAROUND: ("The database takes no changes until it has been cleaned up.", _TELL),
    Kind.POOLER_SERVER_FAILED: (
        "The pooler cannot log in to the server behind it.",
        "Try again in a minute; if it stays, tell the staff.",
    ),
    Kind.POOLER_LOGIN_TIMEOUT: (
        "The pooler waited too long for the login, which is also what it says when the server behind it is down.",
        "Try again in a minute; if it stays, tell the staff.",
    ),
    Kind.POOLER_IDLE_TIMEOUT: ("The pooler ended your connection because it was not used for long.", "Connect again."),
    Kind.POOLER_DISCONNECT: ("An administrator ended your connection at the pooler.", "Connect again."),
    Kind.OLD_CLIENT: (
        "Your program is too old for the way this server checks passwords.",
        "Update the program or its PostgreSQL driver.",
    ),
    Kind.TLS: (
        "Your program and the server do not agree on encryption, or on the server's certificate.",
        "Try sslmode=require; do not switch the check of certificates off where the course asks for it.",
    ),
    Kind.NOT_POSTGRES: (
        "Something answered that is no PostgreSQL server.",
        "Check the host and the port; PostgreSQL's is 5432.",
    ),
    Kind.DNS: (
        "Your computer finds no address for the host{host}.",
        "Check its spelling, and whether it needs the course's VPN.",
    ),
    Kind.NO_LOCAL_SERVER: (
        "No host was given, so your program looked for a server on your own computer, and there is none.",
        "Name the course's server: psql -h HOST.",
    ),
    Kind.UNREACHABLE: ("There is no way from your computer to the server{host}.", _NOBODY_ANSWERED),
    Kind.TIMEOUT: ("The server{host} did not answer in time; often a firewall is between.", _NOBODY_ANSWERED),
    Kind.REFUSED: ("Nothing takes connections at that address{host}.", _NOBODY_ANSWERED),
    Kind.CONNECTION_CLOSED: (
        "The connection broke off, and this message does not say why: it was ended, the server restarted, or the network was cut.",
        "Connect again; if it happens at once, paste what it says then.",
    ),
    Kind.UNEXPLAINED: (
        "Your program could not connect, and this part of the message does not say why.",
        "Paste what follows, such as the lines that begin with Caused by or FATAL.",
    ),
}
_OWN_COMPUTER = (
    "The address is your own computer{host}: name the course's server, or start the tunnel (ssh -L) that leads to it."
)
_NOT_AT_HOME = frozenset({Kind.REFUSED, Kind.TIMEOUT, Kind.UNREACHABLE, Kind.NOT_POSTGRES})
_ABOUT_CLIENTS = frozenset(Cause) - {Cause.OTHER, Cause.NONE}


def sentences(finding: Finding, advice: Advice | None, *, names: CommandNames, quote: Quote) -> list[str]:
    """Say what `finding` means and what to do; where connections are short, what the reader's client does with them too."""
    meaning, step = _CAUSES[finding.cause] if finding.kind is None else _KINDS[finding.kind]
    if finding.own_computer and finding.kind in _NOT_AT_HOME:
        step = _OWN_COMPUTER
    told = {
        "Role": f"The role {quote(finding.role)}" if finding.role else "Your role",
        "role": quote(finding.role) if finding.role else "your role",
        "Database": f"The database {quote(finding.database)}" if finding.database else "The database",
        "database": f"the database {quote(finding.database)}" if finding.database else "the database",
        "host": f" ({quote(finding.host)})" if finding.host else "",
        "conns": names.conns,
    }
    said = [meaning.format(**told), step.format(**told)]
    if advice is not None and finding.cause in _ABOUT_CLIENTS:
        said.append(f"{advice.opens} {advice.remedy}")
    return said


def render(finding: Finding, advice: Advice | None, *, names: CommandNames) -> Message:
    """Answer in Slack; the reader alone sees it."""
    shown = CommandNames(*(code(command) for command in (names.conns, names.kill, names.connbot)))
    return elements.short("\n".join(sentences(finding, advice, names=shown, quote=name)))
