"""The methods of the `views` family."""

from bot.workspace.calls import Call, Method, Refused, Tier, invalid_arguments
from bot.workspace.model import Json
from bot.workspace.triggers import NotExchanged, Trigger
from bot.workspace.view_content import read_view
from bot.workspace.views import View, ViewRefused, view_json


def open_view(call: Call) -> Json:
    """Show a modal to whoever did what the trigger id is of."""
    content = read_view(call.arguments.json("view", "invalid_arguments"))
    trigger = _trigger(call)
    try:
        return _told(call, call.views.open(call.app, trigger.user, content))
    except ViewRefused as refusal:
        raise Refused(str(refusal)) from None


def push_view(call: Call) -> Json:
    """Show a modal on top of the one in which the trigger id came to be."""
    content = read_view(call.arguments.json("view", "invalid_arguments"))
    trigger = _trigger(call)
    if trigger.view is None or call.views.find(trigger.view) is None:
        raise Refused("not_found")
    try:
        return _told(call, call.views.push(call.app, trigger.user, content))
    except ViewRefused as refusal:
        raise Refused(str(refusal)) from None


def update_view(call: Call) -> Json:
    """Put other content in an open modal, or a Home tab; with `hash` only when nobody else changed it meanwhile."""
    given = call.arguments.json("view", "invalid_arguments")
    view = _named(call)
    if view is None or view.app_id != call.app.id:
        raise Refused("not_found")
    content = read_view(given, "home" if view.is_home else "modal")
    if (known := call.arguments.optional_text("hash")) and known != view.hash:
        raise Refused("hash_conflict", view=view_json(call.state, view))
    try:
        return _told(call, call.views.update(call.app, view, content))
    except ViewRefused as refusal:
        raise Refused(str(refusal)) from None


def publish_view(call: Call) -> Json:
    """Put content in the app's Home tab for one person; with `hash` only when nobody else changed it meanwhile."""
    content = read_view(call.arguments.json("view", "invalid_arguments"), "home")
    user = call.state.users.get(call.arguments.text("user_id"))
    if user is None or user.is_bot:
        raise invalid_arguments("invalid `user_id`")
    if not call.app.home:
        raise Refused("not_enabled")
    shown = call.views.home(call.app, user.id)
    if (known := call.arguments.optional_text("hash")) and (shown is None or known != shown.hash):
        raise Refused("hash_conflict")
    try:
        return _told(call, call.views.publish(call.app, user.id, content))
    except ViewRefused as refusal:
        raise Refused(str(refusal)) from None


def _named(call: Call) -> View | None:
    identity, external = (call.arguments.optional_text(name) for name in ("view_id", "external_id"))
    if bool(identity) == bool(external):
        raise invalid_arguments("exactly one of view_id, external_id must be given")
    return call.views.find(identity) if identity else call.views.by_external_id(call.app, str(external))


def _trigger(call: Call) -> Trigger:
    try:
        return call.triggers.exchange(call.app, call.arguments.text("trigger_id"))
    except NotExchanged as refusal:
        raise Refused(str(refusal)) from None


def _told(call: Call, view: View) -> Json:
    return {"view": view_json(call.state, view)}


METHODS = {
    "views.open": Method(open_view, (), Tier.FOUR),
    "views.publish": Method(publish_view, (), Tier.FOUR),
    "views.push": Method(push_view, (), Tier.FOUR),
    "views.update": Method(update_view, (), Tier.FOUR),
}
