"""Waiting, with a bound, for what must become true."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, overload

import pytest

T = TypeVar("T")


@overload
async def eventually(check: Callable[[], Awaitable[T]], *, within: float = 5.0, every: float = 0.01) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float = 5.0, every: float = 0.01) -> T: ...
async def eventually(check: Callable[[], Any], *, within: float = 5.0, every: float = 0.01) -> Any:
    """Ask `check` until its answer is true and return that; fails with the last answer after `within` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        answer = check()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if loop.time() > deadline:
            asked = repr(check) if isinstance(check, partial) else inspect.getsource(check).strip()
            pytest.fail(f"not within {within:g} s: {asked} was {answer!r} at last")
        await asyncio.sleep(every)
