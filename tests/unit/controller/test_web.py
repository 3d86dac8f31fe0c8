"""Probes and metrics over HTTP, on a port of this machine."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from perfana_support.controller.health import Health
from perfana_support.controller.web import serve
from perfana_support.sources.errors import SourceError

WELL = Health(is_working=True, is_synced=True, pulses={}, audited={}, silence_seconds=90.0, problems=(), leading="leading")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _get(port: int, path: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text(), response.headers["Content-Type"]


def _served(
    story: Callable[[int], Awaitable[None]], health: Health = WELL, scrape: Callable[[], bytes] = lambda: b"metric 1\n"
) -> None:
    async def told() -> None:
        port = _free_port()
        async with asyncio.timeout(10), serve("127.0.0.1", port, lambda: health, lambda: scrape):
            await story(port)

    asyncio.run(told())


def test_routes_answer() -> None:
    async def story(port: int) -> None:
        assert await _get(port, "/healthz") == (200, "ok\nleading\n", "text/plain; charset=utf-8")
        assert await _get(port, "/readyz") == (200, "ok\nleading\n", "text/plain; charset=utf-8")
        status, text, kind = await _get(port, "/metrics")
        assert (status, text) == (200, "metric 1\n")
        assert kind.startswith("text/plain; version=")
        assert (await _get(port, "/"))[0] == 404

    _served(story)


def test_what_is_not_well_is_503() -> None:
    async def story(port: int) -> None:
        assert (await _get(port, "/healthz"))[0] == 503
        assert (await _get(port, "/readyz"))[0] == 503

    _served(story, WELL._replace(is_working=False))


def test_metrics_are_written_out_beside_the_loop() -> None:
    threads = []

    def scrape() -> bytes:
        threads.append(threading.current_thread())
        return b""

    async def story(port: int) -> None:
        await _get(port, "/metrics")

    _served(story, scrape=scrape)
    assert threads != []
    assert threads[0] is not threading.main_thread()


def test_slow_scrape_holds_up_no_probe() -> None:
    begun, finish = threading.Event(), threading.Event()

    def scrape() -> bytes:
        begun.set()
        finish.wait(10)
        return b""

    async def story(port: int) -> None:
        scraping = asyncio.create_task(_get(port, "/metrics"))
        await asyncio.to_thread(begun.wait, 10)
        assert (await _get(port, "/healthz"))[0] == 200
        assert not scraping.done()
        finish.set()
        assert (await scraping)[0] == 200

    _served(story, scrape=scrape)


def test_who_reads_slowly_keeps_nobody_from_ending() -> None:
    port = _free_port()

    def ask(client: socket.socket) -> bytes:
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.recv(12)

    async def story() -> float:
        with socket.socket() as client:
            async with asyncio.timeout(60), serve("127.0.0.1", port, lambda: WELL, lambda: lambda: b"x" * 64 * 1024 * 1024):
                assert await asyncio.to_thread(ask, client) == b"HTTP/1.1 200"
                ended_from = time.monotonic()
            took = time.monotonic() - ended_from
        # The connection learns of its other end.
        await asyncio.sleep(0.1)
        return took

    assert asyncio.run(story()) < 2.0


def test_port_0_serves_nothing() -> None:
    async def story() -> None:
        async with serve("256.256.256.256", 0, lambda: WELL, lambda: bytes):
            pass

    asyncio.run(story())


def test_port_that_is_taken_is_named() -> None:
    async def story(port: int) -> None:
        with pytest.raises(SourceError) as caught:
            async with serve("127.0.0.1", port, lambda: WELL, lambda: bytes):
                pass
        assert str(caught.value).startswith(f"127.0.0.1:{port}: cannot be served: ")
        assert str(caught.value).endswith("address already in use")

    _served(story)


def test_port_is_free_afterwards() -> None:
    ports: list[int] = []

    async def story(port: int) -> None:
        ports.append(port)

    _served(story)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", ports[0]))
