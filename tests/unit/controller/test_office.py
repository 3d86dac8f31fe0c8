"""One operator as a whole, without server and Kopf: how it opens, what makes it fail, and in what order it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any, Self, TypeVar

import pytest

from perfana_support.controller import office as module
from perfana_support.controller.names import CHECKS, POLICIES, list_path
from perfana_support.controller.office import Office
from perfana_support.controller.settings import Settings
from perfana_support.model.installation import Container, Workload
from perfana_support.sources.cluster import backoff
from perfana_support.sources.cluster.api import ApiError
from perfana_support.sources.errors import SourceError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, NAMESPACE, FakeServer, condition

Json = dict[str, Any]
T = TypeVar("T")
ALL_POLICIES = list_path(POLICIES, "")


class Api(FakeServer):
    """A server with no workloads, a Lease, and a note of all that was written and when the connection was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.configuration = SimpleNamespace(host="https://server")
        self.lease: Json | None = None
        self.order: list[str] = []
        self.faults_of_watches: list[ApiError] = []
        self.version_fault: Exception | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.order.append("closed")

    async def get(self, path: str) -> Json:
        if path == "/version":
            if self.version_fault:
                raise self.version_fault
            return {"gitVersion": "v1.34.1"}
        if self.lease is None:
            raise ApiError(404, "no lease")
        return self.lease

    async def send(self, method: str, path: str, document: Json, _timeout_seconds: float = 30.0) -> Json:
        if "/leases" not in path:
            return await super().send(method, path, document)
        self.lease = document
        self.order.append(f"lease of {document['spec']['holderIdentity'] or 'nobody'}")
        return document

    async def apply_status(self, path: str, document: Json) -> Json:
        written = await super().apply_status(path, document)
        self.order.append("status")
        return written

    async def watch(
        self, _path: str, _query: Mapping[str, str], _silence_seconds: float, on_open: Callable[[], None]
    ) -> AsyncIterator[Json]:
        if self.faults_of_watches:
            raise self.faults_of_watches.pop(0)
        on_open()
        await asyncio.Event().wait()
        yield {}


class Quiet:
    """In place of Kopf: a test hands its events to the office itself."""

    def __init__(self, *_: object) -> None:
        pass

    async def run(self) -> None:
        await asyncio.Event().wait()


class Scene:
    """An office and its server."""

    def __init__(self, settings: Settings) -> None:
        self.api = Api()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "ClusterApi", lambda *_: self.api)
            self.office = Office(settings, virtual_time.now)

    def see(self, name: str, spec: Json | None = None) -> None:
        """Create a check and let the office know."""
        body: Any = self.api.put(CHECKS, name, spec)
        self.office._take(CHECKS, {"type": "ADDED", "object": body})  # noqa: SLF001 - what Kopf calls


def _played(play: Callable[[Scene], Coroutine[Any, Any, T]], **settings: Any) -> T:  # noqa: ANN401 - whatever a setting is
    async def story() -> T:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "Framework", Quiet)
            return await play(Scene(Settings(identity="me", lease_namespace="ops", **settings)))

    return virtual_time.run(story())


def test_office_opens_judges_and_ends_in_order() -> None:
    async def play(scene: Scene) -> list[str]:
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(1)
        assert scene.office.health().readyz()[0]
        assert condition(scene.api.status("perfana"))[0] == "Unknown"
        scene.api.write_seconds = 2.0
        scene.see("perfana", {"enforcement": "Gate"})
        await asyncio.sleep(0.5)
        await scene.office.close()
        return scene.api.order

    order = _played(play)
    # The write at hand is finished, then the claim is given up, then the connection is closed.
    assert order[-3:] == ["status", "lease of nobody", "closed"]
    assert order.count("status") == 2


def test_write_that_does_not_end_is_not_waited_for() -> None:
    async def play(scene: Scene) -> float:
        await scene.office.open()
        await asyncio.sleep(1)
        scene.api.write_seconds = 1000.0
        scene.see("perfana")
        await asyncio.sleep(1)
        began = virtual_time.seconds()
        await scene.office.close()
        assert scene.api.order[-2:] == ["lease of nobody", "closed"]
        return virtual_time.seconds() - began

    assert _played(play) == pytest.approx(2.5)


