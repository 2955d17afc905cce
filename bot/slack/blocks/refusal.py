"""One sentence or two for each error a person is told of: what it means, that nothing happened, and the way on."""

from collections.abc import Callable

from bot.errors import (
    AmbiguousRole,
    BotError,
    NotPermitted,
    OwnDatabaseUnavailable,
    OwnsNothing,
    PoolerUnavailable,
    ReasonNeeded,
    ServerUnavailable,
    SetupError,
    UnknownRole,
    UnknownServer,
    UsageError,
)
from bot.slack.blocks import elements, typed, usage
from bot.slack.blocks.text import Message, Quote, code, escape, join, name, plain
from bot.slack.commands import CommandNames

_ACTIONS = {
    "list": "see the connections",
    "terminate": "end connections",
    "history": "read the record",
    "summary": "read the week's figures",
    "names": "see which roles these were",
    "allow_responder": "see or change who may help here",
    "allow": "make anyone an instructor or admin",
    "own": "say whose role this is",
    "link": "be linked to a role",
}
_ROLE_ACTIONS = frozenset({"list", "terminate", "history"})
_OF_STAFF = frozenset({"respond", "resolve"})
_UNAVAILABLE = {
    "full": "is full, and the bot has no working connection to it",
    "role_full": "refuses the bot, whose own role has all the connections it may have",
    "database_full": "refuses the bot, because the database it logs in to has all the connections it may have",
    "unreachable": "cannot be reached: it may be down, restarting, or cut off",
    "deadline": "did not answer within 3 s",
    "rights": "does not give the bot the rights it needs; whoever runs the server can mend that",
    "refused": "refused the bot",
}
COMMAND_WIDTH = 1200
"""A command with as many pids as it takes."""
_DEFAULT_NAMES = CommandNames()
_POOLER_UNAVAILABLE = {
    "none": "is not known to the bot, if there is one: whoever runs the bot can name its admin console (pgbouncer = \u2026)",
    "old": "cannot end a single client (PgBouncer can from 1.24 on): close it in its own program, or ask whoever runs the pooler",
    "unreachable": "cannot be asked for its clients: its admin console cannot be reached",
    "deadline": "cannot be asked for its clients: its admin console did not answer within 3 s",
    "rights": "does not let the bot do this: whoever runs it can name the bot's account in admin_users",
    "refused": "refused the bot at its admin console",
    "unreadable": "answers as no admin console does: whoever runs the bot can look at pgbouncer = \u2026",
}
_OWN_WORDS_HELP = frozenset({"unreadable", "rights", "refused", "role_full", "database_full"})
_MEANWHILE = {
    "full": "It tries again every second, for the next minute five times a second, and takes the next slot that comes free, because "
    "with it the others can be freed. "
    "Meanwhile close what you do not need in the programs themselves (quit psql, disconnect pgAdmin, shut notebooks down): each frees "
    "a slot. Whoever runs the server may still get in as a superuser, for whom slots are kept.",
    "role_full": "It tries again every second. Whoever runs the server can raise that role's connection limit to 3, or end a "
    "connection of it that hangs.",
    "database_full": "It tries again every second. Whoever runs the server can raise that database's connection limit, or let the "
    "bot log in to another one, such as postgres.",
}
"""What happens by itself, and what a person can do until then."""


def sentence(
    error: BotError, *, names: CommandNames = _DEFAULT_NAMES, quote: Quote = plain, viewer: str | None = None
) -> str:
    """Say what `error` means, for a terminal or, with `quote=name`, for a message; `viewer` is the person's own."""
    say = _SENTENCES.get(type(error))
    if say is None:
        return "This could not be done."
    return say(error, _Style(names, quote, viewer))


def render(error: BotError, *, viewer: str, names: CommandNames) -> Message:
    """Tell `viewer` what `error` means; after wrong input, with the command's usage."""
    if isinstance(error, UsageError):
        return usage.render(error, viewer=viewer, names=names)
    return elements.short(sentence(error, names=names, quote=name, viewer=viewer))


def render_pace(*, names: CommandNames) -> Message:
    """Say once that commands come too fast."""
    listed = join([code(command) for command in (names.conns, names.kill, names.connbot)])
    return elements.short(
        f"That was more than ten commands in a minute ({listed} together). Further ones are not answered for now: "
        "wait a minute and try again. Buttons work as before."
    )


def render_late() -> Message:
    """Say that a form did not open, for which Slack gives three seconds."""
    return elements.short("The form did not open in time: click once more.")


