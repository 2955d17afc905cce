"""HTTP: Slack's deliveries to `/slack/events`, and `/healthz`, `/readyz`, `/metrics` for the operator."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.errors import SetupError

LARGEST_BODY = 1024 * 1024
"""Bytes; Slack's payloads are far below."""
LONGEST_CHECK = 1024


class Web:
    """Serves HTTP on one address; without a signing secret Slack is not listened to here."""

    def __init__(
        self,
        app: AsyncApp,
        signing_secret: str | None,
        *,
        ready: Callable[[], bool],
        figures: Callable[[], Mapping[str, float]],
    ) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret) if signing_secret else None
        self._ready = ready
        self._figures = figures
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen; raises `SetupError` when the address is taken or not ours."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_get("/healthz", self._health)
        application.router.add_get("/readyz", self._readiness)
        application.router.add_get("/metrics", self._metrics)
        if self._verifier is not None:
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
        body = await request.read()
        # Bolt reads a body before it looks at the signature, and takes Slack's shape for granted: strangers stay outside.
        if not self._is_signed(request, body):
            if _is_certificate_check(body):
                return web.Response()
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            delivery = AsyncBoltRequest(
                body=body.decode(),
                query=request.query_string,
                headers=request.headers,  # type: ignore[arg-type]  # as Bolt's own adapter does
            )
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return web.json_response({"error": "invalid request"}, status=400)
        answer = await self._app.async_dispatch(delivery)
        # What nobody here understands is acknowledged too: Slack would only send it again.
        return await to_aiohttp_response(answer) if answer.status == 200 else web.Response()

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        # The verifier fails on a timestamp that is no number, on letters in a signature, on a body that is not UTF-8.
        if self._verifier is None or not re.fullmatch("[0-9]{1,12}", timestamp) or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readiness(self, _: web.Request) -> web.Response:
        ready = self._ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = [f"connbot_{name} {value}" for name, value in sorted(self._figures().items())]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")


def _is_certificate_check(body: bytes) -> bool:
    """Whether this is Slack's look, now and then, at our certificate, which it does not sign."""
    return len(body) < LONGEST_CHECK and parse_qs(body.decode("utf-8", "replace")).get("ssl_check") == ["1"]
