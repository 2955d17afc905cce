"""What a person does in the page: each request is answered with whether it was done, or why not."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.workspace.files import Files
from bot.workspace.homes import Homes
from bot.workspace.interactions import Interactions, sentence
from bot.workspace.modals import Modals
from bot.workspace.model import Channel, Json, Message, User
from bot.workspace.page_requests import SECURITY, guarded, read, told
from bot.workspace.payloads import Act
from bot.workspace.refusals import NotPossible
from bot.workspace.speech import Speech, decoded
from bot.workspace.state import State

Do = Callable[[User, Json], Awaitable[str | None]]
"""Does what a person's request says; the sentence of what went wrong on the way to an app, None when nothing did."""


class PageActs:
    """Answers `POST /page/…`."""

    def __init__(
        self, state: State, interactions: Interactions, modals: Modals, speech: Speech, homes: Homes, files: Files
    ) -> None:
        self._state = state
        self._interactions = interactions
        self._modals = modals
        self._speech = speech
        self._homes = homes
        self._files = files

    def routes(self) -> list[web.RouteDef]:
        """Every path of what a person does."""
        does: dict[str, Do] = {
            "say": self._say,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "upload": self._upload,
            "act": self._act,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
        }
        acts = [web.post(f"/page/{name}", guarded(self._answered(do))) for name, do in does.items()]
        return [*acts, web.post("/page/file", guarded(self._file))]

    def _answered(self, do: Do) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            asked = await read(request)
            try:
                return told(await do(self._who(asked), asked))
            except NotPossible as why:
                return told(str(why))

        return answer

    async def _say(self, user: User, said: Json) -> str | None:
        channel = self._where(said)
        text, thread_ts = str(said.get("text", "")), said.get("thread_ts") or None
        if text.startswith("/"):
            delivered = await self._interactions.command(user, channel, text, in_thread=thread_ts is not None)
            return sentence(text.split(maxsplit=1)[0], delivered)
        self._speech.say(user, channel, text, thread_ts, broadcast=said.get("broadcast") is True)
        return None

    async def _edit(self, user: User, said: Json) -> str | None:
        self._speech.edit(user, self._message(said), str(said.get("text", "")))
        return None

    async def _delete(self, user: User, said: Json) -> str | None:
        self._speech.delete(user, self._message(said))
        return None

    async def _react(self, user: User, said: Json) -> str | None:
        self._speech.react(user, self._message(said), str(said.get("name", "")))
        return None

    async def _upload(self, user: User, said: Json) -> str | None:
        self._speech.upload(
            user,
            self._where(said),
            decoded(str(said.get("content", ""))),
            name=str(said.get("name", "")),
            mimetype=str(said.get("mimetype", "")),
            typed=str(said.get("text", "")),
            thread_ts=said.get("thread_ts") or None,
        )
        return None

    async def _act(self, user: User, done: Json) -> str | None:
        values = (done.get("state") or {}).get("values") or {}
        act = Act(str(done.get("block_id")), str(done.get("action_id")), done.get("action") or {}, values)
        if "view" in done:
            return sentence("The app's answer", await self._modals.act(user, str(done["view"]), act))
        return sentence("The app's answer", await self._interactions.act(user, self._message(done), act))

    async def _shortcut(self, user: User, done: Json) -> str | None:
        message = self._message(done) if "ts" in done else None
        delivered = await self._interactions.shortcut(user, str(done.get("callback_id")), message)
        return sentence("The shortcut", delivered)

    async def _submit(self, user: User, done: Json) -> str | None:
        values = done.get("values")
        held = values if isinstance(values, dict) else {}
        delivered = await self._modals.submit(user, str(done.get("view")), held)
        return None if delivered.error is None else "We had some trouble connecting. Try again?"

    async def _close(self, user: User, done: Json) -> str | None:
        await self._modals.close(user, str(done.get("view")), whole=done.get("whole") is True)
        return None

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Keep a file for a field, and say what stands there then."""
        asked = await read(request)
        try:
            content = decoded(str(asked.get("content", "")))
            name, kind = str(asked.get("name", "")), str(asked.get("mimetype", ""))
            kept = self._files.keep(self._who(asked), content, name=name, mimetype=kind)
        except NotPossible as why:
            return told(str(why))
        return web.json_response({"ok": True, "file": {"id": kept["id"], "name": kept["name"]}}, headers=SECURITY)

    async def _home(self, user: User, done: Json) -> str | None:
        app = self._state.apps.get(str(done.get("app")))
        if app is None:
            raise NotPossible("There is no such app here.")
        self._homes.open(user, app, str(done.get("tab")))
        return None

    def _who(self, said: Json) -> User:
        user = self._state.users.get(str(said.get("as")))
        if user is None or not user.persona:
            raise NotPossible("There is no such person here.")
        return user

    def _where(self, said: Json) -> Channel:
        channel = self._state.channels.get(str(said.get("channel")))
        if channel is None:
            raise NotPossible("There is no such conversation here.")
        return channel

    def _message(self, said: Json) -> Message:
        message = self._state.message(self._where(said).id, str(said.get("ts")))
        if message is None:
            raise NotPossible("This message is not there any more.")
        return message