def render_unexpected(reference: str) -> Message:
    """Say that something went wrong that nobody foresaw; `reference` finds it in the log."""
    return elements.short(
        "Something went wrong in the bot, and it is in its log. If this was to end a connection, look whether it is still there "
        f"before you ask again. Tell the staff this reference: {code(reference)}."
    )


class _Style:
    """How a sentence is written: the commands' names, foreign text, the reader."""

    def __init__(self, names: CommandNames, quote: Quote, viewer: str | None) -> None:
        self.names = names
        self.quote = quote
        self.who = f" Your Slack ID is {quote(viewer)}." if viewer else ""


def _not_permitted(error: NotPermitted, style: _Style) -> str:
    if error.action in _OF_STAFF:
        return f"That is for the course's staff, and nothing was done. What is yours, *My connections* shows you.{style.who}"
    what = _ACTIONS.get(error.action, "do this")
    of = f" of {style.quote(error.role)}" if error.role and error.action in _ROLE_ACTIONS else ""
    where = f" on {style.quote(error.server)}" if error.server else ""
    way_on = "ask an admin."
    if error.action in _ROLE_ACTIONS:
        link = code(
            typed.link(style.names, error.role, error.server) if error.role else f"{style.names.connbot} link ROLE",
            COMMAND_WIDTH,
        )
        way_on = f"if the role is yours, {link} links you to it; if you help students, ask an instructor to allow you."
        if error.formerly:
            way_on += " Your link is to an earlier role of that name and counts no more: where it was made anew, link yourself again."
    return f"You may not {what}{of}{where}: {way_on}{style.who}"


def _owns_nothing(error: OwnsNothing, style: _Style) -> str:
    link = code(f"{style.names.connbot} link ROLE")
    return (
        f"No role is known to be yours. {link}, with your role's name, links you to it; or ask the staff: they need that name and "
        f"your Slack ID, {style.quote(error.slack_id)}."
    )


def _unknown_server(error: UnknownServer, style: _Style) -> str:
    known = join([style.quote(server) for server in error.known]) or "none"
    return f"There is no server {style.quote(error.name)}. Known: {known}."


def _unknown_role(error: UnknownRole, style: _Style) -> str:
    return f"There is no role {style.quote(error.role)} on {style.quote(error.server)}: look at the spelling, upper and lower case too."


def _ambiguous_role(error: AmbiguousRole, style: _Style) -> str:
    return f"Several roles could be meant: {join([style.quote(role) for role in error.roles], 'or')}. Name one."


def _reason_needed(error: ReasonNeeded, style: _Style) -> str:
    command = code(f"{typed.kill(style.names, error.role, error.what, error.server)} because", COMMAND_WIDTH)
    return (
        f"Somebody may be working in these connections of {style.quote(error.role)}, so its owner is asked first, and is told why. "
        f"Nothing was ended. Type {command} and then why."
    )


def _server_unavailable(error: ServerUnavailable, style: _Style) -> str:
    why = _UNAVAILABLE.get(error.why, "is not available")
    detail = f" ({style.quote(error.detail)})" if error.detail and error.why in _OWN_WORDS_HELP else ""
    meanwhile = f" {_MEANWHILE[error.why]}" if error.why in _MEANWHILE else ""
    return f"The server {style.quote(error.server)} {why}{detail}. Nothing was ended.{meanwhile}"


def _pooler_unavailable(error: PoolerUnavailable, style: _Style) -> str:
    detail = f" ({style.quote(error.detail)})" if error.detail and error.why in _OWN_WORDS_HELP else ""
    why = _POOLER_UNAVAILABLE.get(error.why, "is not available")
    return f"The pooler of {style.quote(error.server)} {why}{detail}."


def _own_database_unavailable(_: OwnDatabaseUnavailable, __: _Style) -> str:
    return (
        "The bot's own database does not answer, and what cannot be recorded is not done: "
        "nothing was ended and nothing changed. Try again in a minute."
    )


def _setup(error: SetupError, style: _Style) -> str:
    # It may hold what stands in a file, such as the names of its columns.
    return escape(str(error)) if style.quote is name else str(error)


def _usage(error: UsageError, style: _Style) -> str:
    return usage.problem(error, names=style.names, quote=style.quote)


_SENTENCES: dict[type[BotError], Callable[..., str]] = {
    NotPermitted: _not_permitted,
    OwnsNothing: _owns_nothing,
    UnknownServer: _unknown_server,
    UnknownRole: _unknown_role,
    AmbiguousRole: _ambiguous_role,
    ReasonNeeded: _reason_needed,
    ServerUnavailable: _server_unavailable,
    PoolerUnavailable: _pooler_unavailable,
    OwnDatabaseUnavailable: _own_database_unavailable,
    SetupError: _setup,
    UsageError: _usage,
}
