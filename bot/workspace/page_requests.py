"""What every request of the page has in common: who may send it, and how it is read and answered."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.workspace.model import Json

NAMES_OF_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(answer: Answer) -> Answer:
    """Let only pages of this machine in."""

    async def guard(request: web.Request) -> web.StreamResponse:
        refuse_foreign(request)
        return await answer(request)

    return guard


def refuse_foreign(request: web.Request) -> None:
    """Let only pages of this machine in: a name that was pointed here from elsewhere gets 403."""
    if urlsplit(f"//{request.host}").hostname not in NAMES_OF_THIS_MACHINE:
        raise web.HTTPForbidden(text="This workspace answers to 127.0.0.1 and localhost only.")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="This workspace answers its own page only.")


async def read(request: web.Request) -> Json:
    """The body, a JSON object."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        body: Any = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object.")
    return body


def told(error: str | None) -> web.Response:
    """That it was done, or why not."""
    return web.json_response({"ok": True} if error is None else {"ok": False, "error": error}, headers=SECURITY)
