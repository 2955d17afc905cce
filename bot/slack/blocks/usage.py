"""How the commands are used, with examples; and what was wrong with what was typed."""

from bot.errors import UsageError
from bot.slack.blocks import elements
from bot.slack.blocks.text import Message, Quote, code, join, name
from bot.slack.commands import KILL, LONGEST_REASON, MOST_PIDS, CommandNames
from bot.slack.subcommands import CAUSES, CONNBOT
from bot.slack.words import Problem

_PROBLEMS = {
    Problem.HELP: "",
    Problem.ONE_ROLE: "I expected one role and read {typed}. A name with blanks needs quotation marks.",
    Problem.ROLE_MISSING: "The role is missing: say whose connection it is.",
    Problem.SERVER_MISSING: "\u201con\u201d is followed by no server's name. A role of that name needs quotation marks.",
    Problem.SERVER_TWICE: "There is \u201con\u201d twice: name one server.",
    Problem.NOT_A_ROLE: "{typed} is no role: type a role's name, or mention one person.",
    Problem.UNCLOSED_QUOTE: "A quotation mark is opened and not closed: {typed}",
    Problem.BAD_CHARACTER: "{typed} holds a character that no name on a server can have.",
    Problem.TOO_LONG: "{typed} is longer than any name on a server.",
    Problem.NOTHING_CHOSEN: "Say which connections: their pids, \u201cstrays\u201d or \u201call\u201d.",
    Problem.BAD_PID: "{typed} is no pid. A pid is a whole number such as 4711; the list shows them.",
    Problem.MIXED: "Say pids, \u201cstrays\u201d or \u201call\u201d, not several of these: {typed}",
    Problem.TOO_MANY: f"{{typed}} at once are too many; {MOST_PIDS} is the most.",
    Problem.CANCEL_STRAYS: "Strays run no query that could be cancelled: leave out --cancel to end them, or name pids.",
    Problem.CANCEL_CLIENT: "A client has no query of its own to cancel: name the pid of the connection that works for it, or leave out --cancel.",
    Problem.CLIENTS_BY_NUMBER: "Clients of the pooler are named by their numbers, such as \u201cclient 17\u201d, or with \u201cclient all\u201d; the list shows them.",
    Problem.CANCEL_TOO_LATE: "--cancel stands inside the reason: write it before \u201cbecause\u201d.",
    Problem.REASON_MISSING: "The reason is missing after \u201cbecause\u201d.",
    Problem.REASON_TOO_LONG: f"The reason is too long; {LONGEST_REASON} characters is the most.",
    Problem.UNKNOWN_SUBCOMMAND: "I do not know {typed}.",
    Problem.PERSON_MISSING: "Say which person: mention them with @, or give their Slack ID.",
    Problem.GRADE_MISSING: "The grade is missing: responder, instructor or admin.",
    Problem.BAD_GRADE: "{typed} is no grade. Grades are responder, instructor and admin.",
    Problem.BAD_ROLES: "{typed} names no roles: write names or patterns with commas between them, or @ and a group's name.",
    Problem.BAD_TIME: "{typed} is no time. Write a date such as 2026-12-20, or 2026-12-20 18:00.",
    Problem.PAST_TIME: "{typed} is over already.",
    Problem.BAD_WEEK: "{typed} is no week. Write one such as 2026-W47.",
    Problem.FUTURE_WEEK: "The week {typed} has not begun yet.",
    Problem.BAD_CAUSE: f"{{typed}} is no cause of incidents. They are {join(CAUSES)}.",
    Problem.UNEXPECTED: "I did not expect {typed}.",
    Problem.TEXT_MISSING: "The error is missing: paste it behind \u201cdiagnose\u201d.",
    Problem.STALE_BUTTON: "This button is not one I can read any more, and nothing was done. Type the command again.",
    Problem.NOTHING_TICKED: "Nothing is ticked: tick at least one connection, then press the button again.",
}
_ARGUMENTS = {
    "until": "That end is over already: a grant until then would give nothing.",
    "slack_id": "That is no Slack ID: it looks like U0123ABCD.",
    "roles": "These roles name nobody: write names or patterns with commas between them, or @ and a group's name.",
    "head": "That is no head of the record: copy the whole of what an earlier check printed.",
}
"""Arguments that are well written and still mean nothing, as the stores name them."""
_BUTTONS = (Problem.STALE_BUTTON, Problem.NOTHING_TICKED)
"""Nobody typed anything wrong there: usage would not help."""


