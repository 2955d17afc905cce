"""What is said to one message about connections that is not an incident's answer: explanations, and questions back."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.causes.finding import Cause
from bot.diagnosis.replies import (
    Explained,
    HasRoom,
    HowToAsk,
    PictureTold,
    SeesNoPictures,
    TooMany,
    WasClosed,
    WhatDoesItSay,
    WhichRole,
    WhichServer,
)
from bot.slack import ids
from bot.slack.blocks import capacity, diagnosis, elements, typed
from bot.slack.blocks.text import Block, Message, code, join, moment, name, person, spoken
from bot.slack.commands import CommandNames
from bot.slack.incident_payloads import (
    RoleAsked,
    RoleChosen,
    ServerChosen,
    Source,
    write_role_asked,
    write_role_chosen,
    write_server_chosen,
    write_source,
)

CHOICES = 15
"""Buttons of one question."""
REASON_WIDTH = 200
COMMAND_WIDTH = 160

Spoken = (
    Explained
    | HasRoom
    | WhichRole
    | WhichServer
    | SeesNoPictures
    | PictureTold
    | WhatDoesItSay
    | WasClosed
    | HowToAsk
    | TooMany
)


def render(reply: Spoken, source: Source, *, names: CommandNames, now: datetime, zone: tzinfo) -> Message:
    """Render a reply to the message `source`."""
    match reply:
        case Explained():
            return _explained(reply, names)
        case HasRoom():
            return _has_room(reply)
        case WhichRole():
            return _which_role(reply, source, names)
        case WhichServer():
            return _which_server(reply, source)
        case SeesNoPictures() | PictureTold():
            return _about_picture(reply, source)
        case WhatDoesItSay():
            return _what_does_it_say(reply)
        case WasClosed():
            return _was_closed(reply, source, now, zone)
        case HowToAsk():
            return _how_to_ask(names)
        case TooMany():
            return elements.short(
                "Three reports in ten minutes are as many as I read from one person, so this one waits. Those before it count."
            )


def _explained(reply: Explained, names: CommandNames) -> Message:
    shown = CommandNames(*(code(command) for command in (names.conns, names.kill, names.connbot)))
    lines = diagnosis.sentences(reply.finding, reply.advice, names=shown, quote=name)
    limit = reply.room.limit if reply.room else None
    if limit is not None and not limit.full and reply.server is not None:
        what = name(reply.server) if reply.finding.cause is not Cause.DATABASE_LIMIT else _database(reply, limit.name)
        filled = f" ({capacity.filled(limit)})" if limit.limit is not None else ""
        lines.insert(1, f"Now {what} has room{filled}: try again.")
    if reply.finding.cause is Cause.ROLE_LIMIT and reply.finding.role:
        command = code(f"{names.connbot} link {typed.role(reply.finding.role)}", COMMAND_WIDTH)
        lines.append(
            f"If that role is yours and I do not know it yet, {command} in the channel's message box tells me."
        )
    return elements.short("\n".join(lines))


def _database(reply: Explained, database: str) -> str:
    return f"{name(database)} on {name(reply.server or '')}"


def _has_room(reply: HasRoom) -> Message:
    limit = reply.facts.limit
    filled = f" ({capacity.filled(limit)})" if limit is not None and limit.limit is not None else ""
    told = [
        f"Your role {name(reply.role)} on {name(reply.server)} has room now{filled}: try again.",
        *(capacity.one_left(limit) if limit is not None else []),
        "If it refuses you once more, paste the whole error here.",
    ]
    return elements.short("\n".join(told))


def _which_role(reply: WhichRole, source: Source, names: CommandNames) -> Message:
    another = write_role_asked(RoleAsked(source, reply.incident.server if reply.incident else None))
    if not reply.roles:
        where = f" on {name(reply.incident.server)}" if reply.incident else ""
        question = f"I have seen it. Which role do you connect as{where}? I know none of yours there yet."
        link = code(f"{names.connbot} link ROLE")
        way_on = (
            f"Type {link} with its name in the channel's message box, so that I can look at it for you, "
            "or paste the whole error: it may name the role."
        )
        button = elements.button("It is linked now\u2026", ids.ANOTHER_ROLE, another)
        return elements.short(f"{question}\n{way_on}", elements.buttons(button))
    shown = reply.roles[:CHOICES]
    buttons = [
        elements.button(
            spoken(f"{role} on {server}", elements.LABEL_LIMIT),
            ids.numbered(ids.WHICH_ROLE, number),
            write_role_chosen(RoleChosen(source, server, role)),
        )
        for number, (server, role) in enumerate(shown)
    ]
    buttons.append(elements.button("Another role\u2026", ids.ANOTHER_ROLE, another))
    question = "I have seen it. Which of your roles is kept out?"
    return _asked(question, [f"{r} on {s}" for s, r in shown], buttons)


def _which_server(reply: WhichServer, source: Source) -> Message:
    shown = reply.servers[:CHOICES]
    buttons = [
        elements.button(
            spoken(server, elements.LABEL_LIMIT),
            ids.numbered(ids.WHICH_SERVER, number),
            write_server_chosen(ServerChosen(source, server, reply.finding, reply.client)),
        )
        for number, server in enumerate(shown)
    ]
    return _asked("Which server do you mean? The error does not say, and I cannot tell.", shown, buttons)


def _asked(question: str, choices: Sequence[str], buttons: Sequence[Block]) -> Message:
    told = [question, f"The choices are {join([name(choice) for choice in choices])}."]
    return elements.message(told, [elements.section(question), elements.buttons(*_apart(buttons))])


def _apart(buttons: Sequence[Block]) -> list[Block]:
    """Number those labels that are the same once they are cut to a button's length."""
    seen: dict[str, int] = {}
    for button in buttons:
        label = button["text"]["text"]
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            button["text"]["text"] = f"{label[: elements.LABEL_LIMIT - 5]} ({seen[label]})"
    return list(buttons)


