"""One operator: its connection and all parts that start and stop together."""

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

import kopf

from perfana_support.controller.audit import Audit
from perfana_support.controller.calendar import resync, watch_calendar
from perfana_support.controller.desk import Desk
from perfana_support.controller.framework import Framework, Terms
from perfana_support.controller.health import Health
from perfana_support.controller.lease import Alone, Leadership
from perfana_support.controller.metrics import Metrics, Moment
from perfana_support.controller.names import CHECKS, POLICIES, Name
from perfana_support.controller.policy_reports import PolicyReports
from perfana_support.controller.registries import Opened, Registries
from perfana_support.controller.settings import Settings
from perfana_support.model.registry import Registry
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from perfana_support.sources.cluster.backoff import Backoff
from perfana_support.sources.cluster.pull_secrets import PullSecrets
from perfana_support.sources.cluster.pulse import Pulse
from perfana_support.sources.cluster.reflector import ABSENCES_BELIEVED, NODES, WORKLOADS, Reflector
from perfana_support.sources.cluster.server_version import follow_server_version
from perfana_support.sources.cluster.store import SERVER_VERSION, ClusterStore
from perfana_support.sources.cluster.trouble import REFUSALS_BELIEVED
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.registry.client import Manners, RegistryClient
from perfana_support.sources.registry.fetch import HttpFetch, read_trust
from perfana_support.sources.registry.hosts import hosts_of

log = logging.getLogger(__name__)

