"""Socket Mode through the `websockets` client, with a watchdog.

The SDK's own monitor reconnects a session that closed, at its pace; the watchdog looks every second, takes a new ticket
each time (a ticket whose handshake failed once may fail for ever), waits longer after each failure, and says how it stands.
"""

import asyncio
import logging
from random import Random

import aiohttp
from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from websockets.exceptions import WebSocketException

from bot.errors import SetupError

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
HOPELESS = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "not_allowed_token_type",
    "missing_scope",
}


class SocketMode:
    """Keeps one Socket Mode session open until it is closed."""

    def __init__(self, app: AsyncApp, app_token: str, *, random: Random) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token, ping_interval=5)
        self._random = random
        self._watchdog: asyncio.Task[None] | None = None
        self.connected = False

    async def open(self) -> None:
        """Connect, trying again until it works; raises `SetupError` for a token that Slack refuses for good."""
        wait = FIRST_WAIT
        while not await self._connect():
            await asyncio.sleep(wait * self._random.uniform(0.5, 1.0))
            wait = min(wait * 2, LONGEST_WAIT)
        self.connected = True
        self._watchdog = asyncio.create_task(self._watch(), name="socket mode watchdog")

    async def close(self) -> None:
        """Take no more deliveries."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            await asyncio.gather(self._watchdog, return_exceptions=True)
        self.connected = False
        client = self._handler.client
        await client.close()  # type: ignore[no-untyped-call]  # the SDK's
        tasks = [t for t in (client.message_processor, client.current_session_monitor, client.message_receiver) if t]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        wait = FIRST_WAIT
        while True:
            await asyncio.sleep(LOOK_EVERY)
            connected = await self._handler.client.is_connected()
            if connected != self.connected:
                self.connected = connected
                log.log(
                    logging.INFO if connected else logging.WARNING,
                    "Socket Mode %s",
                    "is up" if connected else "is down",
                )
            if connected:
                wait = FIRST_WAIT
            elif not await self._connect():
                await asyncio.sleep(wait * self._random.uniform(0.5, 1.0))
                wait = min(wait * 2, LONGEST_WAIT)

    async def _connect(self) -> bool:
        try:
            await self._handler.client.connect_to_new_endpoint()
        except SlackApiError as exc:
            error = str(exc.response["error"])
            if error in HOPELESS and not self.connected and self._watchdog is None:
                fault = f"Slack refuses SLACK_APP_TOKEN ({error}): make a new app-level token with the scope connections:write."
                raise SetupError((fault,)) from exc
            log.warning("Slack gave no Socket Mode address", extra={"action": "connect", "why": error})
            return False
        except (aiohttp.ClientError, WebSocketException, TimeoutError, OSError) as exc:
            log.warning("Socket Mode could not connect", extra={"action": "connect", "why": type(exc).__name__})
            return False
        return await self._handler.client.is_connected()
