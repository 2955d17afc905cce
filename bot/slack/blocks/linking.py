"""How a person comes to own a role: the line to run, the card for staff, and what everybody concerned is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.access.link import AlreadyOwned, Asked, BeforeStaff, Card, Decision, LinkRequest, News, Proof, TooMany, Vouch
from bot.access.member import Origin, Owner
from bot.slack import ids
from bot.slack.blocks import elements, typed
from bot.slack.blocks.text import Block, Message, code, duration, join, moment, name, person, plural
from bot.slack.commands import CommandNames

LINE_WIDTH = 140
COMMAND_WIDTH = 300
NAMED = 10
"""Owners or roles that one line names."""

_HOW = {
    Origin.ROSTER: "by the roster",
    Origin.STAFF: "by staff",
    Origin.VOUCH: "vouched for by staff",
    Origin.POSSESSION: "by a code in a session of that role",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as Slack tells of them; `email` only of a confirmed profile of our own workspace."""

    slack_id: str
    name: str = ""
    email: str | None = None


def render_line(asked: Asked, *, zone: tzinfo, staff: bool) -> Message:
    """Give the line to run, what it does, where, and how long it is looked for."""
    request, line = asked.request, code(f"SET application_name = '{asked.shown}';", LINE_WIDTH)
    waits = duration(request.expires_at - request.asked_at)
    until = moment(request.expires_at, request.asked_at, zone)
    return elements.short(
        f"*Is the role {_role(request)} yours?* Show it: run this line in a connection of that role.\n"
        f"{line}\n"
        "A connection that is open already will do, so this works at the limit too: paste it at the prompt of psql, or into a "
        "query window that is connected (pgAdmin: Query Tool, F5; DBeaver: SQL editor, Ctrl+Enter) or a notebook cell.\n"
        f"I look for {waits}, until {until}, and tell you. The line changes nothing but the name that the connection shows, to "
        "everybody on that server, until it closes.\n"
        "\u26a0\ufe0f *Whoever is named in the line* owns the role from then on. Never run one with another name in it, whoever asks you to.",
        *_other_way(request, staff=staff),
    )


def render_sent(asked: Asked, *, staff: bool) -> Message:
    """Say where the line is."""
    return elements.short(
        f"I have sent you a line by direct message. Run it in an open connection of {_role(asked.request)}, and the role is yours.",
        *_other_way(asked.request, staff=staff),
    )


def render_already(owned: AlreadyOwned, *, names: CommandNames) -> Message:
    """Say that there is nothing to prove."""
    return elements.short(
        f"{name(owned.role)} on {name(owned.server)} is yours already: {code(names.conns)} shows its connections."
    )


def render_too_many(refused: TooMany, *, zone: tzinfo, now: datetime) -> Message:
    """Say that the person has as many requests as one may have."""
    if refused.until is None:
        return elements.short(
            "Three requests of yours are before the staff already. Ask them there, or wait for one to be answered."
        )
    return elements.short(
        "Three codes of yours are looked for already, and more than that I do not do at a time. Use one of them, or ask again "
        f"after {moment(refused.until, now, zone)}."
    )


def render_vouch_asked(before: BeforeStaff) -> Message:
    """Say how it stands with what staff were asked."""
    request = before.request
    if request.proof is Proof.PROVED or request.vouch in (Vouch.VOUCHED, Vouch.CLOSED):
        return elements.short(f"That is settled: {_role(request)} has been linked to you.")
    if request.vouch is Vouch.NOT_THEIRS:
        return elements.short(_not_theirs(request.asked_for, request.server))
    if not before.seen:
        return elements.short(
            f"I cannot reach the staff's channel now, so they may not see that you ask for {_role(request)}: ask them yourself. They "
            f"need the role's name and your Slack ID, {code(request.slack_id)}."
        )
    return elements.short(
        f"The staff are asked whether {_role(request)} is yours. You are told what they say; until then the line works as well."
    )


def render_found(news: News, *, names: CommandNames) -> Message:
    """Tell the new owner."""
    how = "Your code was seen" if news.origin is Origin.POSSESSION else f"{person(news.by)} vouched for you"
    return elements.short(
        f"\u2705 {how}: the role {name(news.role)} on {name(news.server)} is yours now. {code(names.conns)} shows its connections, and "
        "you can close them there yourself."
    )


def render_not_found(news: News, request: LinkRequest | None, *, staff: bool, names: CommandNames) -> Message:
    """Tell the person once that no session showed the code, and the other way."""
    again = code(typed.link(names, news.role, news.server), COMMAND_WIDTH)
    told = f"No connection of {_of(news)} showed your code in time, so nothing was linked. {again} gives a new one."
    if request is not None and request.vouch is Vouch.ASKED:
        return elements.short(f"{told} The staff are asked already.")
    if not staff or request is None or request.vouch is not None:
        return elements.short(f"{told} Or ask your staff: they can link you to it.")
    return elements.short(f"{told} Or let the staff vouch for you.", _vouch_button(request))


def render_not_theirs(news: News) -> Message:
    """Tell the person that staff did not vouch."""
    return elements.short(_not_theirs(news.role, news.server))


def render_new_owner(news: News) -> Message:
    """Tell an owner of the role that there is another one."""
    return elements.short(
        f"\U0001f511 {person(news.slack_id)} owns the role {_of(news)} now as you do ({_how(news)}): they see and can close its "
        "connections. If that is wrong, tell the staff at once, and change the role's password."
    )


