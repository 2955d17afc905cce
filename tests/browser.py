"""A headless Chromium for tests of the workspace's page; nothing outside this machine can be reached from it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 10_000


def find_chromium() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """A started browser; where there is none the test is skipped with the reason, and fails in CI."""
    path = find_chromium()
    if path is None:
        reason = f"no browser: none of {', '.join(NAMES)} is on PATH (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        # As root Chromium has no sandbox of its own; it only ever sees pages of ours.
        browser = await playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


class Tabs:
    """Opens pages, each in a profile of its own, and keeps what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.faults: list[str] = []
        """Errors in the console, errors in scripts, and requests that would have left this machine."""

    async def open(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
    ) -> Page:
        """A page on `url`, whose reader is in New York."""
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            timezone_id="America/New_York",
            locale="en-US",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._on_request)
        await page.goto(url)
        return page

    async def close(self) -> None:
        """Close every page."""
        for context in list(self._browser.contexts):
            await context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname != "127.0.0.1":
            self.faults.append(f"outside: {request.url}")


# One browser serves all tests that share the session's event loop: mark them `asyncio(loop_scope="session")`.
# A test with a loop of its own takes `a_browser()`.


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the whole run."""
    async with a_browser() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(browser: Browser) -> AsyncIterator[Tabs]:
    """Opens pages, and closes them; at the end nothing went wrong in them."""
    opened = Tabs(browser)
    try:
        yield opened
    finally:
        await opened.close()
    assert not opened.faults, opened.faults


@pytest_asyncio.fixture(loop_scope="session")
async def browser_page(tabs: Tabs) -> Page:
    """One empty page."""
    return await tabs.open("about:blank")
