"""Who may do what: grades and owners, deny by default. The same functions decide at the command and at the click.

- The command line may everything: whoever can run the program beside its database could change that too.
- An owner lists and ends the connections of exactly the role that was linked: its name and its oid.
- A member's grant reaches its server (or every one) and its ROLES: globs over names and `@group`s; left out, the students
  of that server and its service accounts (which nobody ends: the plan refuses, and says whom to ask). ROLES that name other
  roles reach those too; what they may not be ended for is the plan's to say, with its reason.
- Instructors and admins whose ROLES are left out see every role of their server.
- Links are made by instructors, to students' roles only, since a link gives the right to end.
- To respond on a server takes any grant that reaches it, whatever its ROLES.
- A grant that is over gives nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from bot.access.member import Action, Denied, Grade, Member, Permitted, Right, Standing
from bot.servers.server import Role

_NEEDED = {
    Action.LIST: Grade.RESPONDER,
    Action.TERMINATE: Grade.RESPONDER,
    Action.HISTORY: Grade.RESPONDER,
    Action.SUMMARY: Grade.RESPONDER,
    Action.RESPOND: Grade.RESPONDER,
    Action.RESOLVE: Grade.RESPONDER,
    Action.ALLOW_RESPONDER: Grade.INSTRUCTOR,
    Action.OWN: Grade.INSTRUCTOR,
    Action.NAMES: Grade.INSTRUCTOR,
    Action.ALLOW: Grade.ADMIN,
}
_OF_OWNERS = (Action.LIST, Action.TERMINATE)
_ABOUT_ROLES = (Action.LIST, Action.TERMINATE, Action.HISTORY, Action.RESOLVE, Action.OWN)
# The reason on record is the last of these that holds: the one that was nearest to a yes.
_WHY = ("nothing", "expired", "other_server", "grade", "other_roles", "recreated")


def permit(standing: Standing, action: Action, *, role: Role | None, server: str, now: datetime) -> Permitted | Denied:
    """Decide whether a person may do `action` to `role` on `server`.

    `role` None means no role in particular: one that does not exist, or all of them; only a grant without ROLES reaches
    that. `server` '' means every server; only a grant for every server reaches that.
    """
    if standing.actor.at_command_line:
        return Permitted(Right.COMMAND_LINE)
    whys = ["nothing"]
    if action in _OF_OWNERS and role is not None:
        links = [link for link in standing.owned if (link.server, link.role) == (server, role.name)]
        if any(link.role_oid == role.oid for link in links):
            return Permitted(Right.OWNER)
        whys += ["recreated"] * len(links)
    judged = [(member, _objection(member, action, role, server, now)) for member in standing.members]
    grades = [member.grade for member, why in judged if why is None]
    if grades:
        return Permitted(Right(max(grades).word))
    return Denied(action, max(whys + [why for _, why in judged if why], key=_WHY.index))


def may(standing: Standing, action: Action, *, role: Role | None, server: str, now: datetime) -> bool:
    """Say whether `permit` permits it, where nobody needs to know by which right, or why not."""
    return isinstance(permit(standing, action, role=role, server=server, now=now), Permitted)


def may_change(standing: Standing, grade: Grade, *, server: str, roles: str, now: datetime) -> Permitted | Denied:
    """Decide whether a person may give or take a grant of `grade` for `server` and `roles`.

    Instructors: grants of responders, within their own server and ROLES. Admins: every grant within their server.
    """
    action = Action.ALLOW_RESPONDER if grade is Grade.RESPONDER else Action.ALLOW
    permission = permit(standing, action, role=None, server=server, now=now)
    if isinstance(permission, Denied) or permission.right is not Right.INSTRUCTOR:
        return permission
    reaching = (m for m in standing.members if _objection(m, action, None, server, now) is None)
    if any(_within(roles, member.roles) for member in reaching):
        return permission
    return Denied(action, "other_roles")


def leaves_no_admin(members: Iterable[Member], taken: Collection[Member], given: Member | None, now: datetime) -> bool:
    """Whether taking these grants and giving that one leaves a workspace that has an admin without one.

    An admin whose time is over is none, and one who gives the own grant an end gives it up.
    """
    admins = {(m.slack_id, m.server) for m in members if m.grade is Grade.ADMIN and not _over(m, now)}
    left = admins - {(member.slack_id, member.server) for member in taken}
    if given is not None and given.grade is Grade.ADMIN and given.until is None:
        left.add((given.slack_id, given.server))
    return left != admins and not left


def can_be_linked(role: Role) -> bool:
    """Whether a role may have an owner at all: a student's that logs in, and no service account."""
    return role.student and role.can_login and not role.service


def items(roles: str) -> tuple[str, ...]:
    """The globs and `@group`s of a ROLES text."""
    return tuple(item for part in roles.split(",") if (item := part.strip()))


def _objection(member: Member, action: Action, role: Role | None, server: str, now: datetime) -> str | None:
    if _over(member, now):
        return "expired"
    if member.server not in ("", server):
        return "other_server"
    if member.grade < _NEEDED[action]:
        return "grade"
    if action in _ABOUT_ROLES and not _reaches(member, action, role):
        return "other_roles"
    return None


def _over(member: Member, now: datetime) -> bool:
    return member.until is not None and member.until <= now


def _reaches(member: Member, action: Action, role: Role | None) -> bool:
    if role is None:
        return not member.roles
    if action is Action.OWN and not role.student:
        return False
    if not member.roles:
        return role.student or role.service or member.grade >= Grade.INSTRUCTOR
    return any(_names(item, role) for item in items(member.roles))


def _names(item: str, role: Role) -> bool:
    return item[1:] in role.groups if item.startswith("@") else fnmatchcase(role.name, item)


def _within(roles: str, outer: str) -> bool:
    """Whether a grant for `roles` surely gives no more than one for `outer`: what cannot be told is no."""
    if not outer:
        return True
    wide = items(outer)
    globs = [item for item in wide if not item.startswith("@")]
    narrow = items(roles)
    return bool(narrow) and all(
        item in wide or (not set("@*?[") & set(item) and any(fnmatchcase(item, glob) for glob in globs))
        for item in narrow
    )
