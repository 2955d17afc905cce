"""Binds the buttons of a history."""

from slack_bolt.app.async_app import AsyncApp

from bot.slack import ids
from bot.slack.front import Front
from bot.slack.listeners.history import HistoryListener


def register_history(app: AsyncApp, front: Front, listener: HistoryListener) -> None:
    """Bind them; to be done before all else is bound."""
    app.action(ids.HISTORY_OLDER)(front.action(listener.on_page))
    app.action(ids.HISTORY_NEWEST)(front.action(listener.on_page))
    app.action(ids.INCIDENT_DETAILS)(front.action(listener.on_details))
