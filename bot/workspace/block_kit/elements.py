"""Block elements: buttons, menus, inputs, and which of them stand where."""

from collections.abc import Mapping

from bot.workspace.block_kit.checks import (
    Check,
    Need,
    anything,
    array,
    boolean,
    exactly_one,
    one_of,
    shape,
    string,
    whole,
)
from bot.workspace.block_kit.objects import (
    action_id,
    any_text,
    confirm,
    conversation_filter,
    dispatch_action_config,
    initial_among_options,
    option,
    option_groups,
    options,
    picture,
    placeholder,
    plain_text,
    slack_file,
    workflow,
)

IMAGE_URL_AT_MOST = 3000
ALT_TEXT_AT_MOST = 2000


def _element(kind: str, *rules: Check, **fields: Check | Need) -> Check:
    return shape(*rules, type=Need(one_of(kind)), action_id=action_id, **fields)


def _menu(kind: str, *rules: Check, **fields: Check | Need) -> Check:
    if kind.startswith("multi_"):
        fields["max_selected_items"] = whole(1)
    return _element(kind, *rules, placeholder=placeholder, confirm=confirm, focus_on_load=boolean, **fields)


def _choices(kind: str) -> Check:
    initial = {"initial_option": option(mrkdwn=True)}
    if kind == "checkboxes":
        initial = {"initial_options": array(option(mrkdwn=True), 1, 10)}
    return _element(
        kind,
        initial_among_options,
        options=Need(options(mrkdwn=True, at_most=10)),
        confirm=confirm,
        focus_on_load=boolean,
        **initial,
    )


def _input(kind: str, **fields: Check | Need) -> Check:
    return _element(
        kind,
        placeholder=placeholder,
        dispatch_action_config=dispatch_action_config,
        focus_on_load=boolean,
        **fields,
    )


_fixed: Mapping[str, Check] = {"options": options(), "option_groups": option_groups}
_either = exactly_one("options", "option_groups")
_url_enabled: Mapping[str, Check] = {"response_url_enabled": boolean}

image = shape(
    picture,
    type=Need(one_of("image")),
    alt_text=Need(string(ALT_TEXT_AT_MOST)),
    image_url=string(IMAGE_URL_AT_MOST, 1),
    slack_file=slack_file,
)

_feedback_button = shape(text=Need(plain_text(75)), value=Need(string(2000)), accessibility_label=string(75))

SHAPES: Mapping[str, Check] = {
    "button": _element(
        "button",
        text=Need(plain_text(75)),
        value=string(2000),
        url=string(3000),
        style=one_of("primary", "danger"),
        confirm=confirm,
        accessibility_label=string(75),
    ),
    "image": image,
    "checkboxes": _choices("checkboxes"),
    "radio_buttons": _choices("radio_buttons"),
    "overflow": _element("overflow", options=Need(options(at_most=5, url=True)), confirm=confirm),
    "static_select": _menu("static_select", _either, initial_among_options, initial_option=option(), **_fixed),
    "multi_static_select": _menu(
        "multi_static_select",
        _either,
        initial_among_options,
        initial_options=array(option(), 1),
        **_fixed,
    ),
    "external_select": _menu("external_select", initial_option=option(), min_query_length=whole(0)),
    "multi_external_select": _menu(
        "multi_external_select", initial_options=array(option(), 1), min_query_length=whole(0)
    ),
    "users_select": _menu("users_select", initial_user=string()),
    "multi_users_select": _menu("multi_users_select", initial_users=array(string())),
    "conversations_select": _menu(
        "conversations_select",
        initial_conversation=string(),
        default_to_current_conversation=boolean,
        filter=conversation_filter,
        **_url_enabled,
    ),
    "multi_conversations_select": _menu(
        "multi_conversations_select",
        initial_conversations=array(string()),
        default_to_current_conversation=boolean,
        filter=conversation_filter,
    ),
    "channels_select": _menu("channels_select", initial_channel=string(), **_url_enabled),
    "multi_channels_select": _menu("multi_channels_select", initial_channels=array(string())),
    "datepicker": _menu("datepicker", initial_date=string(10, 10)),
    "timepicker": _menu("timepicker", initial_time=string(5, 5), timezone=string()),
    "datetimepicker": _element("datetimepicker", initial_date_time=whole(0), confirm=confirm, focus_on_load=boolean),
    "plain_text_input": _input(
        "plain_text_input",
        initial_value=string(3000),
        multiline=boolean,
        min_length=whole(0, 3000),
        max_length=whole(1, 3000),
    ),
    "number_input": _input(
        "number_input",
        is_decimal_allowed=Need(boolean),
        initial_value=string(),
        min_value=string(),
        max_value=string(),
    ),
    "email_text_input": _input("email_text_input", initial_value=string()),
    "url_text_input": _input("url_text_input", initial_value=string()),
    "rich_text_input": _input("rich_text_input", initial_value=anything),
    "file_input": _element("file_input", filetypes=array(string(), 1), max_files=whole(1, 10)),
    "workflow_button": _element(
        "workflow_button",
        text=Need(plain_text(75)),
        workflow=Need(workflow),
        style=one_of("primary", "danger"),
        accessibility_label=string(75),
    ),
    "feedback_buttons": _element(
        "feedback_buttons", positive_button=Need(_feedback_button), negative_button=Need(_feedback_button)
    ),
    "icon_button": _element(
        "icon_button",
        icon=Need(one_of("trash")),
        text=Need(plain_text(75)),
        value=string(2000),
        confirm=confirm,
        accessibility_label=string(75),
        visible_to_user_ids=array(string()),
    ),
    "mrkdwn": any_text(3000, 0),
    "plain_text": any_text(3000, 0),
}

_MENUS = frozenset(
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "conversations", "channels")
)
_PICKERS = frozenset({"datepicker", "timepicker"})
IN_SECTION = _MENUS | _PICKERS | {"button", "checkboxes", "radio_buttons", "overflow", "image", "workflow_button"}
IN_ACTIONS = (
    _MENUS
    | _PICKERS
    | {
        "button",
        "checkboxes",
        "radio_buttons",
        "overflow",
        "datetimepicker",
        "workflow_button",
        "rich_text_input",
    }
)
IN_CONTEXT = frozenset({"image", "mrkdwn", "plain_text"})
IN_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})
IN_INPUT = (
    _MENUS
    | _PICKERS
    | {
        "checkboxes",
        "radio_buttons",
        "datetimepicker",
        "plain_text_input",
        "number_input",
        "email_text_input",
        "url_text_input",
        "rich_text_input",
        "file_input",
    }
)
