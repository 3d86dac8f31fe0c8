"""What stands before a registry in tests: counts what is asked, and makes the faults that a good registry never shows.

Under TLS if wanted, with a token service of its own if wanted. It forwards every other request as it is.
"""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import aiohttp
from aiohttp import web

from tests.cluster.server import LOOPBACK

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType

STARTED_WITHIN_SECONDS = 60.0
TOKEN = "t0ken"  # noqa: S105 - of a service that a test makes up
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}
_ENDLESS_PIECE = b" " * 65536


class Seen(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    authorization: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is answered instead: a status with headers and a body, the true answer cut short, or a body without an end.

    `held` is waited for before, so that a test decides how slow an answer is.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_cut: bool = False
    is_endless: bool = False
    held: threading.Event | None = None


class Front:
    """A server before a registry. `seen` is all that was asked of it, `most_at_once` how much of it at one time."""

    def __init__(
        self,
        upstream: str,
        *,
        tls: ssl.SSLContext | None = None,
        wants_token: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Start it before the registry at that address; `headers` go to the registry with every request."""
        self._upstream = upstream
        self._tls = tls
        self._headers = dict(headers or {})
        self.wants_token = wants_token
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self._now = 0
        self._faults: list[tuple[re.Pattern[str], Fault]] = []
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._started.wait(STARTED_WITHIN_SECONDS), "the front does not start"

    @property
    def host(self) -> str:
        """Its address and port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def address(self) -> str:
        """Its URL."""
        return f"{'https' if self._tls else 'http'}://{self.host}"

    def on(self, pattern: str, fault: Fault) -> None:
        """Answer requests so whose `METHOD path` the pattern finds; what is said last holds first."""
        self._faults.insert(0, (re.compile(pattern), fault))

    def heal(self) -> None:
        """Make no fault any more, and forget what was asked."""
        self._faults.clear()
        self.seen.clear()
        self.most_at_once = 0

    def count(self, pattern: str) -> int:
        """How many requests the pattern finds, by `METHOD path`."""
        return sum(bool(re.search(pattern, f"{each.method} {each.path}")) for each in self.seen)

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(STARTED_WITHIN_SECONDS)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, 0, ssl_context=self._tls)
        await site.start()
        self.port = int(runner.addresses[0][1])
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            self._session = session
            self._started.set()
            await self._ended.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.path, request.headers.get("Authorization", "")))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            return await self._answer(request)
        finally:
            self._now -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = next((fault for found, fault in self._faults if found.search(f"{request.method} {request.path}")), Fault())
        if fault.held:
            await asyncio.to_thread(fault.held.wait, STARTED_WITHIN_SECONDS)
        if fault.is_endless:
            return await _endless(request)
        if fault.status:
            return web.Response(status=fault.status, body=fault.body or b"", headers=dict(fault.headers))
        if request.path == "/token":
            return web.json_response({"token": TOKEN})
        if self.wants_token and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="{self.address}/token",service="registry"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        return await self._forward(request, fault)

    async def _forward(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        drop = _HOP_BY_HOP | ({"authorization"} if self.wants_token else set())
        headers = {name: value for name, value in request.headers.items() if name.lower() not in drop} | self._headers
        url = f"{self._upstream}{request.path_qs}"
        async with self._session.request(request.method, url, headers=headers, data=await request.read()) as upstream:
            body = await upstream.read() if fault.body is None else fault.body
            kept = {name: value for name, value in upstream.headers.items() if name.lower() not in _HOP_BY_HOP}
            response = web.StreamResponse(status=upstream.status, headers=kept | dict(fault.headers))
            response.content_length = (
                int(upstream.headers.get("Content-Length", len(body))) if request.method == "HEAD" else len(body)
            )
            await response.prepare(request)
            if request.method != "HEAD":
                await response.write(body[: len(body) // 2] if fault.is_cut else body)
            if fault.is_cut and request.transport:
                request.transport.close()
            return response


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/vnd.oci.image.index.v1+json"})
    await response.prepare(request)
    while True:
        await response.write(_ENDLESS_PIECE)
