"""Trigger ids: what lets an app open something before a person, once and soon."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.workspace.model import App, User
from bot.workspace.state import State

TRIGGER_LIVES_FOR = timedelta(seconds=3)
TRIGGER_KEPT_FOR = timedelta(hours=1)


class NotExchanged(Exception):
    """The trigger id opens nothing; the text is Slack's word for why."""


@dataclass(slots=True)
class Trigger:
    """Who did something with which app, and in which view, where it was in one."""

    app: str
    user: str
    view: str | None
    issued_at: datetime
    used: bool = False


class Triggers:
    """Trigger ids: each opens something once, within three seconds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._issued: dict[str, Trigger] = {}

    def issue(self, app: App, user: User, view: str | None = None) -> str:
        """A new trigger id; those of long ago are forgotten."""
        now = self._state.now()
        while self._issued and now > next(iter(self._issued.values())).issued_at + TRIGGER_KEPT_FOR:
            del self._issued[next(iter(self._issued))]
        trigger = f"{int(now.timestamp() * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._issued[trigger] = Trigger(app.id, user.id, view, now)
        return trigger

    def exchange(self, app: App, trigger: str) -> Trigger:
        """Use a trigger id up and return what it is of; NotExchanged as Slack refuses it."""
        issued = self._issued.get(trigger)
        if issued is None or issued.app != app.id:
            raise NotExchanged("invalid_trigger_id")
        if issued.used:
            raise NotExchanged("exchanged_trigger_id")
        if self._state.now() > issued.issued_at + TRIGGER_LIVES_FOR:
            raise NotExchanged("expired_trigger_id")
        issued.used = True
        return issued
