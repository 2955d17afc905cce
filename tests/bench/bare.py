"""A bare Bolt app, as its documentation shows one: it acknowledges and answers, and does nothing else."""

import asyncio
import os

from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient


async def main() -> None:
    """Serve until killed."""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client)

    async def on_command(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("alice: 3 of 5 connections")

    app.command("/conns")(on_command)
    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
