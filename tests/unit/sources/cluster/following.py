"""Following a script for a while, and what came of it."""

import asyncio
from collections.abc import Sequence

from perfana_support.sources.cluster.reflector import WORKLOADS, Reflector, Resource
from perfana_support.sources.cluster.store import ClusterStore
from tests.unit import virtual_time
from tests.unit.sources.cluster.script import Script, Step

PODS = next(resource for resource in WORKLOADS if resource.plural == "pods")
HOUR = 3600.0
OPEN: list[Step] = [HOUR]


class Followed:
    """What came of following a script for a while."""

    def __init__(self, script: Script, resource: Resource = PODS, namespace: str | None = None) -> None:
        self.changes: list[tuple[float, str]] = []
        self.script = script
        self.reflector = Reflector(script.api, resource, namespace, self._store(resource), 90.0)

    def _store(self, resource: Resource) -> ClusterStore:
        self.store = ClusterStore(
            (resource.plural,), lambda namespace: self.changes.append((round(virtual_time.seconds(), 3), namespace))
        )
        return self.store

    @property
    def names(self) -> list[str]:
        return sorted(workload.name for workload in self.store.installation("perfana").workloads)

    @property
    def gaps(self) -> tuple[str, ...]:
        return self.store.installation("perfana").gaps


def follow(
    lists: Sequence[Step], watches: Sequence[Sequence[Step]] = (OPEN,), seconds: float = 60.0, resource: Resource = PODS
) -> Followed:
    async def story() -> Followed:
        followed = Followed(Script(lists, watches), resource)
        running = asyncio.create_task(followed.reflector.run())
        await asyncio.sleep(seconds)
        await virtual_time.end(running)
        return followed

    return virtual_time.run(story())


def asked(followed: Followed) -> list[str]:
    """What was asked, in order."""
    return [what for _, what in followed.script.asked]
