"""Commands as a person would type them, ready to be copied; foreign names in them are still data."""

import re

from bot.slack.commands import CommandNames

_WORD = re.compile(r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*")
_QUOTES = re.compile('(["\u201c\u201d])')
"""What closes a quoted name, phones' quotation marks too; doubled, they stand for themselves."""
_KEYWORDS = frozenset({"on", "help", "strays", "all", "because"})


def role(text: str) -> str:
    """Write a name so that it is read back as that name: in quotation marks unless it is one plain word."""
    if _WORD.fullmatch(text) and text.casefold() not in _KEYWORDS:
        return text
    return '"' + _QUOTES.sub(r"\1\1", text) + '"'


def conns(names: CommandNames, of: str, server: str) -> str:
    """Return `/conns alice on class`."""
    return f"{names.conns} {role(of)} on {role(server)}"


def kill(names: CommandNames, of: str, what: str, server: str) -> str:
    """Return `/kill alice strays on class`."""
    return f"{names.kill} {role(of)} {what} on {role(server)}"


def link(names: CommandNames, of: str, server: str | None) -> str:
    """Return `/connbot link alice on class`."""
    return f"{names.connbot} link {role(of)}{f' on {role(server)}' if server else ''}"


def disown(names: CommandNames, slack_id: str, of: str, server: str) -> str:
    """Return `/connbot disown U0ALICE alice on class`."""
    return f"{names.connbot} disown {slack_id} {role(of)} on {role(server)}"
