"""Files that people hand in, fetched from Slack."""

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.access.member import Actor
from bot.errors import SetupError
from bot.slack.api_errors import UNREACHABLE, is_passing, why

LARGEST = 4 << 20
"""Bytes; a class list of 10,000 lines has a tenth of it."""


class Uploads:
    """Reads files, each for the one who uploaded it."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession, token: str) -> None:
        self._client = client
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}

    async def read(self, actor: Actor, file: str) -> bytes:
        """Read a file that `actor` uploaded; raises `SetupError` naming the mend for one that cannot be had."""
        try:
            about = (await self._client.files_info(file=file))["file"]
        except SlackApiError as exc:
            if is_passing(exc):
                raise _unreachable(why(exc)) from exc
            if why(exc) == "missing_scope":
                fault = "I may not read files here: the app needs files:read, as manifest.yml has it; install it again."
                raise SetupError((fault,)) from exc
            raise _gone(why(exc)) from exc
        except UNREACHABLE as exc:
            raise _unreachable(why(exc)) from exc
        if about.get("user") != actor.id:
            raise _gone("it is not yours")
        if about.get("is_external"):
            # Its address is another site's, which must not have our token.
            raise _gone("it is kept elsewhere than in Slack")
        if int(about.get("size") or 0) > LARGEST:
            raise SetupError((f"The file has more than {LARGEST >> 20} MB: leave out the columns that nobody needs.",))
        return await self._fetch(str(about.get("url_private_download") or about.get("url_private") or ""))

    async def _fetch(self, url: str) -> bytes:
        try:
            # Whoever may not have it is sent on to a page to log in.
            async with self._session.get(
                url, headers=self._headers, allow_redirects=False, proxy=self._client.proxy
            ) as answer:
                if answer.status != 200:
                    raise _gone(f"HTTP {answer.status}")
                # A read gives what has come so far: a long list comes in many pieces.
                content = bytearray()
                async for piece in answer.content.iter_any():
                    content += piece
                    if len(content) > LARGEST:
                        raise _gone("it is too large")
        except UNREACHABLE as exc:
            raise _unreachable(why(exc)) from exc
        return bytes(content)


def _gone(reason: str) -> SetupError:
    return SetupError((f"I cannot read this file ({reason}): upload it again.",))


def _unreachable(reason: str) -> SetupError:
    return SetupError((f"Slack does not give me the file now ({reason}): try again in a minute.",))