# What SIGTERM leaves for a write at hand; a pod has thirty seconds by default, an impatient user five.
_CLOSES_WITHIN_SECONDS = 2.5
# Beyond this the server is in trouble, and errors that come again and again make cycles.
_COLLECTS_AFTER_SECONDS = 120.0
_POD_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class Office:
    """One operator's parts. `failed` is done once a part has ended that must not end."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._api = ClusterApi(settings.kubeconfig or None, settings.context or None)
        self._metrics = Metrics()
        self._leadership: Leadership | Alone = Alone(settings.identity)
        if settings.leader_election:
            namespace = _lease_namespace(settings)
            self._leadership = Leadership(
                self._api, namespace, settings.lease_name, settings.identity, settings.lease_seconds, now
            )
        namespaces: tuple[str | None, ...] = settings.namespaces or (None,)
        places = [(resource, namespace) for resource in WORKLOADS for namespace in namespaces]
        if not settings.namespaces:
            # Nodes are outside of what an operator of some namespaces is told to look at, and no Role gives them.
            places.append((NODES, None))
        names = [resource.name_in(namespace) for resource, namespace in places]
        self._manners = Manners()
        self._trust = read_trust(settings.registry_ca_file)
        self._pull_secrets = PullSecrets(self._api, of_pods=settings.use_pull_secrets)
        self._registries = Registries(self._open_registries, self._answered, per_namespace=settings.use_pull_secrets)
        self._desk = Desk(
            self._api,
            (*names, SERVER_VERSION),
            self._leadership,
            self._metrics,
            now,
            settings.settle_seconds,
            self._registries,
            writes_policies=not settings.namespaces,
            told=self._told,
        )
        self._policy_reports = (
            PolicyReports(self._api, self._leadership, self._desk.body, settings.audit_seconds)
            if settings.policy_reports
            else None
        )
        self._reflectors = [
            Reflector(self._api, resource, namespace, self._desk.store, settings.watch_silence_seconds)
            for resource, namespace in places
        ]
        self._audit = Audit(self._api, self._desk, self._metrics, settings.namespaces)
        self._opening = "the API server has not answered yet"
        self._parts: list[asyncio.Task[None]] = []
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Connect, read the policies, and start to follow the workloads and to write verdicts.

        Raises `SourceError` for what waiting does not mend: no credentials, no definitions.
        """
        settings, desk = self._settings, self._desk
        await self._api.__aenter__()
        await self._read_policies()
        self._opening = ""
        for reflector in self._reflectors:
            self._start(reflector.run())
        if isinstance(self._leadership, Leadership):
            self._start(self._leadership.run())
        for _ in range(settings.workers):
            self._start(desk.work())
        self._start(Framework(settings, self._metrics, self._connection, self._take, self._terms).run())
        self._start(follow_server_version(self._api, desk.store))
        self._start(self._audit.run(settings.audit_seconds))
        self._start(watch_calendar(desk, self._now, settings.wake_spread_seconds))
        self._start(resync(desk, settings.resync_seconds, settings.wake_spread_seconds))
        self._start(self._registries.run())
        if self._policy_reports:
            self._start(self._policy_reports.look())
            self._start(self._policy_reports.work())
        self._start(_collect_less(desk.store))
        log.info("watching %s", ", ".join(settings.namespaces) or "all namespaces")

    async def close(self) -> None:
        """End all parts, the claim to write last: no write of this process may come after it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSES_WITHIN_SECONDS):
                await self._desk.close()
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        await self._registries.close()
        await self._leadership.release()
        await self._api.__aexit__()

    # What others ask.

    def health(self) -> Health:
        """How the parts fare at this moment."""
        problems = [self._opening, self._leadership.problem, *self._audit.problems.values()]
        leading = "leading" if self._leadership.is_mine else "standing by"
        is_synced = not self._opening and self._desk.store.is_synced
        return Health(
            not self.failed.done(),
            is_synced,
            self._pulses,
            self._audit.pulses,
            self._settings.watch_silence_seconds,
            tuple(problem for problem in problems if problem),
            leading,
        )

    def scrape(self) -> Callable[[], bytes]:
        """This moment's metrics, still to be written out: that may be done elsewhere while the operator goes on."""
        pulses = {**self._pulses, **self._audit.pulses}
        is_ready, _ = self.health().readyz()
        policies = tuple(self._desk.policies.in_force())
        moment = Moment(self._desk.snapshot(), pulses, self._desk.waiting, self._leadership.is_mine, is_ready, policies)
        return lambda: self._metrics.text(moment)

    @property
    def _pulses(self) -> dict[str, Pulse]:
        return {reflector.name: reflector.pulse for reflector in self._reflectors}

    # What the parts need.

    def _told(self, name: Name) -> None:
        """Let the reports follow a check, if there are to be any."""
        if self._policy_reports:
            self._policy_reports.told(name)

    def _answered(self, namespace: str) -> None:
        self._desk.facts_changed(namespace)

    def _open_registries(self, registries: Sequence[Registry]) -> Opened:
        """A client for some registries, with the credentials that the cluster has for them."""
        hosts = hosts_of(registries)
        fetch = HttpFetch(hosts, self._trust)
        return RegistryClient(fetch, hosts, self._pull_secrets.find, manners=self._manners), fetch.close

    async def _connection(self) -> kopf.ConnectionInfo:
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

    def _take(self, plural: str, event: kopf.RawEvent) -> None:
        """Hand an event of a check or policy to the desk."""
        self._audit.told(plural, str(event["object"]["metadata"].get("namespace") or ""))
        if event["type"] == "DELETED":
            self._desk.forget(plural, event["object"])
        else:
            self._desk.see(plural, event["object"])

    def _terms(self) -> Terms:
        """What Kopf works with: the resources of ours that can be read, and how often it had to be renewed."""
        plurals = (CHECKS,) if self._desk.policies.gap else (CHECKS, POLICIES)
        return Terms(plurals, self._api.generation + self._audit.renewals)

    async def _read_policies(self) -> None:
        """Read the policies, waiting out a server that is not ready. Without the right to, checks that need one say so."""
        backoff = Backoff()
        refusals = absences = 0
        while True:
            try:
                return await self._audit.load()
            except ApiError as error:
                # A server that has just started knows no custom resources for a moment.
                absences += error.status == HTTPStatus.NOT_FOUND
                if absences > ABSENCES_BELIEVED:
                    problem = "the CustomResourceDefinitions are not installed; run: kubectl apply -f crds/"
                    raise SourceError([Fault(f"cluster {self._api.configuration.host}", 0, 0, problem)]) from error
                # And refuses what its roles, not yet read, will allow.
                refusals += error.status == HTTPStatus.FORBIDDEN
                if refusals >= REFUSALS_BELIEVED:
                    log.warning("SupportPolicies cannot be read; checks that refer to one stay Unknown: %s", error)
                    return self._desk.policies_unreadable(str(error))
                self._opening = f"the API server is not ready: {error}"
                log.info("the API server is not ready, trying again: %s", error)
                wait = backoff.next()
                await asyncio.sleep(error.retry_after_seconds or wait)

    def _start(self, part: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(part)
        task.add_done_callback(self._part_ended)
        self._parts.append(task)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        """A part that ends by itself is a fault of this program: stop, and let the platform start it anew."""
        if task.cancelled() or self.failed.done():
            return
        error = task.exception()
        if error is not None:
            log.critical("stopping: %s", task, exc_info=error)
            self.failed.set_result(error)


async def _collect_less(store: ClusterStore) -> None:
    """Keep Python's collector from looking through what stays: the facts of a cluster are a million objects and no garbage.

    What goes is freed when the last reference does; until the cluster is known there are hardly any cycles to look for.
    """
    gc.disable()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COLLECTS_AFTER_SECONDS):
                await store.synced()
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
    await asyncio.Event().wait()


def _lease_namespace(settings: Settings) -> str:
    if settings.lease_namespace:
        return settings.lease_namespace
    if os.path.exists(_POD_NAMESPACE_FILE):
        with open(_POD_NAMESPACE_FILE, encoding="utf-8") as stream:
            return stream.read().strip()
    return settings.namespaces[0] if settings.namespaces else "default"
