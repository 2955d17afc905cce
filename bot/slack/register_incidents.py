"""Binds what people click, choose and submit about incidents."""

from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp

from bot.slack import ids
from bot.slack.front import Front
from bot.slack.listeners.incidents import IncidentListener
from bot.slack.listeners.staff import StaffListener


@dataclass(frozen=True, slots=True)
class IncidentListeners:
    """What people and staff do about incidents."""

    people: IncidentListener
    staff: StaffListener


def register_incidents(app: AsyncApp, front: Front, listeners: IncidentListeners) -> None:
    """Bind the buttons, modals and shortcuts of incidents; before `register`, which takes whatever is left."""
    people, staff = listeners.people, listeners.staff
    app.action(ids.MY_CONNECTIONS)(front.action(people.on_my_connections))
    app.action(ids.HAVE_THIS_TOO)(front.action(people.on_have_this_too))
    app.action(ids.IM_IN)(front.action(people.on_im_in))
    app.action(ids.STILL_STUCK)(front.action(people.on_still_stuck))
    app.action(ids.any_number(ids.WHICH_ROLE))(front.action(people.on_which_role))
    app.action(ids.ANOTHER_ROLE)(front.action(people.on_another_role))
    app.view(ids.ROLE_MODAL)(front.view(people.on_role_typed, people.check_role))
    app.action(ids.any_number(ids.WHICH_SERVER))(front.action(people.on_which_server))
    app.action(ids.PICTURE_SAYS_SO)(front.action(people.on_picture_says_so))
    app.action(ids.PICTURE_OTHER)(front.action(people.on_picture_other))
    app.action(ids.STAFF_TOOLS)(front.action(staff.on_tools))
    app.action(ids.RESOLVE_INCIDENT)(front.action(staff.on_resolve))
    app.action(ids.any_number(ids.RESOLVE_INCIDENT))(front.action(staff.on_resolve))
    app.shortcut(ids.RESOLVE_SHORTCUT)(front.shortcut(staff.on_resolve_shortcut))
