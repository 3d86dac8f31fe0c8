"""What runs in the cluster, as far as reflectors have seen it."""

import asyncio
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from perfana_support.model.installation import Installation, Node, Platform, Workload
from perfana_support.sources.cluster.sharing import shared

# An object's identity in a list of one kind: namespace ("" for a node) and name.
Place = tuple[str, str]
Entry = Workload | Node


class ClusterStore:
    """Workloads by namespace and the nodes, with a call for every namespace whose facts changed ("" stands for all).

    Most events change nothing that rules read (a heartbeat, a replica count): equal facts cause no call.
    `has_read` says whether any resource was read since the start: then the server is there.
    """

    def __init__(self, resources: tuple[str, ...], on_change: Callable[[str], None]) -> None:
        self._namespaces: dict[str, dict[tuple[str, str], Workload]] = {}
        self._nodes: dict[str, Node] = {}
        self._gone_nodes: set[str] = set()
        self._server_version = ""
        self._follows_nodes = "nodes" in resources
        self._waiting = set(resources)
        self._gaps: dict[str, str] = {}
        self._on_change = on_change
        self._synced = asyncio.Event()
        self.has_read = False

    async def synced(self) -> None:
        """Return once every resource was listed or is known to be unreadable: before, nothing may be judged."""
        await self._synced.wait()

    @property
    def is_synced(self) -> bool:
        """Whether every resource was listed or is known to be unreadable."""
        return self._synced.is_set()

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Those in which something runs."""
        return tuple(self._namespaces)

    def installation(self, namespace: str) -> Installation:
        """Everything in a namespace, what it runs on, and what could not be read."""
        members = self._namespaces.get(namespace, {})
        workloads = tuple(_under_its_cron_job(workload, members) for workload in members.values())
        names = {workload.node for workload in workloads if workload.node}
        # A node that is not known yet, or went while its pods linger, shows nothing of itself: the rules call that unlisted.
        nodes = tuple(self._nodes.get(name, Node(name, "", "", "")) for name in sorted(names) if self._follows_nodes)
        # A resource in another namespace does not speak of this one.
        gaps = {name: problem for name, problem in self._gaps.items() if "/" not in name or name.startswith(f"{namespace}/")}
        # Only pods tell on which nodes an installation runs: without them that is unknown as well.
        hides_platform = PLATFORM | {"pods"} if self._follows_nodes else PLATFORM
        platform_gaps = tuple(problem for name, problem in sorted(gaps.items()) if name in hides_platform)
        return Installation(
            namespace,
            workloads,
            tuple(problem for name, problem in sorted(gaps.items()) if name not in PLATFORM),
            Platform(server_version=self._server_version, nodes=nodes, gaps=platform_gaps),
        )

    def set_server_version(self, version: str) -> None:
        """Note the version that the API server says it has."""
        if version != self._server_version:
            self._server_version = version
            self._on_change("")
        self.mark_readable(SERVER_VERSION)

    def forget_server_version(self) -> None:
        """Nobody knows any more which version the API server has."""
        if self._server_version:
            self._server_version = ""
            self._on_change("")

    def put(self, kind: str, place: Place, entry: Entry) -> None:
        """Note an object as it is now."""
        namespace, name = place
        if isinstance(entry, Node):
            self._gone_nodes.discard(name)
            if self._nodes.get(name) != entry:
                self._nodes[name] = entry
                self._tell_of_node(name)
            return
        members = self._namespaces.setdefault(namespace, {})
        if members.get((kind, name)) != entry:
            members[kind, name] = shared(entry)
            self._on_change(namespace)

    def _tell_of_node(self, name: str) -> None:
        """Tell the namespaces that run something on a node; before everything is known nobody judges yet."""
        if not self.is_synced:
            return
        for namespace, members in list(self._namespaces.items()):
            if any(workload.node == name for workload in members.values()):
                self._on_change(namespace)

    def remove(self, kind: str, place: Place) -> None:
        """Forget an object that is gone, or runs nothing any more."""
        namespace, name = place
        if not namespace:
            self._gone_nodes.add(name)
            self._drop_gone_nodes()
            return
        members = self._namespaces.get(namespace, {})
        if members.pop((kind, name), None) is not None:
            if not members:
                del self._namespaces[namespace]
            self._on_change(namespace)

    def _drop_gone_nodes(self) -> None:
        """Forget nodes that are gone once no pod is on them: pods outlive their node by a minute, and ran on what it was."""
        used = {workload.node for members in self._namespaces.values() for workload in members.values()}
        for name in self._gone_nodes - used:
            self._nodes.pop(name, None)
        self._gone_nodes &= used

    def forget_others(self, kind: str, within: str | None, there: AbstractSet[Place]) -> None:
        """A complete list of one kind was seen, of all namespaces or of one: what is not `there` is gone."""
        known = [
            (namespace, name)
            for namespace, members in self._namespaces.items()
            if within in (None, namespace)
            for own, name in members
            if own == kind
        ]
        if kind == "Node":
            known = [("", name) for name in self._nodes]
        for place in known:
            if place not in there:
                self.remove(kind, place)

    def forget_all(self, kind: str, within: str | None) -> None:
        """One kind cannot be read any more, of all namespaces or of one: what was known of it says nothing of now."""
        if kind == "Node":
            self._gone_nodes.clear()
            if self._nodes:
                self._nodes.clear()
                self._on_change("")
            return
        self.forget_others(kind, within, set())

    def waits_for(self, resource: str) -> bool:
        """Whether a resource is one of those that judging still waits for."""
        return resource in self._waiting

    def mark_readable(self, resource: str) -> None:
        """Note that a resource was read and is followed."""
        self.has_read = True
        if self._gaps.pop(resource, None) is not None:
            self._on_change("")
        self.settle(resource)

    def mark_unreadable(self, resource: str, problem: str) -> bool:
        """Note that a resource cannot be read: verdicts must say so instead of judging what is left. False if that is known."""
        is_news = self._gaps.get(resource) != problem
        if is_news:
            self._gaps[resource] = problem
            self._on_change("")
        self.settle(resource)
        return is_news

    def settle(self, resource: str) -> None:
        """Note that what is to be known of a resource is known; with the last one judging begins."""
        self._waiting.discard(resource)
        if not self._waiting:
            self._synced.set()


def _under_its_cron_job(workload: Workload, members: Mapping[tuple[str, str], Workload]) -> Workload:
    """A pod whose Job is a CronJob's belongs to the CronJob, as a Deployment's pods belong to it and not to a ReplicaSet.

    Such a Job is not kept, for the CronJob's template is judged; its name is the CronJob's and the minute that it was due.
    """
    if workload.owner is None or workload.owner[0] != "Job" or workload.owner in members:
        return workload
    name, _, minute = workload.owner[1].rpartition("-")
    return workload._replace(owner=("CronJob", name)) if minute.isdigit() and ("CronJob", name) in members else workload


SERVER_VERSION = "version"
# The resources that tell of the platform; a gap in them is no gap in what runs.
PLATFORM = frozenset({"nodes", SERVER_VERSION})
