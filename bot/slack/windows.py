"""Modals before people: opened within three seconds of a click, then brought up to date."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api_errors import FAILED, why
from bot.slack.blocks.text import Block
from bot.slack.call import Call, Window

log = logging.getLogger(__name__)


class Windows:
    """Shows modals, and never raises for one that Slack does not show any more: then the person is told elsewhere."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def open(self, trigger: str, view: Block) -> Window | None:
        """Show a modal to whoever the trigger is of; None: it came too late, or Slack does not take it."""
        return await self._shown("views.open", self._client.views_open, trigger_id=trigger, view=view)

    async def update(self, window: Window, view: Block) -> Window | None:
        """Put other content in a modal, unless it was changed since it had this hash ('': in any case); None: or it is closed."""
        return await self._shown(
            "views.update", self._client.views_update, view_id=window.id, hash=window.hash or None, view=view
        )

    async def over(self, call: Call, view: Block) -> Window | None:
        """Show a modal on top of the one that was clicked in, which is there again when it is closed; too late for that, in its place.

        Before the Home tab too. None: neither was clicked in, or it is closed meanwhile.
        """
        if call.in_home:
            return await self.open(call.trigger, view)
        if call.window is None:
            return None
        pushed = await self._shown("views.push", self._client.views_push, trigger_id=call.trigger, view=view)
        return pushed or await self.update(call.window, view)

    async def _shown(self, action: str, method: Callable[..., Awaitable[Any]], **arguments: Any) -> Window | None:
        try:
            view = (await method(**arguments))["view"]
        except FAILED as exc:
            log.info("a modal was not shown", extra={"action": action, "why": why(exc)})
            return None
        return Window(view["id"], view["hash"])
