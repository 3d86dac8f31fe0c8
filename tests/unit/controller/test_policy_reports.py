"""Policy reports beside the statuses: written when they differ and may be, refusals told once, nothing for what is gone."""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from perfana_support.controller.names import CHECKS, Name
from perfana_support.controller.policy_reports import PolicyReports
from perfana_support.reports.policy_report import KINDS, ReportKind, report_name
from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit import virtual_time
from tests.unit.controller.fake_server import Permit

Json = dict[str, Any]
OPEN, WORKING_GROUP = KINDS
CHECK = Name(CHECKS, "shop", "perfana")
LOOK_SECONDS = 30.0


class Scene:
    """Checks, a server that keeps reports, and the part between them."""

    def __init__(self, *kinds: ReportKind, is_mine: bool = True) -> None:
        self.kinds = list(kinds)
        self.checks: dict[Name, Json] = {}
        self.reports: dict[str, Json] = {}
        self.requests: list[str] = []
        self.faults: list[Exception] = []
        self.refused: set[str] = set()
        self.during_read: Callable[[], None] = lambda: None
        self.permit = Permit(is_mine=is_mine)
        self.part = PolicyReports(cast("ClusterApi", self), self.permit, self.checks.get, LOOK_SECONDS)

    def judge(self, status: str = "True", name: Name = CHECK, uid: str = "u-1") -> None:
        """Let a check have a status, and tell of it."""
        condition = {"type": "Supported", "status": status, "reason": "R", "message": "m"}
        metadata = {"name": name.name, "namespace": name.namespace, "uid": uid}
        kind = {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportCheck"}
        self.checks[name] = {**kind, "metadata": metadata, "status": {"conditions": [condition]}}
        self.part.told(name)

    def go(self, name: Name = CHECK) -> None:
        """Let a check go."""
        del self.checks[name]
        self.part.told(name)

    async def get(self, path: str) -> Json:
        served = {f"/apis/{kind.api_version}": {"resources": [{"name": kind.plural}]} for kind in self.kinds}
        if path.count("/") == 3:
            if self.faults:
                raise self.faults.pop(0)
            if path in served:
                return served[path]
            raise ApiError(404, "no such group")
        self.requests.append(f"get {path}")
        self._ask(path)
        if path not in self.reports:
            raise ApiError(404, "not found")
        found = copy.deepcopy(self.reports[path])
        self.during_read()
        return found

    async def apply(self, path: str, document: Json) -> Json:
        self.requests.append(f"apply {path}")
        self._ask(path)
        if self.faults:
            raise self.faults.pop(0)
        found = self.reports.get(path)
        if "uid" in document["metadata"] and (found is None or found["metadata"]["uid"] != document["metadata"]["uid"]):
            raise ApiError(409, "uid mismatch")
        uid = found["metadata"]["uid"] if found else f"r-{len(self.requests)}"
        self.reports[path] = {**copy.deepcopy(document), "metadata": {**document["metadata"], "uid": uid}}
        return copy.deepcopy(self.reports[path])

    def _ask(self, path: str) -> None:
        if path.split("/")[5] in self.refused:
            raise ApiError(403, "reports is forbidden")

    @property
    def applied(self) -> int:
        """How often a report was applied."""
        return sum(request.startswith("apply") for request in self.requests)

    def report(self, kind: ReportKind = OPEN, name: Name = CHECK) -> Json | None:
        """The report of a check."""
        return self.reports.get(kind.path(name.namespace, report_name(name.name)))


def _played(scene: Scene, play: Callable[[Scene], Awaitable[None]]) -> Scene:
    async def story() -> Scene:
        parts = [asyncio.create_task(scene.part.look()), asyncio.create_task(scene.part.work())]
        await play(scene)
        await asyncio.sleep(1)
        assert not any(part.done() for part in parts)
        await virtual_time.end(*parts)
        return scene

    return virtual_time.run(story())


def _fails(scene: Scene, kind: ReportKind = OPEN) -> int:
    report = scene.report(kind)
    assert report is not None
    fails: int = report["summary"]["fail"]
    return fails


def test_report_follows_the_verdict_and_is_not_written_without_a_change() -> None:
    async def play(scene: Scene) -> None:
        for status in ("True", "True", "False", "False", "False"):
            scene.judge(status)
            await asyncio.sleep(1)

    scene = _played(Scene(*KINDS), play)
    assert _fails(scene) == 1
    assert (scene.applied, len(scene.requests)) == (2, 3)


def test_report_that_is_there_from_before_is_not_written_again() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(1)

    before = _played(Scene(OPEN), play)
    after = Scene(OPEN)
    after.reports = before.reports
    assert _played(after, play).applied == 0


def test_older_kind_is_written_where_it_is_the_only_one_and_the_newer_once_it_is_there() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(1)
        assert scene.report(WORKING_GROUP)
        assert not scene.report(OPEN)
        scene.kinds.append(OPEN)
        await asyncio.sleep(LOOK_SECONDS)

    assert _played(Scene(WORKING_GROUP), play).report(OPEN)


def test_without_a_kind_nothing_is_asked_and_one_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(10 * LOOK_SECONDS)

    caplog.set_level(logging.INFO)
    assert _played(Scene(), play).requests == []
    assert len(caplog.records) == 1
    assert "knows no policy reports" in caplog.text


def test_kind_that_appears_later_is_found() -> None:
    async def play(scene: Scene) -> None:
        scene.judge("False")
        await asyncio.sleep(1)
        scene.kinds.append(OPEN)
        await asyncio.sleep(LOOK_SECONDS)

    assert _fails(_played(Scene(), play)) == 1


def test_looking_survives_a_server_in_trouble() -> None:
    async def play(scene: Scene) -> None:
        scene.faults.append(ApiError(503, "trouble"))
        scene.judge()
        await asyncio.sleep(LOOK_SECONDS + 1)

    assert _played(Scene(OPEN), play).report()


def test_only_who_may_write_does() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(LOOK_SECONDS)
        assert scene.requests == []
        scene.permit.turn(is_mine=True)
        await asyncio.sleep(1)
        assert scene.applied == 1

    _played(Scene(OPEN, is_mine=False), play)


def test_missing_right_is_told_once_and_other_namespaces_are_served(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        scene.refused = {"shop", "more"}
        for name in (CHECK, CHECK._replace(name="second"), CHECK._replace(namespace="more")):
            scene.judge(name=name)
        scene.judge(name=CHECK._replace(namespace="open"))
        await asyncio.sleep(10 * LOOK_SECONDS)
        assert scene.report(name=CHECK._replace(namespace="open"))
        assert len(scene.requests) < 30
        scene.refused.clear()
        await asyncio.sleep(2 * LOOK_SECONDS)
        assert scene.report()
        assert scene.report(name=CHECK._replace(namespace="more"))

    _played(Scene(OPEN), play)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "manifests/policy-reports.yaml" in caplog.text


def test_refusal_is_told_again_after_the_check_that_was_refused_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        scene.refused = {"shop"}
        for _ in range(2):
            scene.judge()
            await asyncio.sleep(LOOK_SECONDS)
            scene.go()

    _played(Scene(OPEN), play)
    assert len(caplog.records) == 2


def test_namespace_that_is_being_terminated_is_no_missing_right(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(1)
        scene.faults.append(ApiError(403, "unable to create new content in namespace shop because it is being terminated"))
        scene.judge()
        await asyncio.sleep(10 * LOOK_SECONDS)

    assert _played(Scene(OPEN), play).applied == 1
    assert caplog.records == []


def test_report_is_never_made_for_a_check_that_went_meanwhile() -> None:
    async def play(scene: Scene) -> None:
        scene.judge("False")
        await asyncio.sleep(1)
        scene.reports.clear()
        scene.during_read = lambda: None
        scene.go()
        await asyncio.sleep(LOOK_SECONDS)
        assert scene.applied == 1
        assert scene.reports == {}

    _played(Scene(OPEN), play)


def test_check_that_goes_while_its_report_is_read_gets_none() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(1)
        scene.part = PolicyReports(cast("ClusterApi", scene), scene.permit, scene.checks.get, LOOK_SECONDS)
        parts = [asyncio.create_task(scene.part.look()), asyncio.create_task(scene.part.work())]
        scene.during_read = lambda: scene.go() if CHECK in scene.checks else None
        scene.judge("False")
        await asyncio.sleep(1)
        await virtual_time.end(*parts)

    assert _played(Scene(OPEN), play).applied == 1


def test_check_that_is_being_deleted_is_not_reported() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        scene.checks[CHECK]["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
        await asyncio.sleep(1)

    assert _played(Scene(OPEN), play).requests == []


def test_report_that_went_is_not_made_anew_by_the_write_that_would_have_changed_it() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(1)
        scene.reports.clear()
        scene.judge("False")
        await asyncio.sleep(0.01)
        assert scene.reports == {}
        await asyncio.sleep(LOOK_SECONDS)
        assert _fails(scene) == 1

    _played(Scene(OPEN), play)


def test_check_that_follows_another_of_its_name_owns_its_report() -> None:
    async def play(scene: Scene) -> None:
        scene.judge()
        await asyncio.sleep(1)
        scene.go()
        scene.judge(uid="u-2")
        await asyncio.sleep(1)

    report = _played(Scene(OPEN), play).report()
    assert report is not None
    assert [owner["uid"] for owner in report["metadata"]["ownerReferences"]] == ["u-2"]


def test_report_that_others_wrote_under_that_name_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        theirs = {"metadata": {"name": "perfana-support-perfana", "uid": "r-0", "labels": {}}}
        scene.reports[OPEN.path("shop", "perfana-support-perfana")] = theirs
        for status in ("True", "False"):
            scene.judge(status)
            await asyncio.sleep(1)

    assert _played(Scene(OPEN), play).applied == 0
    assert len(caplog.records) == 1


def test_trouble_and_a_stumble_are_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(1)
        scene.faults += [ApiError(500, "trouble"), ApiError(422, "is invalid"), ValueError("a fault of ours")]
        scene.judge()
        await asyncio.sleep(LOOK_SECONDS)

    caplog.set_level(logging.INFO)
    assert _played(Scene(OPEN), play).report()
    assert [record.levelname for record in caplog.records[1:]] == ["INFO", "WARNING", "ERROR"]
