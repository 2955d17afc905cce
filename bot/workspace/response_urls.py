"""`response_url`: five uses in thirty minutes, to answer where and when something was asked."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.workspace.calls import Arguments, Refused
from bot.workspace.content import Content, read_content
from bot.workspace.limits import Faults
from bot.workspace.model import App, Message
from bot.workspace.state import State
from bot.workspace.web_api import faulty

LIVES_FOR = timedelta(minutes=30)
USES = 5


@dataclass(slots=True)
class Occasion:
    """What somebody did, and so where its answers go; `original` is the message of the button."""

    app: App
    user: str
    channel: str
    since: datetime
    original: Message | None = None
    typed: str | None = None
    """The command line, which a public answer shows once."""
    uses: int = 0


class ResponseUrls:
    """Makes response URLs and answers what is posted to them."""

    def __init__(self, state: State, faults: Faults, complain: Callable[[str], None]) -> None:
        self.base = ""
        """What every such URL begins with: `http://host:port/response/`."""
        self._state = state
        self._faults = faults
        self._complain = complain
        self._occasions: dict[str, Occasion] = {}

    def open(self, occasion: Occasion) -> str:
        """A URL by which this occasion can be answered."""
        while self._occasions and occasion.since > next(iter(self._occasions.values())).since + LIVES_FOR:
            del self._occasions[next(iter(self._occasions))]
        key = secrets.token_urlsafe(18)
        self._occasions[key] = occasion
        return self.base + key

    async def answer(self, request: web.Request) -> web.Response:
        """One use of a URL; what is refused does not count as one."""
        fault = self._faults.take("response_url")
        if fault is not None:
            await asyncio.sleep(fault.hang)
            if fault.status is not None:
                return faulty(fault)
        occasion = self._occasions.get(request.match_info["id"])
        try:
            if occasion is None or self._state.now() > occasion.since + LIVES_FOR:
                raise Refused("expired_url")
            if occasion.uses >= USES:
                raise Refused("used_url")
            self.take(occasion, _object(await request.text()))
        except Refused as refusal:
            gone = refusal.error in ("expired_url", "used_url", "message_not_found")
            self._complain(f"A response_url was refused: {refusal.error}.")
            body = {"ok": False, "error": refusal.error} | refusal.details
            return web.json_response(body, status=404 if gone else 400)
        occasion.uses += 1
        return web.json_response({"ok": True})

    def take(self, occasion: Occasion, said: dict[str, Any]) -> None:
        """Do what an answer says: post, replace or delete; Refused when Slack would refuse it."""
        arguments = Arguments(said)
        kind = arguments.optional_text("response_type")
        if kind not in (None, "ephemeral", "in_channel"):
            raise Refused("invalid_response_type")
        original = occasion.original
        if original is not None:
            original = self._state.message(original.channel, original.ts)
        if arguments.flag("delete_original"):
            if original is None:
                raise Refused("message_not_found")
            self._state.delete(original)
            return
        content = read_content(arguments)
        # Without a word on it, an answer to a button takes the place of the button's message.
        replaces = arguments.flag("replace_original", default=kind is None)
        if occasion.original is not None and replaces:
            if original is None:
                raise Refused("message_not_found")
            self._replace(original, content)
        else:
            self._post(occasion, content, arguments, in_channel=kind == "in_channel")

    def _replace(self, original: Message, content: Content) -> None:
        changed = replace(
            original,
            text=content.text or "",
            blocks=content.blocks or None,
            attachments=content.attachments or (),
            edited={"user": original.user, "ts": self._state.next_ts()},
            link_names=content.link_names,
        )
        self._state.change(changed)

    def _post(self, occasion: Occasion, content: Content, arguments: Arguments, *, in_channel: bool) -> None:
        thread_ts = arguments.optional_text("thread_ts") or None
        if thread_ts is not None and self._state.message(occasion.channel, thread_ts) is None:
            raise Refused("thread_not_found")
        if in_channel and occasion.typed is not None:
            typed, occasion.typed = occasion.typed, None
            line = Message(self._state.next_ts(), occasion.channel, typed, user=occasion.user, thread_ts=thread_ts)
            self._state.post(line, quiet=True)
        message = Message(
            ts=self._state.next_ts(),
            channel=occasion.channel,
            text=content.text or "",
            user=occasion.app.bot_user_id,
            bot_id=occasion.app.bot_id,
            app_id=occasion.app.id,
            blocks=content.blocks or None,
            attachments=content.attachments or (),
            thread_ts=thread_ts,
            ephemeral_to=None if in_channel else occasion.user,
            metadata=(content.metadata or None) if in_channel else None,
            link_names=content.link_names,
        )
        self._state.post(message)


def _object(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        raise Refused("invalid_payload") from None
    if not isinstance(value, dict):
        raise Refused("invalid_payload")
    return value