def test_office_that_never_opened_can_be_closed() -> None:
    async def play(scene: Scene) -> list[str]:
        scene.api.list_faults[ALL_POLICIES] = [ApiError(0, "no answer")] * 99
        opening = asyncio.create_task(scene.office.open())
        await asyncio.sleep(60)
        alive, ready = scene.office.health().healthz(), scene.office.health().readyz()
        assert (alive[0], ready[0]) == (True, False)
        assert "the API server is not ready: no answer" in ready[1]
        await virtual_time.end(opening)
        await scene.office.close()
        return scene.api.order

    assert _played(play) == ["closed"]


def test_definitions_that_are_missing_end_the_start() -> None:
    async def play(scene: Scene) -> None:
        scene.api.list_faults[ALL_POLICIES] = [ApiError(404, "no such kind")] * 4
        with pytest.raises(SourceError, match="run: kubectl apply -f crds/"):
            await scene.office.open()

    _played(play)


def test_definitions_that_are_not_known_for_a_moment_do_not_end_the_start() -> None:
    async def play(scene: Scene) -> None:
        scene.api.list_faults[ALL_POLICIES] = [ApiError(404, "no such kind")] * 3
        await scene.office.open()
        await scene.office.close()

    _played(play)


def test_server_that_is_not_ready_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]

    async def play(scene: Scene) -> float:
        scene.api.list_faults[ALL_POLICIES] = [
            ApiError(503, "starting"),
            ApiError(429, "too many", 7.0),
            ApiError(0, "no answer"),
        ]
        await scene.office.open()
        opened = virtual_time.seconds()
        await scene.office.close()
        return opened

    assert _played(play) == pytest.approx(0.25 + 7.0 + 1.0)


def test_right_to_policies_that_is_missing_is_believed_in_the_end_and_said_by_checks_that_need_one() -> None:
    async def play(scene: Scene) -> Json:
        scene.api.list_faults[ALL_POLICIES] = [ApiError(403, "no right")] * 4
        await scene.office.open()
        scene.see("perfana", {"policyRef": {"name": "acme"}})
        await asyncio.sleep(1)
        await scene.office.close()
        return scene.api.status("perfana")

    assert condition(_played(play)) == ("Unknown", "PolicyUnreadable")


def test_operator_with_roles_alone_is_ready_without_a_right_to_policies() -> None:
    """No Role gives one. With rights in the whole cluster it is missed."""

    async def play(scene: Scene) -> tuple[bool, set[str]]:
        scene.api.list_faults[ALL_POLICIES] = [ApiError(403, "no right")] * 99
        await scene.office.open()
        await asyncio.sleep(300)
        is_ready, page = scene.office.health().readyz()
        await scene.office.close()
        return is_ready, {line.partition(":")[0] for line in page.splitlines() if "support" in line}

    assert _played(play, namespaces=("shop",)) == (True, {"shop/supportchecks"})
    assert not _played(play)[0]


def test_first_refusal_of_a_server_that_was_away_is_not_believed() -> None:
    async def play(scene: Scene) -> str:
        scene.api.list_faults[ALL_POLICIES] = [*[ApiError(0, "no answer")] * 9, ApiError(403, "roles not read yet")]
        await scene.office.open()
        gap = scene.office._desk.policies.gap  # noqa: SLF001 - what checks would say
        await scene.office.close()
        return gap

    assert _played(play) == ""


def test_part_that_fails_is_told() -> None:
    async def play(scene: Scene) -> None:
        scene.api.version_fault = LookupError("of all things")
        await scene.office.open()
        error = await scene.office.failed
        assert isinstance(error, LookupError)
        assert scene.office.health().healthz() == (False, scene.office.health().healthz()[1])
        assert "a part has ended" in scene.office.health().healthz()[1]
        await scene.office.close()

    _played(play)


def test_version_that_cannot_be_read_stops_nothing_and_is_said() -> None:
    async def play(scene: Scene) -> Json:
        scene.api.version_fault = ApiError(403, "no right")
        await scene.office.open()
        await asyncio.sleep(10)
        web = Workload("Deployment", NAMESPACE, "web", (Container("c", GOOD),))
        scene.office._desk.store.put("Deployment", (NAMESPACE, "web"), web)  # noqa: SLF001 - what a reflector does
        scene.see("perfana")
        await asyncio.sleep(1)
        assert scene.office.health().readyz()[0]
        await scene.office.close()
        return scene.api.status("perfana")

    assert "the server's version cannot be read: no right" in str(_played(play))


