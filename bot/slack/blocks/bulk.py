"""Many connections in few lines: those alike together, so that a phone shows what they are before it shows their numbers."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.slack.blocks import connection
from bot.slack.blocks.connection import Shown
from bot.slack.blocks.text import duration

GROUPS = 12
"""Kinds told apart; the rest stand together."""
PIDS = 300


def groups(several: Iterable[Shown], at: datetime, number: str = connection.PID) -> list[str]:
    """One line for each program, address and state, the most numerous first, with the pids: at most `PIDS` in all of them."""
    alike: dict[tuple[object, ...], list[Shown]] = {}
    for one in several:
        alike.setdefault((one.application_name, connection.host(one, number), connection.at(one, number)), []).append(
            one
        )
    by_size = sorted(alike.values(), key=len, reverse=True)
    told, room = [], PIDS
    for group in by_size[:GROUPS]:
        told.append(f"{_whose(group, at, number)}: {pids(group, room, number)}")
        room = max(room - len(group), 0)
    if rest := [one for group in by_size[GROUPS:] for one in group]:
        told.append(f"*{len(rest):,}* others: {pids(rest, room, number)}")
    return told


def pids(several: Sequence[Shown], room: int, number: str = connection.PID) -> str:
    """The pids of `several`, as many as there is `room` for, and how many more."""
    shown = ", ".join(str(one.id.pid) for one in several[:room])
    further = len(several) - room
    if further <= 0:
        return f"{number}{'s' if len(several) > 1 else ''} {shown}"
    return f"{number}s {shown} and {further:,} more" if shown else f"no room here for their {number}s"


def _whose(group: Sequence[Shown], at: datetime, number: str) -> str:
    first = group[0]
    sign, words = connection.at(first, number)
    return f"*{len(group):,}* \u00d7 {connection.client(first)} \u00b7 {sign} {words}{_since(group, at)} \u00b7 from {connection.where(first, number, port=len(group) == 1)}"


def _since(group: Sequence[Shown], at: datetime) -> str:
    """Return ` for 3 min to 4 h`: the shortest and the longest."""
    spans = [max(at - one.state_since, timedelta(0)) for one in group if one.state_since]
    if not spans:
        return ""
    shortest, longest = duration(min(spans)), duration(max(spans))
    return f" for {shortest}" if shortest == longest else f" for {shortest} to {longest}"