def render_new_owner_to_staff(news: News, owners: Sequence[Owner], *, names: CommandNames) -> Message:
    """Tell staff whose role it is from now on, who owns it besides, and how to take it back."""
    others = [person(one.slack_id) for one in owners if one.slack_id != news.slack_id]
    beside = f", beside {_some(others)}" if others else ""
    back = code(typed.disown(names, news.slack_id, news.role, news.server), COMMAND_WIDTH)
    known = ", and the role needs another password" if news.origin is Origin.POSSESSION else ""
    return elements.short(
        f"\U0001f511 {person(news.slack_id)} owns the role {_of(news)} now{beside} ({_how(news)}). If that is wrong: {back}{known}."
    )


def render_roster(news: Sequence[News]) -> Message:
    """Tell staff whom a roster made owners."""
    first = news[0]
    listed = [f"{person(one.slack_id)} ({name(one.role)})" for one in news]
    return elements.short(
        f"\U0001f511 A roster by {person(first.by)} made {plural(len(news), 'new owner')} of roles on {name(first.server)}: "
        f"{_some(listed)}."
    )


def render_card(card: Card, profile: Profile) -> Message:
    """Ask staff whether a role is its claimant's, or say what became of that."""
    request = card.request
    if request.vouch is not Vouch.ASKED:
        return elements.short(_settled(request))
    who = " \u00b7 ".join(
        [
            person(request.slack_id),
            *([name(profile.name)] if profile.name else []),
            code(profile.email or "no confirmed e-mail"),
        ]
    )
    head = f"Is {_role(request)} theirs? {person(request.slack_id)} asks you to vouch."
    lines = [f"Who: {who}", *_what_is_known(card)]
    decide = [elements.button("Not theirs", ids.NOT_THEIRS, request.id)]
    if request.role is not None:
        lines.append("Vouch only for whom you know it to be theirs: they will see and can close its connections.")
        decide.insert(0, elements.button("Vouch", ids.VOUCH, request.id))
    return elements.message([head, *lines], [*elements.sections([f"*{head}*", *lines]), elements.buttons(*decide)])


def render_decision(decision: Decision, *, zone: tzinfo, now: datetime) -> Message:
    """Tell whoever clicked what came of it, where the card alone does not."""
    request = decision.request
    match decision.why:
        case "made_anew":
            return elements.short(
                f"Nothing was linked: {_role(request)} is not the role any more that this was asked for. They can ask again with "
                "the role that there is now."
            )
        case "first" if request.decided_by and request.decided_at:
            when = moment(request.decided_at, now, zone)
            return elements.short(f"{person(request.decided_by)} was first, at {when}. {_settled(request)}")
        case _:
            return elements.short(_settled(request))


def _what_is_known(card: Card) -> list[str]:
    request = card.request
    if request.role is None:
        return [f"There is no student's role {name(request.asked_for)} on {name(request.server)}."]
    theirs = [one for one in card.of_person if one.server == request.server]
    by_roster = [name(one.role) for one in theirs if one.origin is Origin.ROSTER]
    other = [name(one.role) for one in theirs if one.origin is not Origin.ROSTER]
    owners = [f"{person(one.slack_id)} ({_HOW[one.origin]})" for one in card.of_role]
    return [
        f"The roster gives them: {_some(by_roster)}." if by_roster else "The roster gives them no role on that server.",
        *([f"They own besides: {_some(other)}."] if other else []),
        f"{name(request.role)} is owned by {_some(owners)}." if owners else f"{name(request.role)} has no owner yet.",
    ]


def _settled(request: LinkRequest) -> str:
    whose = _role(request)
    by = person(request.decided_by or "")
    match request.vouch:
        case Vouch.VOUCHED:
            return f"\u2705 {by} vouched: {whose} is {person(request.slack_id)}'s now."
        case Vouch.NOT_THEIRS:
            return f"\U0001f6ab {by} says that {whose} is not {person(request.slack_id)}'s. Nothing was linked."
        case _:
            return f"\u2611\ufe0f {whose} was linked to {person(request.slack_id)} another way; there is nothing to vouch for."


def _not_theirs(role: str, server: str) -> str:
    return (
        f"The staff did not confirm that the role {name(role)} on {name(server)} is yours, so nothing was linked. If it is, talk "
        "to them."
    )


def _other_way(request: LinkRequest, *, staff: bool) -> tuple[Block, ...]:
    if not staff:
        return ()
    return (elements.context("No connection of that role that answers?"), _vouch_button(request))


def _vouch_button(request: LinkRequest) -> Block:
    return elements.buttons(elements.button("Ask staff to vouch", ids.ASK_TO_VOUCH, request.id))


def _role(request: LinkRequest) -> str:
    return f"{name(request.asked_for)} on {name(request.server)}"


def _of(news: News) -> str:
    return f"{name(news.role)} on {name(news.server)}"


def _how(news: News) -> str:
    assert news.origin is not None  # noqa: S101 - the table demands it of a new owner
    return _HOW[news.origin] if news.by == news.slack_id else f"{_HOW[news.origin]}: {person(news.by)}"


def _some(listed: Sequence[str]) -> str:
    more = [plural(len(listed) - NAMED, "other")] if len(listed) > NAMED else []
    return join([*listed[:NAMED], *more])
