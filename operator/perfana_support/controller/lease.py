"""Which of several operators writes: the one that holds a Lease.

As client-go's leader election does it, so that both read the same Lease alike: a holder is gone when its Lease did not
change for the whole duration *by the reader's own clock*, since clocks of machines differ. The holder itself stops
writing well before that.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from perfana_support.sources.cluster.api import ApiError, ClusterApi, Json

_STAMPS = 64
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
_FORBIDDEN, _NOT_FOUND, _CONFLICT = 403, 404, 409
# Of the Lease's duration: how long its holder trusts it after a renewal, and how often it renews and others look.
_TRUSTED, _LOOKS = 2 / 3, 1 / 6
# Letting go spares others a wait; it is not worth one of our own at the end of a process.
_RELEASES_WITHIN_SECONDS = 1.0

log = logging.getLogger(__name__)


def boot_seconds() -> float:
    """Seconds that go on while the machine sleeps: a Lease runs out then as well."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def new_identity() -> str:
    """A name for this process that no other has.

    In a cluster it is the pod's, so that a container which is started anew goes on with the Lease that it holds.
    """
    return socket.gethostname() if "KUBERNETES_SERVICE_HOST" in os.environ else f"{socket.gethostname()}_{secrets.token_hex(4)}"


class Leadership:
    """Holding the Lease, or waiting for it. `is_mine` is asked before each write."""

    def __init__(  # noqa: PLR0913 - what a Lease consists of, and two clocks
        self,
        api: ClusterApi,
        namespace: str,
        name: str,
        identity: str,
        duration_seconds: float,
        now: Callable[[], datetime],
        seconds: Callable[[], float] = boot_seconds,
    ) -> None:
        self._api = api
        self._path = _LEASES.format(namespace)
        self._name = name
        self._namespace = namespace
        self._duration = duration_seconds
        self._now = now
        self._seconds = seconds
        self.identity = identity or new_identity()
        self.holder = ""
        self.problem = ""
        self._seen: Json = {}
        # What this process wrote into the Lease, or tried to, and when: an answer that was lost says nothing of what it did.
        self._stamps: deque[tuple[str, float]] = deque(maxlen=_STAMPS)
        self._twin = ""
        self._seen_at = 0.0
        self._mine_until = 0.0
        self._won = asyncio.Event()

    @property
    def is_mine(self) -> bool:
        """Whether this process may write now."""
        return self._seconds() < self._mine_until

    @property
    def seconds_left(self) -> float:
        """For how long this process may write, unless it renews the Lease."""
        return max(0.0, self._mine_until - self._seconds())

    async def won(self) -> None:
        """Return once this process holds the Lease."""
        while not self.is_mine:
            self._won.clear()
            await self._won.wait()

    async def run(self) -> None:
        """Take the Lease when it is free and keep it, until cancelled."""
        was_mine = False
        while True:
            try:
                await self._take_or_renew()
                self.problem = self._twin
                if self._twin and was_mine:
                    log.error("%s", self._twin)
            except (ApiError, TimeoutError) as error:
                problem = f"Lease {self._namespace}/{self._name}: {str(error) or 'no answer in time'}"
                if isinstance(error, ApiError) and error.status == _FORBIDDEN:
                    problem += f"; a Role there must allow create, and get and update for resourceNames: [{self._name}]"
                if problem != self.problem:
                    log.warning("%s", problem)
                self.problem = problem
            if self.is_mine != was_mine:
                was_mine = self.is_mine
                log.info("leading: writing verdicts" if was_mine else "standing by: %s writes verdicts", *self._others())
            await asyncio.sleep(self._duration * _LOOKS)

    async def release(self) -> None:
        """Let go of the Lease, so that another takes over at once."""
        if not self.is_mine:
            return
        self._mine_until = 0.0
        try:
            spec = {**self._spec(self._seen.get("spec")), "holderIdentity": "", "leaseDurationSeconds": 1}
            async with asyncio.timeout(_RELEASES_WITHIN_SECONDS):
                await self._put({**self._seen, "spec": spec})
        except (ApiError, TimeoutError) as error:
            log.info("the Lease was not released, another operator waits for its end: %s", str(error) or "no answer in time")

    def _others(self) -> tuple[str, ...]:
        if self.is_mine:
            return ()
        return (self.holder if self.holder != self.identity or self._twin else "nobody",) if self.holder else ("nobody",)

    async def _take_or_renew(self) -> None:
        try:
            async with self._in_time():
                found = await self._api.get(f"{self._path}/{self._name}")
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
            if self._is_held_by_another():
                # Whoever held it a moment ago may not know yet that somebody deleted it, and makes it anew.
                return
            metadata = {"name": self._name, "namespace": self._namespace}
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": self._spec()}
            await self._hold(lambda: self._api.send("POST", self._path, lease))
            return
        if found.get("spec") != self._seen.get("spec"):
            # From when it is known: it may have been renewed until the answer came, long after `began` if a machine slept.
            self._seen, self._seen_at = found, self._seconds()
        spec = found.get("spec") or {}
        self.holder = spec.get("holderIdentity") or ""
        # Before this process wrote anything, its name on the Lease is that of the one which it takes the place of.
        is_mine, stamps = self.holder == self.identity, dict(reversed(self._stamps))
        is_twin = is_mine and bool(stamps) and spec.get("renewTime") not in stamps
        self._twin = (
            f"another process calls itself {self.identity} as well; give each a name of its own: --identity" if is_twin else ""
        )
        if self._is_held_by_another():
            self._mine_until = 0.0
            return
        if is_mine and spec.get("renewTime") in stamps:
            # Its answer may have been lost, yet it was written.
            self._trust_since(stamps[spec["renewTime"]])
        await self._hold(lambda: self._put({**found, "spec": self._spec(spec)}))

    def _is_held_by_another(self) -> bool:
        """Whether the Lease, as it was last seen, is another's and has not run out since."""
        lasts = float((self._seen.get("spec") or {}).get("leaseDurationSeconds") or self._duration)
        is_another = bool(self._twin) or self.holder not in ("", self.identity)
        return is_another and self._seconds() < self._seen_at + lasts

    async def _hold(self, write: Callable[[], Any]) -> None:
        """Write the Lease as its holder. Another one who was quicker makes this a conflict: then it is theirs."""
        # Counted from before it is asked for: whoever reads the Lease counts from later.
        began = self._seconds()
        try:
            async with self._in_time():
                self._seen = await write()
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            self._mine_until = 0.0
            return
        self.holder, self._seen_at = self.identity, began
        self._trust_since(began)

    def _trust_since(self, began: float) -> None:
        self._mine_until = max(self._mine_until, began + self._duration * _TRUSTED)
        if self.is_mine:
            self._won.set()

    def _in_time(self) -> asyncio.Timeout:
        """One request's time. Not `wait_for`: until Python 3.12 it forgets a cancellation in the same turn as the answer."""
        return asyncio.timeout(self._duration * _TRUSTED / 2)

    async def _put(self, lease: Json) -> Json:
        return await self._api.send("PUT", f"{self._path}/{self._name}", lease)

    def _spec(self, before: Json | None = None) -> Json:
        """The Lease as this process holds it; who takes it from another begins a new time of holding."""
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: Json = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, round(self._duration)),
            "renewTime": stamp,
            "acquireTime": stamp,
            "leaseTransitions": 0,
        }
        if before:
            spec["leaseTransitions"] = int(before.get("leaseTransitions") or 0)
            if before.get("holderIdentity") == self.identity:
                spec["acquireTime"] = before.get("acquireTime") or stamp
            else:
                spec["leaseTransitions"] += 1
        self._stamps.append((stamp, self._seconds()))
        return spec


class Alone:
    """In place of a Leadership where no other operator is expected. It has a name as well: Events must say who wrote them."""

    problem = ""
    is_mine = True
    seconds_left = float("inf")

    def __init__(self, identity: str = "") -> None:
        self.identity = identity or new_identity()

    async def won(self) -> None:
        """Return at once."""

    async def release(self) -> None:
        """Nothing to let go of."""
