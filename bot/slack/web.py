"""HTTP: Slack's deliveries to `/slack/events`, and `/healthz`, `/readyz`, `/metrics` for the operator."""

from collections.abc import Callable, Mapping

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp

from bot.errors import SetupError

LARGEST_BODY = 1024 * 1024
"""Bytes; Slack's payloads are far below."""


class Web:
    """Serves HTTP on one address; `app` None means that Slack is not listened to here."""

    def __init__(
        self, app: AsyncApp | None, *, ready: Callable[[], bool], figures: Callable[[], Mapping[str, float]]
    ) -> None:
        self._app = app
        self._ready = ready
        self._figures = figures
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen; raises `SetupError` when the address is taken or not ours."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._readiness)
        application.router.add_get("/metrics", self._metrics)
        if self._app is not None:
            application.router.add_post("/slack/events", self._slack)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as exc:
            fault = f"CONNBOT_HTTP: {host}:{port} cannot be listened on ({exc.strerror}): free it or name another."
            raise SetupError((fault,)) from exc

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._runner is None:
            return 0
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _slack(self, request: web.Request) -> web.Response:
        # Bolt's verifier takes the timestamp for a number and fails on anything else; that request is no request of Slack's.
        if not request.headers.get("X-Slack-Request-Timestamp", "").isdecimal():
            return web.json_response({"error": "invalid request"}, status=401)
        if self._app is None:
            return web.Response(status=404)
        try:
            bolt_request = await to_bolt_request(request)
        except ValueError:
            # Neither JSON nor a form, or not UTF-8: Bolt reads the body before it looks at the signature.
            return web.json_response({"error": "invalid request"}, status=400)
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readiness(self, _: web.Request) -> web.Response:
        ready = self._ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = [f"connbot_{name} {value}" for name, value in sorted(self._figures().items())]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")
