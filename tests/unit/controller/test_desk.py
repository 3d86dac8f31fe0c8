"""The desk: what comes in brings work, what goes out is written once, in the right order and only when it may be."""

import asyncio
import copy
from collections.abc import Awaitable, Callable

import pytest

from perfana_support.controller import desk as desk_module
from perfana_support.controller.judge import judge_check
from perfana_support.controller.names import CHECKS, POLICIES, Name, list_path
from perfana_support.sources.cluster.api import ApiError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, NAMESPACE, OLD, FakeServer, Permit, Working, condition

CHECK = Name(CHECKS, NAMESPACE, "perfana")


def _played(play: Callable[[Working], Awaitable[object]], permit: Permit | None = None) -> FakeServer:
    """Play a story with a desk that works."""

    async def story() -> FakeServer:
        async with Working(FakeServer(), permit) as working:
            await play(working)
        return working.server

    return virtual_time.run(story())


def test_check_is_judged_by_what_runs() -> None:
    async def play(working: Working) -> None:
        working.run_image(OLD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(1)

    server = _played(play)
    assert condition(server.status("perfana"), "VersionSupported") == ("False", "EndOfLife")
    assert server.status("perfana")["observedGeneration"] == 1


def test_own_write_that_the_watch_tells_brings_no_work() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        await asyncio.sleep(1)
        working.desk.see(CHECKS, copy.deepcopy(working.server.objects[CHECK]))
        assert working.desk.waiting == 0
        await asyncio.sleep(10)

    assert _played(play).asked == 1


def test_status_that_would_not_change_is_not_written() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        await asyncio.sleep(1)
        for _ in range(5):
            working.desk.facts_changed("")
            await asyncio.sleep(5)

    assert _played(play).asked == 1


def test_status_that_somebody_else_wrote_is_put_right() -> None:
    async def play(working: Working) -> None:
        working.run_image(OLD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(1)
        entity = working.server.objects[CHECK]
        for one in entity["status"]["conditions"]:
            one["status"] = "True"
        working.desk.see(CHECKS, working.server.touch(entity))
        await asyncio.sleep(1)

    server = _played(play)
    assert condition(server.status("perfana"), "VersionSupported")[0] == "False"
    assert len(server.writes) == 2


def test_only_the_namespace_whose_facts_changed_is_judged() -> None:
    async def play(working: Working) -> None:
        for namespace in ("perfana", "shop"):
            working.see(CHECKS, "perfana", namespace=namespace)
        await asyncio.sleep(1)
        working.run_image(OLD, namespace="shop")
        assert working.desk.waiting == 1
        await asyncio.sleep(2)

    assert [write.name.namespace for write in _played(play).writes] == ["perfana", "shop", "shop"]


def test_facts_that_change_while_a_status_is_written_are_judged_afterwards() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 2.0
        working.run_image(GOOD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(1)
        working.run_image(OLD)
        await asyncio.sleep(5)

    server = _played(play)
    assert [condition(write.status, "VersionSupported")[0] for write in server.writes] == ["True", "False"]


def test_spec_that_changes_while_a_status_is_written_is_judged_from_the_new_one() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 1.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(0.5)
        working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        await asyncio.sleep(5)
        assert working.counted("status_writes", result="Conflict") == 1

    server = _played(play)
    assert [write.status["observedGeneration"] for write in server.writes] == [2]
    assert condition(server.status("perfana")) == ("Unknown", "PolicyNotFound")


def test_older_version_does_not_replace_a_newer_one() -> None:
    async def play(working: Working) -> None:
        old = working.server.put(CHECKS, "perfana")
        working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        working.desk.see(CHECKS, old)
        await asyncio.sleep(1)
        working.desk.see(CHECKS, old)
        await asyncio.sleep(1)

    server = _played(play)
    assert (server.asked, server.status("perfana")["observedGeneration"]) == (1, 2)


def test_deletion_of_an_earlier_object_of_the_same_name_does_not_count() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        gone = working.server.delete(CHECKS, "perfana")
        working.see(CHECKS, "perfana")
        working.desk.forget(CHECKS, gone)
        assert working.desk.body(CHECK) is not None
        await asyncio.sleep(1)

    assert len(_played(play).writes) == 1


def test_check_that_is_deleted_while_it_waits_is_not_written() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        working.desk.forget(CHECKS, working.server.delete(CHECKS, "perfana"))
        working.run_image(GOOD)
        await asyncio.sleep(5)

    assert _played(play).asked == 0


def test_check_that_is_being_deleted_is_not_written() -> None:
    async def play(working: Working) -> None:
        entity = working.server.put(CHECKS, "perfana")
        entity["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
        working.desk.see(CHECKS, entity)
        await asyncio.sleep(5)

    assert _played(play).asked == 0


def test_check_that_is_deleted_while_it_is_written_is_forgotten() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 1.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(0.5)
        working.server.delete(CHECKS, "perfana")
        await asyncio.sleep(60)
        assert working.desk.body(CHECK) is None

    assert _played(play).asked == 1


def test_check_whose_deletion_is_told_before_its_write_is_answered_does_not_come_back() -> None:
    async def play(working: Working) -> None:
        body = working.server.put(CHECKS, "perfana")
        working.desk.see(CHECKS, body)
        working.server.write_seconds = 1.0
        await asyncio.sleep(0.5)
        working.desk.forget(CHECKS, body)
        await asyncio.sleep(10)
        assert working.desk.body(CHECK) is None
        assert working.desk.known(CHECKS, "") == {}

    assert len(_played(play).writes) == 1


def test_check_that_is_recreated_while_the_old_one_is_written_is_judged() -> None:
    async def play(working: Working) -> None:
        server = working.server
        server.write_seconds = 1.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(0.5)
        server.faults.append(ApiError(404, "the old one is gone"))
        working.desk.forget(CHECKS, server.delete(CHECKS, "perfana"))
        working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        await asyncio.sleep(10)
        assert working.desk.body(CHECK) is not None

    assert condition(_played(play).status("perfana")) == ("Unknown", "PolicyNotFound")


def test_server_that_knows_no_checks_for_a_moment_loses_none() -> None:
    """It has just started: the write, and the look whether the check is truly gone, both find no such resource."""

    async def play(working: Working) -> None:
        server = working.server
        server.faults.append(ApiError(404, "the server could not find the requested resource"))
        server.list_faults[list_path(CHECKS, CHECK.namespace)] = [
            ApiError(404, "the server could not find the requested resource")
        ]
        working.see(CHECKS, "perfana", {"policyRef": {"name": "none"}})
        await asyncio.sleep(10)
        assert working.desk.body(CHECK) is not None

    assert condition(_played(play).status("perfana")) == ("Unknown", "PolicyNotFound")


def test_policy_that_changes_brings_its_checks_to_be_judged() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        working.see(CHECKS, "other")
        await asyncio.sleep(1)
        working.see(POLICIES, "acme")
        assert working.desk.waiting == 2
        await asyncio.sleep(1)
        assert condition(working.server.status("perfana"))[1] != "PolicyNotFound"
        working.desk.forget(POLICIES, working.server.delete(POLICIES, "acme"))
        await asyncio.sleep(1)

    server = _played(play)
    assert condition(server.status("perfana")) == ("Unknown", "PolicyNotFound")
    assert [write.name.name for write in server.writes].count("other") == 1


def test_policy_that_was_recreated_does_not_inherit_the_last_valid_form_of_the_one_before() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        working.see(POLICIES, "acme")
        await asyncio.sleep(1)
        working.server.delete(POLICIES, "acme")
        working.see(POLICIES, "acme", {"releases": "none"})
        await asyncio.sleep(1)

    assert condition(_played(play).status("perfana")) == ("Unknown", "PolicyInvalid")


def test_policies_that_cannot_be_read_make_their_checks_unknown_until_they_can() -> None:
    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(POLICIES, "acme")
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        await asyncio.sleep(1)
        seen = [condition(working.server.status("perfana"), "VersionSupported")]
        for gap in ("no right", "no right", ""):
            working.desk.policies_unreadable(gap)
            await asyncio.sleep(2)
            seen.append(condition(working.server.status("perfana"), "VersionSupported"))
        assert [status for status, _ in seen] == ["True", "Unknown", "Unknown", "True"]
        assert seen[1][1] == "PolicyUnreadable"

    _played(play)


def test_nothing_is_judged_before_all_facts_are_known() -> None:
    async def play(working: Working) -> None:
        working.desk.store._synced.clear()  # noqa: SLF001 - a desk that has just begun
        working.see(CHECKS, "perfana")
        await asyncio.sleep(60)
        assert working.server.asked == 0
        working.desk.store.settle("")
        await asyncio.sleep(1)

    async def story() -> FakeServer:
        working = Working(FakeServer())
        working.desk.store._synced.clear()  # noqa: SLF001
        async with working:
            await play(working)
        return working.server

    assert len(virtual_time.run(story()).writes) == 1


def test_check_that_this_program_stumbles_over_says_so_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:

    def stumbling(body, *others):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN202
        if body["metadata"]["name"] == "odd":
            raise LookupError("of all things")
        return judge_check(body, *others)

    monkeypatch.setattr(desk_module, "judge_check", stumbling)

    async def play(working: Working) -> None:
        working.see(CHECKS, "odd")
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)

    server = _played(play)
    assert condition(server.status("odd")) == ("Unknown", "EvaluationFailed")
    assert "LookupError: of all things" in str(server.status("odd"))
    assert len(server.writes) == 2


def test_nothing_is_written_without_the_permission() -> None:
    async def story() -> list[int]:
        permit = Permit(is_mine=False)
        server, counts = FakeServer(), []
        async with Working(server, permit) as working:
            working.see(CHECKS, "perfana")
            for is_mine, image in ((False, GOOD), (True, GOOD), (False, OLD), (True, OLD)):
                permit.turn(is_mine=is_mine)
                working.run_image(image)
                await asyncio.sleep(30)
                counts.append(server.asked)
        return counts

    # The first of the two with the permission writes what was seen before it, the second what changed meanwhile.
    assert virtual_time.run(story()) == [0, 1, 1, 2]


def test_permission_that_was_lost_while_a_name_was_waited_for_stops_its_write() -> None:
    async def story() -> int:
        permit = Permit(is_mine=True)
        server = FakeServer()
        async with Working(server, permit) as working:
            await asyncio.sleep(1)
            permit.turn(is_mine=False)
            working.see(CHECKS, "perfana")
            await asyncio.sleep(60)
        return server.asked

    assert virtual_time.run(story()) == 0


def test_end_waits_for_the_write_at_hand_and_begins_no_other() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 2.0
        for number in range(10):
            working.see(CHECKS, f"check-{number}")
        await asyncio.sleep(0.5)
        await working.desk.close()
        assert virtual_time.seconds() == pytest.approx(2.0)
        working.run_image(GOOD)
        await asyncio.sleep(60)

    server = _played(play)
    assert (server.asked, len(server.writes)) == (4, 4)


def test_snapshot_and_known_names_are_those_of_now() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        working.see(CHECKS, "shop", namespace="shop")
        working.see(POLICIES, "acme")
        assert {name.name for name, _ in working.desk.snapshot()} == {"perfana", "shop", "acme"}
        assert [name.name for name in working.desk.known(CHECKS, "")] == ["perfana", "shop"]
        assert [name.name for name in working.desk.known(CHECKS, "shop")] == ["shop"]
        assert [name.name for name in working.desk.known(POLICIES, "")] == ["acme"]

    _played(play)
