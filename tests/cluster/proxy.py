"""A reverse proxy between a program and the API server, to make the faults that a good server never shows.

It serves the API server's own certificate, so a kubeconfig for it differs in the port alone, and forwards every request
as it is, the user agent included: the server's audit log stays a witness. What it does otherwise is told by rules.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.cluster.kubeconfig import write_kubeconfig
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.cluster.server import Cluster

HOST = "127.0.0.1"
STARTED_WITHIN_SECONDS = 10.0
LARGEST_REQUEST_BYTES = 8 * 1024 * 1024
CLOSING_SECONDS = 0.1
"""Connections under TLS are closed a few turns of the loop after they are told to."""

LOOK_SECONDS = 0.02
"""How soon an answer under way notices what was decided for it in another thread."""

PIECES = 10
"""A body that dribbles does so in so many parts."""

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "upgrade"}


@dataclass(frozen=True, kw_only=True)
class Act:
    """What is done with a request, step by step in this order; by default it is passed on, and its answer back.

    `before` is called before anything else, `ask` replaces parts of the query, `delay_seconds` later `status` and `body`
    (JSON, or bytes as they are) are the answer if given; else the
    server's is, in `PIECES` with `dribble_seconds` between them, to the end or as far as `lines` and `more_bytes` of its body.
    There the connection is cut, or with `hold` stays open without another byte.
    """

    before: Callable[[], object] | None = None
    ask: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    status: int = 0
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dribble_seconds: float = 0.0
    lines: int | None = None
    more_bytes: int = 0
    hold: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether the server's answer is not to arrive as a whole."""
        return self.lines is not None or self.hold


PASS = Act()