def _about_picture(reply: SeesNoPictures | PictureTold, source: Source) -> Message:
    if isinstance(reply, PictureTold):
        return _picture_told(source, says_so=reply.says_so)
    question = "I cannot read pictures. Does it say *too many connections*?"
    more = "Pasting the error as text helps most: it names what is full."
    value = write_source(source)
    buttons = elements.buttons(
        elements.button("Yes", ids.PICTURE_SAYS_SO, value, style=elements.PRIMARY),
        elements.button("Something else", ids.PICTURE_OTHER, value),
    )
    return elements.message([question, more], [elements.section(question), buttons, elements.context(more)])


def _picture_told(source: Source, *, says_so: bool) -> Message:
    who = person(source.person)
    if says_so:
        return elements.short(f"{who} says that the picture shows *too many connections*.")
    return elements.short(
        f"{who}, please paste here as text what it says, best with the whole line that begins with FATAL or error. "
        "Leave passwords out."
    )


def _what_does_it_say(reply: WhatDoesItSay) -> Message:
    told = ["What does it say exactly? Paste the whole error here as text, and I tell you what it means."]
    if reply.servers:
        have = "has" if len(reply.servers) == 1 else "have"
        answer = "answers" if len(reply.servers) == 1 else "answer"
        told.append(f"{_names(reply.servers)} {answer} me now and {have} room.")
    if reply.unavailable:
        do = "does" if len(reply.unavailable) == 1 else "do"
        told.append(f"{_names(reply.unavailable)} {do} not answer me either, so it may really be down: tell the staff.")
    return elements.short("\n".join(told))


def _names(servers: Sequence[str]) -> str:
    named = [name(server) for server in servers[:CHOICES]]
    more = len(servers) - len(named)
    return join([*named, f"{more:,} more"] if more else named)


def _was_closed(reply: WasClosed, source: Source, now: datetime, zone: tzinfo) -> Message:
    at = moment(reply.at, now, zone)
    where = f"of {name(reply.role)} on {name(reply.server)}"
    if reply.requester == source.person:
        head = f"That was your own doing: you had a connection {where} closed at {at}."
    elif reply.requester:
        head = f"That was {person(reply.requester)}, who had a connection {where} closed at {at}."
    else:
        head = f"That was the staff, who had a connection {where} closed at {at}."
    told = [head, *([f"The reason given: {code(reply.reason, REASON_WIDTH)}."] if reply.reason else [])]
    told.append("Reconnect, and it goes on; what was not committed is undone.")
    return elements.short("\n".join(told))


def _how_to_ask(names: CommandNames) -> Message:
    return elements.short(
        "Paste the whole error that you see, as text, and I say what it means and what helps.\n"
        f"In the message box of a channel, {code(names.conns)} shows your connections and closes those you choose, and "
        f"{code(f'{names.connbot} help')} says what else there is."
    )
