"""The desk with its connection, its reflectors and its workers: what starts and stops together."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import kopf

from perfana_support.controller.desk import Desk
from perfana_support.controller.settings import Settings
from perfana_support.sources.clock import now as clock_now
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.reflector import (
    FIRST_WAIT_SECONDS,
    LAST_WAIT_SECONDS,
    NODES,
    REFUSALS_BELIEVED,
    WORKLOADS,
    Reflector,
)
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from perfana_support.sources.errors import Fault, SourceError

log = logging.getLogger(__name__)

_FORBIDDEN, _NOT_FOUND = 403, 404
# An upgrade of a control plane takes longer than this.
_SERVER_VERSION_SECONDS = 300.0


class Office:
    """One operator's parts. `failure` is what ended a part that must not end."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = clock_now) -> None:
        self._settings = settings
        self._now = now
        self._api = ClusterApi(settings.kubeconfig or None, settings.context or None)
        self._desk: Desk | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: BaseException | None = None

    async def connection(self) -> kopf.ConnectionInfo:
        """The connection for Kopf's own requests, with the credentials of this moment."""
        configuration = self._api.configuration
        scheme, _, token = (await self._api.authorization() or "").partition(" ")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            scheme=scheme or None,
            token=token or None,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            proxy_url=configuration.proxy,
        )

    async def open(self) -> None:
        """Connect, read the policies, and start to follow the workloads and to write verdicts.

        Raises `SourceError` for what waiting does not mend: no credentials, no CRDs, a right that is missing.
        """
        await self._api.__aenter__()
        namespaces: tuple[str | None, ...] = self._settings.namespaces or (None,)
        places = [(resource, namespace) for resource in WORKLOADS for namespace in namespaces]
        if not self._settings.namespaces:
            # Nodes are outside of what an operator of some namespaces is told to look at, and no Role gives them.
            places.append((NODES, None))
        names = [f"{namespace}/{resource.plural}" if namespace else resource.plural for resource, namespace in places]
        self._desk = desk = Desk(self._api, (*names, SERVER_VERSION), self._now)
        await self._read_policies(desk)
        for resource, namespace in places:
            self._start(Reflector(self._api, resource, namespace, desk.store).run())
        for _ in range(self._settings.workers):
            self._start(desk.work())
        self._start(self._watch_server_version(desk.store))
        self._start(desk.watch_policies())
        self._start(desk.watch_calendar())
        log.info("watching %s", ", ".join(self._settings.namespaces) or "all namespaces")

    async def close(self) -> None:
        """End all parts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._api.__aexit__()

    def is_working(self) -> bool:
        """Whether all parts are at work."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def take(self, plural: str, event: kopf.RawEvent) -> None:
        """Hand an event of a check or policy to the desk."""
        if self._desk is None:
            raise RuntimeError("an event came before the start")
        if event["type"] == "DELETED":
            self._desk.forget(plural, event["object"])
        else:
            self._desk.see(plural, event["object"])

    async def _watch_server_version(self, store: ClusterStore) -> None:
        """Ask the server for its version now and then: an upgrade changes it under a running operator."""
        while True:
            try:
                store.set_server_version(str((await self._api.get("/version")).get("gitVersion", "")))
            except ApiError as error:
                log.warning("the server's version cannot be read: %s", error)
                store.settle(SERVER_VERSION)
            await asyncio.sleep(_SERVER_VERSION_SECONDS)

    async def _read_policies(self, desk: Desk) -> None:
        """Read the policies, waiting out a server that is not ready."""
        waits = 0
        while True:
            try:
                return await desk.load_policies()
            except ApiError as error:
                # A server that has just started refuses what its roles, not yet read, will allow.
                if not error.is_passing and not (error.status == _FORBIDDEN and waits < REFUSALS_BELIEVED):
                    problem = str(error)
                    if error.status == _NOT_FOUND:
                        problem = "the CustomResourceDefinitions are not installed; run: kubectl apply -f crds/"
                    raise SourceError([Fault(f"cluster {self._api.configuration.host}", 0, 0, problem)]) from error
                wait = min(FIRST_WAIT_SECONDS * 2**waits, LAST_WAIT_SECONDS)
                waits = min(waits + 1, 8)
                log.info("the API server is not ready, trying again: %s", error)
                await asyncio.sleep(error.retry_after_seconds or wait)

    def _start(self, part: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(part)
        task.add_done_callback(self._part_ended)
        self._tasks.append(task)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        """A part that ends by itself is a fault of this program: stop, and let the platform start it anew."""
        if not task.cancelled() and task.exception() is not None:
            self.failure = task.exception()
            log.critical("stopping: %s", task, exc_info=self.failure)
            # Kopf leaves in its own order on a signal; its stop flag would hold it up for five seconds, always.
            signal.raise_signal(signal.SIGTERM)
