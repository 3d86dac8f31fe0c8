"""An API server of checks, policies, Events and nothing else, with faults to order, and builders of what it keeps."""

import asyncio
import copy
import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple, Self, cast

from perfana_support.controller.desk import Desk
from perfana_support.controller.lease import Alone
from perfana_support.controller.metrics import Metrics
from perfana_support.controller.names import API_VERSION, CHECKS, KINDS, POLICIES, Name, list_path
from perfana_support.controller.permission import Permission
from perfana_support.controller.registries import Open, Opened, Registries
from perfana_support.model.installation import Container, Workload
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit import virtual_time

Json = dict[str, Any]
NAMESPACE = "perfana"
GOOD, OLD = "perfana/perfana-web:0.2.61.105", "perfana/perfana-fe:perfana-2.5.0"


class Write(NamedTuple):
    """A status that was accepted, and when in seconds since the story began."""

    at: float
    name: Name
    status: Mapping[str, Any]


class FakeServer:
    """Objects by name. `faults` are raised by the next writes of a status, one each; None lets one pass."""

    def __init__(self) -> None:
        self.objects: dict[Name, Json] = {}
        self.writes: list[Write] = []
        self.asked = 0
        self.events: list[Json] = []
        self.faults: list[ApiError | None] = []
        self.event_faults: list[ApiError] = []
        self.list_faults: dict[str, list[ApiError]] = {}
        self.write_seconds = 0.0
        self.list_seconds = 0.0
        self._versions = itertools.count(101)
        self._uids = itertools.count(1)
        self.version = 100

    @property
    def api(self) -> ClusterApi:
        """This server in place of a connection."""
        return cast("ClusterApi", self)

    def put(self, plural: str, name: str, spec: Json | None = None, namespace: str = NAMESPACE) -> Json:
        """Create an object, or give it another spec; returns it as a watch would tell it."""
        key = Name(plural, "" if plural == POLICIES else namespace, name)
        entity = self.objects.get(key)
        if entity is None:
            metadata: Json = {"name": name, "uid": f"uid-{next(self._uids)}", "generation": 0}
            if key.namespace:
                metadata["namespace"] = key.namespace
            entity = self.objects[key] = {"apiVersion": API_VERSION, "kind": KINDS[plural], "metadata": metadata}
        entity["spec"] = spec or {}
        entity["metadata"]["generation"] += 1
        return self.touch(entity)

    def touch(self, entity: Json) -> Json:
        """Give an object a new version; returns a copy."""
        self.version = next(self._versions)
        entity["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(entity)

    def delete(self, plural: str, name: str, namespace: str = NAMESPACE) -> Json:
        """Delete an object; returns it as a watch would tell of it."""
        entity = self.objects.pop(Name(plural, "" if plural == POLICIES else namespace, name))
        return self.touch(entity)

    def status(self, name: str, plural: str = CHECKS, namespace: str = NAMESPACE) -> Json:
        """The status that an object has."""
        status: Json = self.objects[Name(plural, namespace if plural == CHECKS else "", name)].get("status", {})
        return status

    async def apply_status(self, path: str, document: Json) -> Json:
        self.asked += 1
        await asyncio.sleep(self.write_seconds)
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        found = [(name, entity) for name, entity in self.objects.items() if name.path == path]
        if not found:
            raise ApiError(404, "not found")
        name, entity = found[0]
        wanted, has = document["metadata"], entity["metadata"]
        if (wanted["uid"], wanted["resourceVersion"]) != (has["uid"], has["resourceVersion"]):
            raise ApiError(409, "the object has been modified")
        entity["status"] = copy.deepcopy(document["status"])
        self.writes.append(Write(virtual_time.seconds(), name, entity["status"]))
        return self.touch(entity)

    async def send(self, method: str, path: str, document: Json, _timeout_seconds: float = 30.0) -> Json:
        assert (method, path.rpartition("/")[2]) == ("POST", "events")
        if self.event_faults:
            raise self.event_faults.pop(0)
        self.events.append(document)
        return document

    async def list_page(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        return await self._list(path, (query or {}).get("fieldSelector", "").removeprefix("metadata.name="))

    async def list_metadata(self, path: str) -> Json:
        found = await self._list(path, "")
        return {**found, "items": [{"metadata": item["metadata"]} for item in found["items"]]}

    async def _list(self, path: str, wanted: str) -> Json:
        faults = self.list_faults.get(path)
        if faults:
            raise faults.pop(0)
        found = [
            copy.deepcopy(entity)
            for name, entity in self.objects.items()
            if path in (list_path(name.plural, name.namespace), list_path(name.plural, "")) and wanted in ("", name.name)
        ]
        answer = {"metadata": {"resourceVersion": str(self.version)}, "items": found}
        await asyncio.sleep(self.list_seconds)
        return answer


class Permit:
    """A permission to write that a test gives and takes."""

    identity = "me"

    def __init__(self, *, is_mine: bool) -> None:
        self._given = asyncio.Event()
        self.lasts = float("inf")
        self.is_mine = is_mine
        self.turn(is_mine=is_mine)

    def turn(self, *, is_mine: bool) -> None:
        """Give it, or take it away."""
        self.is_mine = is_mine
        (self._given.set if is_mine else self._given.clear)()

    @property
    def seconds_left(self) -> float:
        return self.lasts if self.is_mine else 0.0

    async def won(self) -> None:
        await self._given.wait()


def _no_client(_registries: object) -> Opened:
    raise AssertionError("no test here asks a registry")


class Working:
    """A desk with workers, whose facts are all known, within a story."""

    def __init__(
        self,
        server: FakeServer,
        permission: Permission | None = None,
        settle_seconds: float = 1.0,
        *,
        writes_policies: bool = True,
        open_client: Open | None = None,
    ) -> None:
        self.server = server
        self.metrics = Metrics()
        self.registries = Registries(open_client or _no_client, self._answered)
        self.desk = Desk(
            server.api,
            (),
            permission or Alone("me"),
            self.metrics,
            virtual_time.now,
            settle_seconds,
            self.registries,
            writes_policies=writes_policies,
        )
        self.desk.store.settle("")
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self.desk.work()) for _ in range(4)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await virtual_time.end(*self._workers)

    def see(self, plural: str, name: str, spec: Json | None = None, namespace: str = NAMESPACE) -> None:
        """Create or change an object, and tell the desk."""
        self.desk.see(plural, self.server.put(plural, name, spec, namespace))

    def run_image(self, image: str, name: str = "web", kind: str = "Deployment", namespace: str = NAMESPACE) -> None:
        """Let the store know of a workload with one container."""
        workload = Workload(kind, namespace, name, (Container("c", image),))
        self.desk.store.put(kind, (namespace, name), workload)

    def _answered(self, namespace: str) -> None:
        self.desk.facts_changed(namespace)

    def counted(self, name: str, **labels: str) -> float:
        """A counter's value."""
        return self.metrics.registry.get_sample_value(f"perfana_support_{name}_total", labels) or 0.0


def condition(status: Mapping[str, Any], kind: str = "Supported") -> tuple[str, str]:
    """Read a condition's status and reason."""
    found = next(one for one in status["conditions"] if one["type"] == kind)
    return found["status"], found["reason"]
