"""The methods about users, bots, the team, the app itself, and blocks."""

from bot.workspace.block_kit.validate import faults_in_message_blocks
from bot.workspace.block_kit.views import faults_in_view
from bot.workspace.calls import Call, Method, Refused, Tier, Token, invalid_arguments
from bot.workspace.model import Json
from bot.workspace.shapes import user_json


def users_info(call: Call) -> Json:
    """One user; the address only with `users:read.email`."""
    return {"user": user_json(call.state, call.user(), email="users:read.email" in call.app.scopes)}


def users_list(call: Call) -> Json:
    """Every user."""
    email = "users:read.email" in call.app.scopes
    page, metadata = call.page(list(call.state.users.values()), "users")
    members = [user_json(call.state, user, email=email) for user in page]
    return {"members": members, "cache_ts": int(call.state.now().timestamp()), "response_metadata": metadata}


def lookup_by_email(call: Call) -> Json:
    """The user with this address."""
    wanted = call.arguments.text("email").lower()
    for user in call.state.users.values():
        if user.email is not None and user.email.lower() == wanted and not user.deleted:
            return {"user": user_json(call.state, user, email=True)}
    raise Refused("users_not_found")


def bots_info(call: Call) -> Json:
    """One bot, the app's own where none is named."""
    wanted = call.arguments.optional_text("bot") or call.app.bot_id
    for app in call.state.apps.values():
        if app.bot_id == wanted:
            bot = {"id": app.bot_id, "deleted": False, "name": app.name, "app_id": app.id, "user_id": app.bot_user_id}
            return {"bot": bot | {"updated": 0, "icons": {}}}
    raise Refused("bot_not_found")


def team_info(call: Call) -> Json:
    """The workspace."""
    team = call.state.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "url": call.url, "email_domain": ""}}


def auth_test(call: Call) -> Json:
    """Who the token is."""
    team = call.state.team
    return {
        "url": call.url,
        "team": team.name,
        "team_id": team.id,
        "user": call.app.name,
        "user_id": call.app.bot_user_id,
        "bot_id": call.app.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    """The address of one new Socket Mode connection."""
    if not call.app.socket_mode:
        raise Refused("forbidden_team")
    return {"url": call.open_connection(call.app)}


def api_test(call: Call) -> Json:
    """Whatever was sent."""
    sent = {name: value for name, value in call.arguments.given.items() if name != "token"}
    if "error" in sent:
        raise Refused(str(sent["error"]), args=sent)
    return {"args": sent} if sent else {}


def blocks_validate(call: Call) -> Json:
    """Whether blocks, a message's blocks or a view are what Slack accepts."""
    named = [name for name in ("blocks", "message", "view") if name in call.arguments]
    if len(named) != 1:
        raise invalid_arguments("must define exactly one of blocks, message, view")
    value = call.arguments.json(named[0], "invalid_arguments")
    pointer = ""
    if named == ["message"]:
        value = value.get("blocks") if isinstance(value, dict) else value
        pointer = "/blocks"
    faults = faults_in_view(value, pointer) if named == ["view"] else faults_in_message_blocks(value, pointer)
    if faults:
        told = [{"pointer": each.pointer, "code": "failed_constraint", "message": each.problem} for each in faults]
        raise Refused(f"invalid_{named[0]}", errors=told)
    return {}


METHODS = {
    "users.info": Method(users_info, ("users:read",), Tier.FOUR),
    "users.list": Method(users_list, ("users:read",), Tier.TWO),
    "users.lookupByEmail": Method(lookup_by_email, ("users:read.email",), Tier.THREE),
    "bots.info": Method(bots_info, ("users:read",), Tier.THREE),
    "team.info": Method(team_info, ("team:read",), Tier.THREE),
    "auth.test": Method(auth_test, (), Tier.SPECIAL, Token.ANY),
    "apps.connections.open": Method(connections_open, (), Tier.ONE, Token.APP),
    "api.test": Method(api_test, (), Tier.FOUR, Token.NONE),
    "blocks.validate": Method(blocks_validate, (), Tier.SPECIAL, Token.NONE),
}
