"""Binds what makes people owners of roles, and what ends that."""

from slack_bolt.app.async_app import AsyncApp

from bot.slack import ids
from bot.slack.front import Front
from bot.slack.listeners.linking import LinkingListener


def register_linking(app: AsyncApp, front: Front, linking: LinkingListener) -> None:
    """Bind every listener of it but the command's; to be done before all else is bound."""
    app.event("user_change")(front.departure(linking.on_departure))
    app.action(ids.ASK_TO_VOUCH)(front.action(linking.on_ask_to_vouch))
    app.action(ids.VOUCH)(front.action(linking.on_vouch))
    app.action(ids.NOT_THEIRS)(front.action(linking.on_not_theirs))