def test_one_failure_to_read_the_version_is_made_good_in_a_moment() -> None:
    async def play(scene: Scene) -> list[str]:
        scene.api.version_fault = ApiError(500, "trouble")
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(0.05)
        scene.api.version_fault = None
        assert scene.api.writes == []
        await asyncio.sleep(1)
        await scene.office.close()
        return [str(write.status) for write in scene.api.writes]

    (status,) = _played(play)
    assert "version cannot be read" not in status


def test_resource_that_fails_from_the_start_leaves_the_rest_to_be_judged() -> None:
    async def play(scene: Scene) -> list[Json]:
        scene.api.list_faults["/apis/apps/v1/deployments"] = [ApiError(500, "etcd is sick")] * 9
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(29)
        assert scene.api.writes == []
        assert not scene.office.health().readyz()[0]
        await asyncio.sleep(2)
        unknown = scene.api.status("perfana")
        await asyncio.sleep(200)
        assert scene.office.health().readyz()[0]
        await scene.office.close()
        return [unknown, scene.api.status("perfana")]

    unknown, healed = map(str, _played(play))
    assert "deployments cannot be listed and watched: etcd is sick" in unknown
    assert "etcd is sick" not in healed


def test_nobody_else_is_expected_without_leader_election() -> None:
    async def play(scene: Scene) -> list[str]:
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(1)
        assert "leading" in scene.office.health().readyz()[1]
        await scene.office.close()
        return scene.api.order

    assert _played(play, leader_election=False) == ["status", "closed"]


def test_who_stands_by_is_ready_writes_nothing_and_says_so() -> None:
    async def play(scene: Scene) -> list[str]:
        spec = {"holderIdentity": "other", "leaseDurationSeconds": 3600}
        scene.api.lease = {"metadata": {"name": "perfana-support"}, "spec": spec}
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(60)
        is_ready, page = scene.office.health().readyz()
        assert (is_ready, "standing by" in page) == (True, True)
        text = scene.office.scrape()().decode()
        assert "perfana_support_leading 0.0" in text
        assert "perfana_support_condition{" not in text
        await scene.office.close()
        return scene.api.order

    assert _played(play) == ["closed"]


def test_leader_tells_of_its_checks() -> None:
    async def play(scene: Scene) -> str:
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(1)
        text = scene.office.scrape()().decode()
        await scene.office.close()
        return text

    text = _played(play)
    assert 'perfana_support_condition{condition="Supported",name="perfana",namespace="perfana",status="Unknown"} 1.0' in text
    assert 'perfana_support_watch_following{resource="nodes"} 1.0' in text


def test_operator_of_some_namespaces_follows_these_and_no_nodes() -> None:
    async def play(scene: Scene) -> set[str]:
        await scene.office.open()
        await asyncio.sleep(1)
        names = set(scene.office.health().pulses)
        await scene.office.close()
        return names

    names = _played(play, namespaces=("a", "b"))
    assert {name.partition("/")[0] for name in names} == {"a", "b"}
    assert "a/pods" in names


def test_deleted_check_is_forgotten() -> None:
    async def play(scene: Scene) -> int:
        await scene.office.open()
        scene.see("perfana")
        await asyncio.sleep(1)
        body: Any = scene.api.delete(CHECKS, "perfana")
        scene.office._take(CHECKS, {"type": "DELETED", "object": body})  # noqa: SLF001 - what Kopf calls
        await scene.office.close()
        return len(scene.office._desk.snapshot())  # noqa: SLF001

    assert _played(play) == 0


@pytest.mark.parametrize(
    ("settings", "namespace"),
    [(Settings(lease_namespace="ops"), "ops"), (Settings(namespaces=("a", "b")), "a"), (Settings(), "default")],
)
def test_lease_has_a_namespace(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Settings, namespace: str) -> None:  # noqa: ANN401
    file = tmp_path / "namespace"
    monkeypatch.setattr(module, "_POD_NAMESPACE_FILE", str(file))
    assert module._lease_namespace(settings) == namespace  # noqa: SLF001
    file.write_text("pods-own\n")
    assert module._lease_namespace(settings) == (settings.lease_namespace or "pods-own")  # noqa: SLF001
