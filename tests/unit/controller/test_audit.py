"""The audit: what a watch has missed is found and mended, what it is about to tell is not counted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from perfana_support.controller.audit import GRACE_SECONDS, Audit
from perfana_support.controller.names import CHECKS, POLICIES, Name, list_path
from perfana_support.sources.cluster.api import ApiError
from perfana_support.sources.cluster.pulse import Cause, Phase
from tests.unit import virtual_time
from tests.unit.controller.fake_server import NAMESPACE, FakeServer, Working

EVERY = 30.0
CHECK = Name(CHECKS, NAMESPACE, "perfana")
POLICY = Name(POLICIES, "", "acme")


class Scene(NamedTuple):
    """What a story plays with."""

    server: FakeServer
    working: Working
    audit: Audit

    def missed(self, plural: str = CHECKS) -> float:
        return self.working.counted("missed_changes", resource=plural)

    def knows(self, name: Name = CHECK) -> bool:
        return self.working.desk.body(name) is not None


def _played(play: Callable[[Scene], Awaitable[object]], namespaces: tuple[str, ...] = ()) -> Scene:
    async def story() -> Scene:
        server = FakeServer()
        async with Working(server) as working:
            working.see(CHECKS, "perfana")
            working.see(POLICIES, "acme")
            await asyncio.sleep(0.5)
            audit = Audit(server.api, working.desk, working.metrics, namespaces)
            running = asyncio.create_task(audit.run(EVERY))
            scene = Scene(server, working, audit)
            await play(scene)
            await virtual_time.end(running)
            return scene

    return virtual_time.run(story())


def _refuse(scene: Scene, plural: str, status: int, times: int = 1) -> None:
    faults = scene.server.list_faults.setdefault(list_path(plural, ""), [])
    faults.extend(ApiError(status, "refused") for _ in range(times))


def test_nothing_is_done_where_all_is_known() -> None:
    async def play(_: Scene) -> None:
        await asyncio.sleep(3 * EVERY)

    scene = _played(play)
    assert (scene.missed(), scene.missed(POLICIES), scene.audit.problems) == (0, 0, {})
    assert len(scene.server.writes) == 2


def test_new_object_that_no_watch_told_of_is_found_and_judged() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + GRACE_SECONDS + 1)
        assert scene.server.status("second")

    assert _played(play).missed() == 1


def test_changed_spec_that_no_watch_told_of_is_judged() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        await asyncio.sleep(EVERY + GRACE_SECONDS + 1)
        assert scene.server.status("perfana")["observedGeneration"] == 2

    assert _played(play).missed() == 1


def test_deleted_object_that_no_watch_told_of_is_forgotten() -> None:
    async def play(scene: Scene) -> None:
        scene.server.delete(CHECKS, "perfana")
        scene.server.delete(POLICIES, "acme")
        await asyncio.sleep(EVERY + 2 * GRACE_SECONDS + 1)

    scene = _played(play)
    assert (scene.knows(CHECK), scene.knows(POLICY)) == (False, False)
    assert (scene.missed(), scene.missed(POLICIES)) == (1, 1)


def test_policy_that_is_gone_is_not_judged_by_any_more() -> None:
    async def play(scene: Scene) -> None:
        scene.working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        await asyncio.sleep(1)
        scene.server.delete(POLICIES, "acme")
        await asyncio.sleep(EVERY + 2 * GRACE_SECONDS + 1)
        reasons = {one["reason"] for one in scene.server.status("perfana")["conditions"]}
        assert "PolicyNotFound" in reasons

    _played(play)


def test_change_that_the_watch_is_about_to_tell_is_not_counted() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(EVERY - 1.0)
        body = scene.server.put(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        gone = scene.server.delete(POLICIES, "acme")
        await asyncio.sleep(1.0 + GRACE_SECONDS / 2)
        scene.working.desk.see(CHECKS, body)
        scene.working.desk.forget(POLICIES, gone)
        await asyncio.sleep(EVERY)

    scene = _played(play)
    assert (scene.missed(), scene.missed(POLICIES)) == (0, 0)


def test_object_that_is_deleted_while_it_is_listed_is_not_counted() -> None:
    async def play(scene: Scene) -> None:
        scene.server.list_seconds = 1.0
        await asyncio.sleep(EVERY)
        await asyncio.sleep(0.5)
        scene.working.desk.forget(CHECKS, scene.server.delete(CHECKS, "perfana"))
        await asyncio.sleep(EVERY - 1)

    scene = _played(play)
    assert (scene.knows(), scene.missed()) == (False, 0)


def test_object_that_is_deleted_in_the_moment_of_grace_stays_away() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + GRACE_SECONDS / 2)
        scene.server.delete(CHECKS, "second")
        await asyncio.sleep(EVERY)

    scene = _played(play)
    assert not scene.knows(Name(CHECKS, NAMESPACE, "second"))
    assert scene.missed() == 0


def test_object_that_is_newer_than_the_list_is_not_taken_for_deleted() -> None:
    async def play(scene: Scene) -> None:
        scene.server.list_seconds = 1.0
        await asyncio.sleep(EVERY + 0.5)
        scene.working.see(CHECKS, "second")
        await asyncio.sleep(EVERY - 1)

    scene = _played(play)
    assert scene.knows(Name(CHECKS, NAMESPACE, "second"))
    assert scene.missed() == 0


def test_object_that_was_recreated_under_the_same_name_is_judged_anew() -> None:
    async def play(scene: Scene) -> None:
        scene.server.delete(CHECKS, "perfana")
        scene.server.put(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        await asyncio.sleep(EVERY + GRACE_SECONDS + 1)
        assert scene.server.status("perfana")

    assert _played(play).missed() == 1


def test_definitions_that_are_gone_once_are_not_believed() -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, CHECKS, 404)
        _refuse(scene, POLICIES, 404)
        await asyncio.sleep(3 * EVERY)

    scene = _played(play)
    assert (scene.knows(CHECK), scene.knows(POLICY)) == (True, True)
    assert scene.audit.problems == {}


@pytest.mark.parametrize(("plural", "name"), [(CHECKS, CHECK), (POLICIES, POLICY)])
def test_one_definition_that_is_gone_twice_is_believed(plural: str, name: Name) -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, plural, 404, 2)
        await asyncio.sleep(2 * EVERY + 1)
        assert not scene.knows(name)

    _played(play)


def test_failures_that_do_not_follow_each_other_are_not_believed() -> None:
    async def play(scene: Scene) -> None:
        for _ in range(3):
            _refuse(scene, CHECKS, 404)
            await asyncio.sleep(2 * EVERY)

    assert _played(play).knows()


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_server_in_trouble_takes_nothing_away(status: int) -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, CHECKS, status, 5)
        _refuse(scene, POLICIES, status, 5)
        await asyncio.sleep(4 * EVERY + 1)
        assert len(scene.audit.problems) == 2
        await asyncio.sleep(2 * EVERY)
        assert scene.audit.problems == {}

    scene = _played(play)
    assert (scene.knows(CHECK), scene.knows(POLICY), scene.working.desk.policies.gap) == (True, True, "")


def test_right_to_policies_that_is_taken_away_is_believed_the_second_time_and_given_back_at_once() -> None:
    async def play(scene: Scene) -> None:
        gaps = []
        _refuse(scene, POLICIES, 403, 2)
        for _ in range(3):
            await asyncio.sleep(EVERY + 0.1)
            gaps.append(scene.working.desk.policies.gap)
        assert gaps == ["", "refused", ""]

    _played(play)


def test_gap_of_policies_closes_once_they_are_known_and_not_before() -> None:
    """In between, checks would say that their policy does not exist."""

    async def play(scene: Scene) -> None:
        scene.working.see(CHECKS, "perfana", {"policyRef": {"name": "second"}})
        _refuse(scene, POLICIES, 403, 2)
        await asyncio.sleep(2 * EVERY + 1)
        scene.server.put(POLICIES, "second")
        scene.server.writes.clear()
        await asyncio.sleep(2 * EVERY)
        reasons = {one["reason"] for write in scene.server.writes for one in write.status["conditions"]}
        assert "NoComponents" in reasons
        assert "PolicyNotFound" not in reasons

    scene = _played(play)
    # Kopf is not asked to watch what must not be read: that it tells nothing of it is no sign.
    assert scene.audit.renewals == 0


def test_gap_of_policies_stays_while_they_cannot_be_read() -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, POLICIES, 403, 2)
        await asyncio.sleep(2 * EVERY + 1)
        scene.server.put(POLICIES, "second")
        # The comparison works, and to read what differs does not.
        scene.server.list_seconds = 1.0
        await asyncio.sleep(EVERY - 0.5)
        _refuse(scene, POLICIES, 500)
        await asyncio.sleep(EVERY / 2)
        assert scene.working.desk.policies.gap == "refused"
        await asyncio.sleep(2 * EVERY)
        assert scene.working.desk.policies.gap == ""

    _played(play)


# The watches


def test_watch_that_tells_of_nothing_although_there_is_news_is_dead() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + GRACE_SECONDS + 1)
        pulse = scene.audit.pulses[CHECKS]
        assert (pulse.phase, pulse.restarts, scene.audit.renewals) == (Phase.WAITING, {}, 0)
        assert scene.audit.pulses[POLICIES].phase is Phase.FOLLOWING
        await asyncio.sleep(EVERY)
        assert (pulse.phase, pulse.restarts, scene.audit.renewals) == (Phase.WAITING, {Cause.SILENT: 1}, 1)
        await asyncio.sleep(EVERY)
        assert pulse.phase is Phase.FOLLOWING

    scene = _played(play)
    assert (scene.audit.renewals, scene.working.counted("framework_restarts")) == (1, 1)


@pytest.mark.parametrize("after_seconds", [GRACE_SECONDS / 2, GRACE_SECONDS + 1, EVERY])
def test_watch_that_is_late_is_alive(after_seconds: float) -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + after_seconds)
        scene.audit.told(CHECKS, NAMESPACE)
        assert scene.audit.pulses[CHECKS].phase is Phase.FOLLOWING
        await asyncio.sleep(3 * EVERY)

    assert _played(play).audit.renewals == 0


def test_what_a_watch_told_before_the_news_is_no_sign() -> None:
    async def play(scene: Scene) -> None:
        await asyncio.sleep(EVERY - 1)
        scene.audit.told(CHECKS, NAMESPACE)
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + GRACE_SECONDS + 2)

    assert _played(play).audit.renewals == 1


def test_one_failure_that_passes_is_no_problem() -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, CHECKS, 500, 2)
        seen = []
        for _ in range(3):
            await asyncio.sleep(EVERY + 0.1)
            seen.append(len(scene.audit.problems))
        assert seen == [0, 1, 0]

    _played(play)


def test_watch_without_news_is_alive() -> None:
    async def play(_: Scene) -> None:
        await asyncio.sleep(10 * EVERY)

    audit = _played(play).audit
    assert (audit.renewals, {pulse.phase for pulse in audit.pulses.values()}) == (0, {Phase.FOLLOWING})


def test_watches_of_namespaces_are_told_apart() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "second")
        await asyncio.sleep(EVERY + GRACE_SECONDS / 2)
        scene.audit.told(CHECKS, "shop")
        scene.audit.told(CHECKS, "elsewhere")
        await asyncio.sleep(GRACE_SECONDS)

    audit = _played(play, (NAMESPACE, "shop")).audit
    assert {name: pulse.phase for name, pulse in audit.pulses.items()} == {
        f"{NAMESPACE}/{CHECKS}": Phase.WAITING,
        f"shop/{CHECKS}": Phase.FOLLOWING,
        POLICIES: Phase.FOLLOWING,
    }


def test_audit_of_namespaces_looks_at_those_only() -> None:
    async def play(scene: Scene) -> None:
        scene.server.put(CHECKS, "elsewhere", namespace="other")
        scene.server.put(CHECKS, "here", namespace="shop")
        await asyncio.sleep(EVERY + GRACE_SECONDS + 1)
        assert scene.knows(Name(CHECKS, "shop", "here"))
        assert not scene.knows(Name(CHECKS, "other", "elsewhere"))

    assert _played(play, (NAMESPACE, "shop")).missed() == 1


def test_policies_are_read_before_anything_is_judged() -> None:
    async def story() -> bool:
        server = FakeServer()
        server.put(POLICIES, "acme")
        working = Working(server)
        await Audit(server.api, working.desk, working.metrics, ()).load()
        return working.desk.body(POLICY) is not None

    assert virtual_time.run(story())


def test_list_that_cannot_be_read_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, POLICIES, 403, 5)
        await asyncio.sleep(5 * EVERY + 1)
        assert list(scene.audit.problems.values()) == ["refused"]

    _played(play)
    assert [record.getMessage() for record in caplog.records if "compared" in record.getMessage()] == [
        f"{list_path(POLICIES, '')} cannot be compared with the server: refused"
    ]


def test_policies_that_no_role_gives_are_no_problem_of_an_operator_of_some_namespaces(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, POLICIES, 403, 5)
        await asyncio.sleep(4 * EVERY + 1)
        assert scene.audit.problems == {}
        assert scene.working.desk.policies.gap == "refused"
        await asyncio.sleep(2 * EVERY)
        assert scene.working.desk.policies.gap == ""

    _played(play, (NAMESPACE,))
    assert "compared" not in caplog.text


def test_other_trouble_with_policies_is_one_of_every_operator() -> None:
    async def play(scene: Scene) -> None:
        _refuse(scene, POLICIES, 500, 2)
        await asyncio.sleep(2 * EVERY + 1)
        assert list(scene.audit.problems.values()) == ["refused"]

    _played(play, (NAMESPACE,))
