"""Timed work: do it, wait, go on when it fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

log = logging.getLogger(__name__)


async def every(interval: timedelta, do: Callable[[], Awaitable[object]], name: str) -> None:
    """Call `do` now and then again and again, `interval` after it ended; one failure is logged and does not end the loop."""
    while True:
        try:
            await do()
        except Exception:
            log.exception("a loop's turn failed", extra={"action": name})
        await asyncio.sleep(interval.total_seconds())