def problem(error: UsageError, *, names: CommandNames, quote: Quote) -> str:
    """Say what was wrong, as one sentence; empty where only help was asked for."""
    word, _, typed = error.problem.partition(" ")
    if word in set(Problem):
        return _PROBLEMS[Problem(word)].format(typed=quote(typed))
    return _ARGUMENTS.get(error.problem) or f"{quote(error.problem)} is not understood: see {names.connbot} help."


def render(error: UsageError, *, viewer: str, names: CommandNames) -> Message:
    """Say what was wrong, and how the command is used."""
    wrong = problem(error, names=names, quote=name)
    if error.problem.partition(" ")[0] in _BUTTONS:
        return elements.short(wrong)
    if error.command in (CONNBOT, "allow"):
        return _with_usage(wrong, _connbot(names), viewer)
    lines = _kill(names) if error.command == KILL else _conns(names)
    return _with_usage(wrong, lines, None)


def render_help(*, viewer: str, names: CommandNames) -> Message:
    """Show every command with examples, and the reader's own Slack ID."""
    head = "I show PostgreSQL connections and end those that somebody asks me to end. Nothing ends before you confirm it with a click."
    return _with_usage(head, [*_conns(names), *_kill(names), *_connbot(names)], viewer)


def render_unsupported(word: str, *, names: CommandNames) -> Message:
    """Say that a feature is still to come."""
    return elements.short(
        f"{code(f'{names.connbot} {word}')} is not there yet; {code(f'{names.connbot} help')} shows what is."
    )


def _with_usage(head: str, lines: list[str], viewer: str | None) -> Message:
    who = [f"Your Slack ID is {code(viewer)}."] if viewer else []
    blocks = [*([elements.section(head)] if head else []), *elements.sections(lines)]
    blocks += [elements.context(said) for said in who]
    told = [*([head] if head else []), *who, *(f"{line}." for line in lines)]
    return elements.message(told, blocks)


def _conns(names: CommandNames) -> list[str]:
    spaced = code(f'{names.conns} "Ann Smith"')
    return [
        f"{code(names.conns)} \u2014 your own connections",
        f"{code(f'{names.conns} alice')} \u2014 those of the role alice; {code(f'{names.conns} alice on class')} \u2014 on the server class",
        f"{code(f'{names.conns} @Ann')} \u2014 those of Ann's roles; {spaced} \u2014 a role with a blank in its name",
    ]


def _kill(names: CommandNames) -> list[str]:
    return [
        f"{code(f'{names.kill} alice 4711 4712')} \u2014 end these connections of alice (pids, as the list shows them)",
        f"{code(f'{names.kill} alice strays')} \u2014 those that nobody seems to use; {code(f'{names.kill} alice all')} \u2014 all of them",
        f"{code(f'{names.kill} alice 4711 --cancel')} \u2014 only cancel the query that runs there; the connection stays",
        f"{code(f'{names.kill} alice client 17')} \u2014 close a client of the pooler (its number, as the list shows it); {code(f'{names.kill} alice client all')} \u2014 all of them",
        f"{code(f'{names.kill} alice 4711 on class because exam at 9')} \u2014 on the server class, for a reason, which staff need for what is in use",
    ]


def _connbot(names: CommandNames) -> list[str]:
    allow = f"{names.connbot} allow @Ann responder sec1_*,@section2 on class until 2026-12-20"
    return [
        f"{code(f'{names.connbot} help')} \u2014 this",
        f"{code(f'{names.connbot} diagnose FATAL: …')} \u2014 what an error means and what to do: paste the whole message",
        f"{code(f'{names.connbot} link alice')} \u2014 show that the role alice is yours, or ask the staff to vouch for it",
        f"{code(f'{names.connbot} history alice')} \u2014 what was done to alice's connections (responders)",
        f"{code(f'{names.connbot} history by @Tom cause role_limit week 2026-W47')} \u2014 of one person, cause or week alone; any of these may be left out",
        f"{code(f'{names.connbot} summary')} \u2014 last week's figures; {code(f'{names.connbot} summary 2026-W47')} \u2014 those of another (responders)",
        f"{code(f'{names.connbot} members')} \u2014 who may help here (instructors)",
        f"{code(allow, 120)} \u2014 let Ann help; roles, server and end may be left out (instructors)",
        f"{code(f'{names.connbot} disallow @Ann')} \u2014 take that back (instructors)",
        f"{code(f'{names.connbot} own @Ann alice')}, {code(f'{names.connbot} disown @Ann alice')} \u2014 say that the role alice is Ann's, or no more (instructors)",
    ]
