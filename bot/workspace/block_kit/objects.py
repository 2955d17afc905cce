"""Composition objects: texts, options, confirmation dialogues and their limits."""

from typing import Any

from bot.workspace.block_kit.checks import (
    Check,
    Inspection,
    Need,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    one_of,
    shape,
    string,
    typed,
)
from bot.workspace.model import Json

OPTIONS_AT_MOST = 100
ID_AT_MOST = 255


def plain_text(at_most: int, at_least: int = 1) -> Check:
    """A `plain_text` object."""
    return typed({"plain_text": _plain(at_most, at_least)})


def _plain(at_most: int, at_least: int = 1) -> Check:
    return shape(type=Need(one_of("plain_text")), text=Need(string(at_most, at_least)), emoji=boolean)


def any_text(at_most: int, at_least: int = 1) -> Check:
    """A `plain_text` or `mrkdwn` object."""
    mrkdwn = shape(type=Need(one_of("mrkdwn")), text=Need(string(at_most, at_least)), verbatim=boolean)
    return typed({"plain_text": _plain(at_most, at_least), "mrkdwn": mrkdwn})


action_id = string(ID_AT_MOST)
block_id = string(ID_AT_MOST)
placeholder = plain_text(150)

confirm = shape(
    title=Need(plain_text(100)),
    text=Need(any_text(300)),
    confirm=Need(plain_text(30)),
    deny=Need(plain_text(30)),
    style=one_of("primary", "danger"),
)


def option(*, mrkdwn: bool = False, url: bool = False) -> Check:
    """An option; checkboxes and radio buttons may write theirs in mrkdwn, overflow menus may link."""
    text = any_text(75) if mrkdwn else plain_text(75)
    further = {"url": string(3000)} if url else {}
    return shape(text=Need(text), value=Need(string(150)), description=text, **further)


def options(*, mrkdwn: bool = False, at_most: int = OPTIONS_AT_MOST, url: bool = False) -> Check:
    """A list of options whose values differ."""
    listed = array(option(mrkdwn=mrkdwn, url=url), 1, at_most)

    def check(inspection: Inspection, value: Any, pointer: str) -> None:
        listed(inspection, value, pointer)
        _differ(inspection, value, pointer)

    return check


def _differ(inspection: Inspection, value: Any, pointer: str) -> None:
    if not isinstance(value, list):
        return
    values = [each.get("value") for each in value if isinstance(each, dict)]
    if len(set(map(str, values))) != len(values):
        inspection.note(pointer, "all option values must be unique")


option_groups = array(shape(label=Need(plain_text(75)), options=Need(options())), 1, OPTIONS_AT_MOST)


def initial_among_options(inspection: Inspection, value: Json, pointer: str) -> None:
    """A rule of menus: what is chosen at first is one of what is offered, to the letter."""
    groups = value.get("option_groups") or ()
    offered = [*(value.get("options") or ())]
    for group in groups:
        offered += group.get("options") or () if isinstance(group, dict) else ()
    chosen = value.get("initial_options") or ([value["initial_option"]] if value.get("initial_option") else [])
    for each in chosen if isinstance(chosen, list) else []:
        if each not in offered:
            name = "initial_options" if "initial_options" in value else "initial_option"
            inspection.note(f"{pointer}/{name}", "must match one of the options")


slack_file = shape(at_least_one("id", "url"), id=string(), url=string())
picture = exactly_one("image_url", "slack_file")
dispatch_action_config = shape(
    trigger_actions_on=Need(array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)),
)
conversation_filter = shape(
    at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),
    include=array(one_of("im", "mpim", "private", "public"), 1),
    exclude_external_shared_channels=boolean,
    exclude_bot_users=boolean,
)
workflow = shape(trigger=Need(shape(url=Need(string()), customizable_input_parameters=array(anything))))
