"""Where files are uploaded to by apps, and fetched from by apps and by the page."""

from aiohttp import web

from bot.workspace.files import File, FileRefused, Files
from bot.workspace.page_requests import SECURITY, guarded
from bot.workspace.state import State


class FileRoutes:
    """Answers `/upload/…`, `/files-pri/…` and `/files/…`."""

    def __init__(self, state: State, files: Files) -> None:
        self._state = state
        self._files = files

    def routes(self) -> list[web.RouteDef]:
        """Every path of files."""
        return [
            web.post("/upload/{token}", self._upload),
            web.get("/files-pri/{id}", self._fetch),
            web.get("/files-pri/{id}/download", self._fetch),
            web.get("/files/{id}", guarded(self._show)),
        ]

    async def _upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        try:
            self._files.receive(request.match_info["token"], content)
        except FileRefused as refusal:
            raise web.HTTPBadRequest(text=str(refusal)) from refusal
        return web.Response(text=f"OK - {len(content)}")

    async def _fetch(self, request: web.Request) -> web.Response:
        """Give a file to an app that may read files; whoever has no token that may is led to the page, as Slack does."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        callers = (app for app in self._state.apps.values() if token.strip() == app.bot_token)
        app = next(callers, None) if scheme.lower() == "bearer" else None
        if app is None or "files:read" not in app.scopes:
            raise web.HTTPFound("/")
        return _given(self._found(request))

    async def _show(self, request: web.Request) -> web.Response:
        return _given(self._found(request))

    def _found(self, request: web.Request) -> File:
        found = self._files.find(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound(text="This file is gone.")
        return found


def _given(file: File) -> web.Response:
    """A file's bytes; one that is no picture is not shown by a browser, only kept."""
    kind = str(file.about["mimetype"])
    kept = {} if kind.startswith("image/") else {"Content-Disposition": "attachment"}
    return web.Response(body=file.content, content_type=kind, headers=SECURITY | kept)
