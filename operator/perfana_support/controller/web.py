"""Probes and metrics over HTTP: /healthz, /readyz and /metrics, on one port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from perfana_support.controller.health import Health
from perfana_support.sources.errors import Fault, SourceError

# What an answer under way is given when the operator ends. Whoever reads slowly must not keep it from ending.
_CLOSES_WITHIN_SECONDS = 0.5

# Writes a moment's metrics out. For hundreds of checks that takes a while, so it is called in a thread.
Scrape = Callable[[], bytes]


@asynccontextmanager
async def serve(host: str, port: int, health: Callable[[], Health], scrape: Callable[[], Scrape]) -> AsyncIterator[None]:
    """Serve while the context lasts; port 0 serves nothing. Raises `SourceError` for an address that cannot be had."""
    if not port:
        yield
        return

    async def healthz(_: web.Request) -> web.Response:
        return _answer(health().healthz())

    async def readyz(_: web.Request) -> web.Response:
        return _answer(health().readyz())

    async def metrics(_: web.Request) -> web.Response:
        return await _metrics(scrape())

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSES_WITHIN_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SourceError([Fault(f"{host}:{port}", 0, 0, f"cannot be served: {error.strerror or error}")]) from error
        yield
    finally:
        await runner.cleanup()


def _answer(found: tuple[bool, str]) -> web.Response:
    is_well, text = found
    return web.Response(status=200 if is_well else 503, text=text)


async def _metrics(scrape: Scrape) -> web.Response:
    body = await asyncio.to_thread(scrape)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
