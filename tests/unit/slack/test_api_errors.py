"""Slack's trouble in one word, whatever came instead of an answer."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api_errors import is_passing, status, why

ANSWERS: dict[str, tuple[int, str, str]] = {
    "a refusal": (200, "application/json", '{"ok": false, "error": "invalid_auth"}'),
    "Slack's own trouble": (200, "application/json", '{"ok": false, "error": "internal_error"}'),
    "a page": (404, "text/html", "<html>not here</html>"),
    "a proxy's text": (502, "text/plain", "Bad gateway"),
    "no JSON after all": (500, "application/json", "oops"),
    "nothing": (503, "application/json", ""),
    "a list": (200, "application/json", "[]"),
}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[AsyncWebClient]:
    """Slack's own client before a server that answers each method named above as said there."""

    async def answer(request: web.Request) -> web.Response:
        code, kind, body = ANSWERS[request.match_info["method"]]
        return web.Response(status=code, content_type=kind, text=body)

    application = web.Application()
    application.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient("xoxb-1", base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/api/", session=session)
    await runner.cleanup()


@pytest.mark.parametrize(
    ("asked", "said", "code", "passing"),
    [
        ("a refusal", "invalid_auth", 200, False),
        ("Slack's own trouble", "internal_error", 200, True),
        ("a page", "HTTP 404", 404, False),
        ("a proxy's text", "HTTP 502", 502, True),
        ("no JSON after all", "HTTP 500", 500, True),
        ("nothing", "HTTP 503", 503, True),
        ("a list", "HTTP 200", 200, False),
    ],
)
async def test_each_answer_comes_to_one_word(
    client: AsyncWebClient, asked: str, said: str, code: int, *, passing: bool
) -> None:
    with pytest.raises(SlackApiError) as failed:
        await client.api_call(asked)

    assert (why(failed.value), status(failed.value), is_passing(failed.value)) == (said, code, passing)


@pytest.mark.parametrize("response", [None, {}, b"", "text", object()])
def test_an_error_that_carries_anything_has_a_word(response: Any) -> None:
    error = SlackApiError("it failed", response)  # type: ignore[no-untyped-call]  # the SDK's

    assert why(error) == "HTTP 0"


def test_what_is_no_answer_is_named_by_its_kind() -> None:
    assert why(TimeoutError()) == "TimeoutError"
