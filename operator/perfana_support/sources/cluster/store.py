"""What runs in the cluster, as far as reflectors have seen it."""

import asyncio
from collections.abc import Callable, Mapping

from perfana_support.model.installation import Installation, Workload

# A workload's identity inside its namespace.
Key = tuple[str, str]


class WorkloadStore:
    """Workloads by namespace, with a call for every namespace whose facts changed.

    Most events change nothing that rules read (a heartbeat, a replica count): equal facts cause no call.
    """

    def __init__(self, resources: tuple[str, ...], on_change: Callable[[str], None]) -> None:
        self._namespaces: dict[str, dict[Key, Workload]] = {}
        self._waiting = set(resources)
        self._gaps: dict[str, str] = {}
        self._on_change = on_change
        self._synced = asyncio.Event()

    async def synced(self) -> None:
        """Return once every resource was listed or is known to be unreadable: before, nothing may be judged."""
        await self._synced.wait()

    def installation(self, namespace: str) -> Installation:
        """Everything in a namespace, and what could not be read."""
        workloads = self._namespaces.get(namespace, {})
        return Installation(namespace, tuple(workloads.values()), tuple(sorted(self._gaps.values())))

    def namespaces(self) -> list[str]:
        """The namespaces that hold a workload."""
        return list(self._namespaces)

    def put(self, workload: Workload) -> None:
        """Note a workload as it is now."""
        members = self._namespaces.setdefault(workload.namespace, {})
        key = (workload.kind, workload.name)
        if members.get(key) != workload:
            members[key] = workload
            self._on_change(workload.namespace)

    def remove(self, namespace: str, key: Key) -> None:
        """Forget a workload that is gone, or runs nothing any more."""
        members = self._namespaces.get(namespace, {})
        if members.pop(key, None) is not None:
            if not members:
                del self._namespaces[namespace]
            self._on_change(namespace)

    def replace(self, resource: str, kind: str, workloads: Mapping[tuple[str, Key], Workload], within: str | None) -> None:
        """Take a complete list of one kind, of all namespaces or of one: what it does not hold is gone."""
        for namespace, members in list(self._namespaces.items()):
            if within not in (None, namespace):
                continue
            for key in [key for key in members if key[0] == kind and (namespace, key) not in workloads]:
                self.remove(namespace, key)
        for workload in workloads.values():
            self.put(workload)
        if self._gaps.pop(resource, None) is not None:
            self._change_all()
        self._settle(resource)

    def mark_unreadable(self, resource: str, problem: str) -> None:
        """Note that a resource cannot be read: verdicts must say so instead of judging what is left."""
        if self._gaps.get(resource) != problem:
            self._gaps[resource] = problem
            self._change_all()
        self._settle(resource)

    def _settle(self, resource: str) -> None:
        self._waiting.discard(resource)
        if not self._waiting and not self._synced.is_set():
            self._synced.set()

    def _change_all(self) -> None:
        self._on_change("")
