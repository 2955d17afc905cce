"""The allow-list and the owners of roles: what stands in them, and what was changed."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.access.member import Grade, Member, Origin, Owner
from bot.slack.blocks import elements
from bot.slack.blocks.text import Message, code, join, moment, name, person, plural
from bot.slack.commands import CommandNames

SHOWN = 30
ROLES_WIDTH = 120

_ORIGINS = {
    Origin.ROSTER: "from the roster",
    Origin.STAFF: "by staff",
    Origin.VOUCH: "vouched for",
    Origin.POSSESSION: "proved to hold its password",
}


_WHY_SUSPENDED = {"deactivated": "their account in Slack was closed"}


def render(
    members: Sequence[Member],
    *,
    zone: tzinfo,
    now: datetime,
    names: CommandNames,
    suspended: Sequence[Owner] = (),
) -> Message:
    """Show who may help, the highest grade first; then whose links to roles count no more."""
    out = _suspended(suspended, zone, now)
    if not members:
        add = code(f"{names.connbot} allow @Ann responder")
        head = f"Nobody is on the allow-list yet, so only owners can end connections. Add somebody: {add}."
        return elements.message([head, *out], elements.sections([head, *out]))
    ordered = lines(members, zone=zone, now=now)
    people = len({member.slack_id for member in members})
    head = f"{plural(people, 'person', 'people')} on the allow-list."
    told = [f"\u2022 {line}" for line in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        told.append(
            f"{plural(len(ordered) - SHOWN, 'further entry', 'further entries')} not shown: `connbot members` has them."
        )
    return elements.message([head, *told, *out], elements.sections([f"*{head}*", *told, *out]))


def lines(members: Sequence[Member], *, zone: tzinfo, now: datetime) -> list[str]:
    """Say who may help, a line a grant, the highest grade first."""
    ordered = sorted(members, key=lambda member: (-member.grade, member.server, member.slack_id, member.roles))
    return [_line(member, zone, now) for member in ordered]


def render_allowed(member: Member, *, zone: tzinfo, now: datetime) -> Message:
    """Say what a person may do from now on."""
    return elements.short(f"Done: {_line(member, zone, now)}.")


def render_disallowed(slack_id: str, removed: Sequence[Member]) -> Message:
    """Say what a person may not do any more."""
    if not removed:
        return elements.short(f"{person(slack_id)} is not on the allow-list there; nothing was changed.")
    taken = join([f"{_a(member.grade)} {_scope(member.server, member.roles)}" for member in removed])
    return elements.short(f"Done: {person(slack_id)} is no longer {taken}.")


def render_owned(owner: Owner) -> Message:
    """Say whose role it is from now on."""
    how = _ORIGINS[owner.origin]
    return elements.short(
        f"Done: {name(owner.role)} on {name(owner.server)} is {person(owner.slack_id)}'s ({how}). "
        "They can see and close its connections themselves."
    )


def render_disowned(slack_id: str, removed: Sequence[Owner]) -> Message:
    """Say whose role it is no longer."""
    if not removed:
        return elements.short(f"{person(slack_id)} owns no such role; nothing was changed.")
    roles = [f"{name(owner.role)} on {name(owner.server)}" for owner in removed[:SHOWN]]
    if len(removed) > SHOWN:
        roles.append(f"{len(removed) - SHOWN:,} more")
    return elements.short(f"Done: {person(slack_id)} no longer owns {join(roles)}.")


def _suspended(owners: Sequence[Owner], zone: tzinfo, now: datetime) -> list[str]:
    if not owners:
        return []
    told = [f"{plural(len(owners), 'link')} to roles suspended:"]
    for owner in owners[:SHOWN]:
        since = f" since {moment(owner.suspended_at, now, zone)}" if owner.suspended_at else ""
        why = _WHY_SUSPENDED.get(owner.suspended_why or "", "suspended")
        where = f"{name(owner.role)} on {name(owner.server)}"
        told.append(f"\u2022 {where} is {person(owner.slack_id)}'s no more{since}: {why}")
    if len(owners) > SHOWN:
        told.append(
            f"{plural(len(owners) - SHOWN, 'further one', 'further ones')} not shown: `connbot members` has them."
        )
    return told


def _line(member: Member, zone: tzinfo, now: datetime) -> str:
    until = ""
    if member.until is not None:
        over = member.until <= now
        until = f" \u00b7 {'over since' if over else 'until'} {moment(member.until, now, zone)}"
    added = f"by {person(member.added_by)}, {moment(member.added_at, now, zone)}"
    scope = _scope(member.server, member.roles)
    return f"{person(member.slack_id)} is {_a(member.grade)} {scope}{until} \u00b7 {added}"


def _a(grade: Grade) -> str:
    return f"{'a' if grade is Grade.RESPONDER else 'an'} {grade.word}"


def _scope(server: str, roles: str) -> str:
    where = f"on {name(server)}" if server else "on every server"
    return f"{where} for {code(roles, ROLES_WIDTH) if roles else 'all students'}"
