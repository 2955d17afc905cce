"""The manifest against what Slack accepts, and against the code: no scope, event or command more or less than is used."""

import ast
import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import read_course, read_environment
from bot.slack import ids
from bot.slack.commands import CommandNames
from bot.slack.scopes import EVENTS
from bot.slack.scopes import SCOPES as SCOPES_WITH_REASONS

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8"))
CODE = [*(ROOT / "bot" / "slack").rglob("*.py"), *(ROOT / "bot" / "cli").rglob("*.py"), ROOT / "bot" / "app.py"]

SCOPES = {
    # It takes the app-level token, whose scope connections:write no manifest can ask for.
    "apps_connections_open": set[str](),
    "auth_test": set[str](),
    "bots_info": {"users:read"},
    "chat_getPermalink": set[str](),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"im:history"},
    # Whichever fits the channel: only its id is known before.
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    # In public and private channels, and in direct messages.
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "reactions_add": {"reactions:write"},
    "users_info": {"users:read"},
    "files_info": {"files:read"},
    "users_list": {"users:read"},
    "views_publish": set[str](),
    "users_lookupByEmail": {"users:read.email", "users:read"},
}
"""What each method that is called demands, by its page in Slack's reference; a method missing here fails the test."""
EVENT_SCOPES: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "user_change": {"users:read"},
}
"""What each subscribed event demands, likewise."""


