"""Clicks as Slack sends them, for tests that send one again, or to another bot."""

from bot.workspace.controls import find_control
from bot.workspace.model import Json, Message
from bot.workspace.response_urls import Occasion
from tests.courses import Course, slack_id


def a_click(course: Course, who: str, message: Message, action_id: str, trigger: str = "1.2.same") -> Json:
    """What Slack sends of a click on a button of `message`, without an address for answers."""
    block_id, element = find_control(message, action_id=action_id)
    return {
        "type": "block_actions",
        "team": {"id": course.team},
        "user": {"id": slack_id(who), "team_id": course.team},
        "container": {"channel_id": message.channel, "message_ts": message.ts, "is_ephemeral": True},
        "trigger_id": trigger,
        "actions": [{"action_id": action_id, "block_id": block_id, "value": element["value"], "type": "button"}],
    }


def answerable(course: Course, click: Json, message: Message) -> Json:
    """The same click with the address for its answers."""
    state = course.workspace.state
    occasion = Occasion(course.workspace.app(), click["user"]["id"], message.channel, state.now(), original=message)
    return click | {"response_url": course.workspace._response_urls.open(occasion)}