def refusal(status: int, reason: str, message: str = "by the tests' proxy", **headers: str) -> Act:
    """Answer with a `Status` object as the API server would."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": status}
    return Act(status=status, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})


def event(**document: object) -> Act:
    """Answer a watch with one event and end it."""
    return Act(status=200, body=document)


@dataclass(eq=False)
class Seen:
    """A request, with the status that it was answered and whether the answer is still under way. Times are monotonic."""

    method: str
    path: str
    query: Mapping[str, str]
    agent: str
    token: str
    body: bytes
    at: float
    status: int = 0
    is_open: bool = True
    sent: int = 0
    fate: str = "pass"

    @property
    def is_watch(self) -> bool:
        """Whether it asks for a watch."""
        return self.query.get("watch") in {"true", "1"}


@dataclass(eq=False)
class Rule:
    """Which requests an act is for: a pattern of the whole path and what is given besides. `seen` has those it was done to."""

    act: Act
    path: str
    method: str = ""
    watch: bool | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    times: int | None = None
    when: Callable[[Seen], bool] | None = None
    seen: list[Seen] = field(default_factory=list)

    def takes(self, request: Seen) -> bool:
        """Whether the request is one of its own, and it has not been done often enough."""
        return (
            re.fullmatch(self.path, request.path) is not None
            and self.method in {"", request.method}
            and self.watch in {None, request.is_watch}
            and self.token in {"", request.token}
            and all(request.query.get(name) == text for name, text in self.query.items())
            and (self.times is None or len(self.seen) < self.times)
            and (self.when is None or self.when(request))
        )


class Proxy:
    """A proxy in a thread of its own, until `close`. Its methods are for other threads."""

    def __init__(self, cluster: Cluster) -> None:
        """Listen on a port of loopback."""
        self._cluster = cluster
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self._transports: set[asyncio.Transport] = set()
        self._rules: tuple[Rule, ...] = ()
        self.requests: list[Seen] = []
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self._thread.start()
        wait_for(lambda: self._port, STARTED_WITHIN_SECONDS, "the proxy to listen")

    @property
    def server(self) -> str:
        """Address to use instead of the API server's."""
        return f"https://{HOST}:{self._port}"

    def kubeconfig(self, path: Path, token: str, namespace: str = "default") -> Path:
        """Write a kubeconfig that leads here."""
        return write_kubeconfig(path, server=self.server, ca_file=self._cluster.ca_file, token=token, namespace=namespace)

    # Rules

    def on(self, path: str, act: Act, **more: Any) -> Rule:  # noqa: ANN401 - the other fields of a rule
        """Add a rule; the one added last comes first."""
        rule = Rule(act, path, **more)
        self._rules = (rule, *self._rules)
        return rule

    def drop(self, *rules: Rule) -> None:
        """Remove rules, by default all."""
        self._rules = tuple(rule for rule in self._rules if rules and rule not in rules)

    # Answers under way

    def seen(self, path: str, method: str = "", *, watch: bool | None = None, is_open: bool | None = None) -> list[Seen]:
        """Return the requests so far of that path (a pattern)."""
        filters = Rule(PASS, path, method, watch)
        return [one for one in list(self.requests) if filters.takes(one) and is_open in {None, one.is_open}]

    def silence(self, path: str) -> list[Seen]:
        """From now on nothing more arrives of the answers under way on that path, and their connections stay open."""
        return self._doom(path, "silent")

    def break_off(self, path: str, *, in_line: bool = False) -> list[Seen]:
        """Cut the connections of answers under way on that path: now, or in the middle of the next line that is sent."""
        return self._doom(path, "half" if in_line else "cut")

    def _doom(self, path: str, fate: str) -> list[Seen]:
        chosen = self.seen(path, is_open=True)
        for request in chosen:
            request.fate = fate
        return chosen

    def close(self) -> None:
        """End, with all connections. More than once is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close."""
        self.close()

    # In the thread

    async def _run(self) -> None:
        served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        served.load_cert_chain(self._cluster.ca_file, self._cluster.ca_file.with_suffix(".key"))
        trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(self._cluster.ca_file)), limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=trusted, timeout=timeout, auto_decompress=False) as self._session:
            application = web.Application(client_max_size=LARGEST_REQUEST_BYTES)
            application.router.add_route("*", "/{path:.*}", self._handle)
            # A client that hangs up ends the request to the server as well, as it would without a proxy.
            runner = web.AppRunner(application, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, HOST, 0, ssl_context=served)
            await site.start()
            self._port = runner.addresses[0][1]
            await self._stopping.wait()
            await runner.cleanup()
        for transport in self._transports:  # closed in order they would wait for the client to agree
            transport.abort()
        await asyncio.sleep(CLOSING_SECONDS)
        await self._loop.shutdown_default_executor()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            agent=request.headers.get("User-Agent", ""),
            # The scheme's letters may be of either case.
            token=request.headers.get("Authorization", "").partition(" ")[2],
            body=await request.read(),
            at=time.monotonic(),
        )
        rule = next((rule for rule in self._rules if rule.takes(seen)), None)
        self.requests.append(seen)
        if request.transport is not None:
            self._transports.add(request.transport)
        if rule:
            rule.seen.append(seen)
        try:
            return await self._do(rule.act if rule else PASS, request, seen)
        finally:
            seen.is_open = False

    async def _do(self, act: Act, request: web.Request, seen: Seen) -> web.StreamResponse:
        if act.before:
            await self._loop.run_in_executor(None, act.before)
        if act.delay_seconds:
            await _pause(request, seen, act.delay_seconds)
        if act.status:
            seen.status = act.status
            content = act.body if isinstance(act.body, bytes) else json.dumps(act.body).encode() + b"\n"
            return web.Response(status=act.status, body=content, headers={"Content-Type": "application/json", **act.headers})
        headers = {name: text for name, text in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        target = URL(self._cluster.server + request.raw_path, encoded=True)
        if act.ask:
            target = target.update_query(act.ask)
        try:
            async with self._session.request(request.method, target, data=seen.body or None, headers=headers) as answer:
                return await self._hand_back(act, request, seen, answer)
        except (aiohttp.ClientError, ConnectionError):  # no server, or it ended in the middle of its answer
            return await _cut(request)

    async def _hand_back(
        self, act: Act, request: web.Request, seen: Seen, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        seen.status = answer.status
        headers = {name: text for name, text in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        out = web.StreamResponse(status=answer.status, headers=headers)
        if act.lines == 0 and not act.more_bytes and not act.hold:  # what was asked for was done, and nobody learns of it
            if not seen.is_watch:
                await answer.read()
            return await _cut(request)
        await out.prepare(request)
        if act.dribble_seconds:
            await _dribble(out, await answer.read(), act.dribble_seconds)
        elif act.is_partial and not await _pass_part(out, answer, act):
            return await (_pause(request, seen, math.inf) if act.hold else _cut(request))
        else:
            await self._follow(out, answer, request, seen)
        await out.write_eof()
        return out

    async def _follow(self, out: web.StreamResponse, answer: aiohttp.ClientResponse, request: web.Request, seen: Seen) -> None:
        """Hand on what comes as it comes, while nothing else was decided for this answer."""
        reading = asyncio.ensure_future(answer.content.readany())
        try:
            while True:
                # Woken now and then, to see what was decided from another thread.
                done, _ = await asyncio.wait({reading}, timeout=LOOK_SECONDS)
                if seen.fate == "cut":
                    await _cut(request)
                if not done:
                    continue
                piece = reading.result()
                if not piece:
                    return
                if seen.fate == "half":
                    await out.write(piece[: piece.index(b"\n") // 2])
                    await _cut(request)
                if seen.fate == "pass":
                    await out.write(piece)
                    seen.sent += len(piece)
                reading = asyncio.ensure_future(answer.content.readany())
        finally:
            reading.cancel()


async def _pass_part(out: web.StreamResponse, answer: aiohttp.ClientResponse, act: Act) -> bool:
    """Hand on so many lines and bytes; whether the answer ended before."""
    for _ in range(act.lines or 0):
        line = await answer.content.readuntil(b"\n")
        if not line:
            return True
        await out.write(line)
    if act.more_bytes:
        await out.write(await answer.content.read(act.more_bytes))
    return False


async def _dribble(out: web.StreamResponse, body: bytes, seconds: float) -> None:
    size = max(1, -(-len(body) // PIECES))
    for start in range(0, len(body), size):
        await out.write(body[start : start + size])
        await asyncio.sleep(seconds)


async def _cut(request: web.Request) -> web.StreamResponse:
    """Close the connection without another byte."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


async def _pause(request: web.Request, seen: Seen, seconds: float) -> web.StreamResponse:
    """Say nothing for that long, unless it is decided meanwhile to cut the connection."""
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0:
        if seen.fate == "cut":
            await _cut(request)
        await asyncio.sleep(min(left, LOOK_SECONDS))
    return web.StreamResponse()