def text(at_least: int, at_most: int, pattern: str = "") -> dict[str, Any]:
    return {"type": "string", "minLength": at_least, "maxLength": at_most, **({"pattern": pattern} if pattern else {})}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def listed(item: dict[str, Any], at_most: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": at_most, "items": item}


BOOLEAN = {"type": "boolean"}
NAMES = listed(text(1, 50), 255)
# The parts of Slack's published schema (slackapi/manifest-schema, version 2) that a bot such as this can use, with its limits.
SCHEMA = closed(
    ["display_information"],
    _metadata=closed([], major_version={"type": "integer"}, minor_version={"type": "integer"}),
    display_information=closed(
        ["name"],
        name=text(1, 35),
        description=text(1, 140),
        long_description=text(175, 4000),
        background_color=text(4, 7, "^#([0-9a-fA-F]{3}){1,2}$"),
    ),
    features=closed(
        [],
        app_home=closed(
            [], home_tab_enabled=BOOLEAN, messages_tab_enabled=BOOLEAN, messages_tab_read_only_enabled=BOOLEAN
        ),
        bot_user=closed(["display_name"], display_name=text(1, 80), always_online=BOOLEAN),
        shortcuts=listed(
            closed(
                ["name", "type", "callback_id", "description"],
                name=text(1, 24),
                type={"enum": ["message", "global"]},
                callback_id=text(1, 255),
                description=text(1, 150),
            ),
            10,
        ),
        slash_commands=listed(
            closed(
                ["command", "description"],
                command=text(2, 32, "^/"),
                description=text(1, 2000),
                usage_hint=text(1, 1000),
                url=text(1, 3000, "^https?://"),
                should_escape=BOOLEAN,
            ),
            50,
        ),
    ),
    oauth_config=closed([], scopes=closed([], bot=NAMES, bot_optional=NAMES, user=NAMES, user_optional=NAMES)),
    settings=closed(
        [],
        event_subscriptions=closed([], bot_events=listed(text(1, 50), 100), request_url=text(1, 3500, "^https?://")),
        interactivity=closed(["is_enabled"], is_enabled=BOOLEAN, request_url=text(1, 3500, "^https?://")),
        socket_mode_enabled=BOOLEAN,
        org_deploy_enabled=BOOLEAN,
        token_rotation_enabled=BOOLEAN,
    ),
)


def faults(manifest: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(manifest)]


def calls() -> Iterator[ast.Call]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield node


def called(node: ast.Call) -> str:
    assert isinstance(node.func, ast.Attribute)
    return node.func.attr


def named(argument: ast.expr) -> str | None:
    """The string that an argument is: itself, or `ids.NAME`, also inside `ids.any_number(ids.NAME)`; a pattern is none."""
    if isinstance(argument, ast.Call) and argument.args:
        return named(argument.args[0])
    if isinstance(argument, ast.Attribute) and isinstance(argument.value, ast.Name) and argument.value.id == "ids":
        return str(getattr(ids, argument.attr))
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def registered(kind: str) -> set[str]:
    """The names that `app.KIND("name")` listens to; patterns that only acknowledge listen to none."""
    return {name for node in calls() if called(node) == kind and node.args and (name := named(node.args[0]))}


def bot_scopes() -> set[str]:
    return set(MANIFEST["oauth_config"]["scopes"]["bot"])


def bot_events() -> set[str]:
    return set(MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", []))


def test_slack_accepts_it() -> None:
    assert faults(MANIFEST) == []


def with_command(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda manifest: manifest["features"]["slash_commands"][0].update(changes)


@pytest.mark.parametrize(
    "spoil",
    [
        with_command(command="conns"),
        with_command(command="/" + "x" * 32),
        with_command(description=""),
        with_command(should_escape="yes"),
        with_command(surprise=1),
        lambda manifest: manifest.update(surprise=1),
        lambda manifest: manifest.pop("display_information"),
        lambda manifest: manifest["display_information"].update(name="x" * 36),
        lambda manifest: manifest["features"]["bot_user"].pop("display_name"),
        lambda manifest: manifest["settings"]["interactivity"].pop("is_enabled"),
        lambda manifest: manifest["oauth_config"]["scopes"]["bot"].append("x" * 51),
    ],
)
def test_what_slack_refuses_is_caught_here(spoil: Callable[[dict[str, Any]], None]) -> None:
    spoiled = copy.deepcopy(MANIFEST)
    spoil(spoiled)
    assert faults(spoiled)


def test_its_commands_are_the_ones_the_program_listens_to_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    course = read_course(read_environment({}), servers_needed=False)
    assert course.commands == CommandNames()
    commands = MANIFEST["features"]["slash_commands"]
    assert [command["command"] for command in commands] == ["/conns", "/kill", "/connbot"]
    assert CommandNames(*(command["command"] for command in commands)) == CommandNames()


def test_mentions_arrive_as_ids() -> None:
    assert all(command["should_escape"] is True for command in MANIFEST["features"]["slash_commands"])


def test_its_scopes_are_those_of_the_methods_called_and_the_events_heard() -> None:
    methods = {
        called(node) for node in calls() if "_" in called(node).strip("_") and hasattr(AsyncWebClient, called(node))
    }
    assert methods == set(SCOPES)
    needed = set().union(
        {"commands"}, *(SCOPES[method] for method in methods), *(EVENT_SCOPES[event] for event in bot_events())
    )
    assert bot_scopes() == needed


def test_every_scope_has_its_reason() -> None:
    assert [*SCOPES_WITH_REASONS] == MANIFEST["oauth_config"]["scopes"]["bot"]
    assert all(SCOPES_WITH_REASONS.values())


def test_its_events_are_those_the_program_listens_to() -> None:
    """Each kind of conversation has an event of its own, which comes in as a `message`."""
    assert {event.partition(".")[0] for event in bot_events()} == registered("event")
    assert {event: {scope} - {""} for event, scope in EVENTS.items()} == EVENT_SCOPES
    assert [*EVENTS] == MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert not registered("message")


def test_its_shortcuts_are_those_the_program_listens_to() -> None:
    shortcuts = {shortcut["callback_id"] for shortcut in MANIFEST["features"].get("shortcuts", [])}
    assert shortcuts == registered("shortcut")


def test_every_button_that_a_message_shows_has_a_listener() -> None:
    """A tick in a list has none: the catch-all acknowledges it, and the button below reads it."""
    shown = {
        *ids.ACTIONS,
        *ids.LINK_ACTIONS,
        *ids.INCIDENT_ACTIONS,
        *ids.HOME_ACTIONS,
        *ids.HISTORY_ACTIONS,
        *ids.SUMMARY_ACTIONS,
    }
    assert registered("action") == shown - {ids.CHOOSE}


def test_clicks_come_in_over_socket_mode_without_any_address() -> None:
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["interactivity"] == {"is_enabled": True}


def test_one_can_write_to_the_bot() -> None:
    assert MANIFEST["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
