"""The desk in trouble: slow servers and a permission that ends, strange parts in a status, and errors of its own."""

import asyncio
import copy
import logging
from collections.abc import Awaitable, Callable, Mapping
from operator import itemgetter
from typing import Any

import pytest

from perfana_support.controller import desk as desk_module
from perfana_support.controller.judge import judge_policy
from perfana_support.controller.names import CHECKS, POLICIES, Name
from perfana_support.sources.cluster.api import ApiError
from tests.unit import virtual_time
from tests.unit.controller.fake_server import GOOD, NAMESPACE, OLD, FakeServer, Permit, Working, condition

CHECK = Name(CHECKS, NAMESPACE, "perfana")


def _played(
    play: Callable[[Working], Awaitable[object]],
    server: FakeServer | None = None,
    permit: Permit | None = None,
    *,
    writes_policies: bool = True,
) -> FakeServer:
    """Play a story with a desk that works."""

    async def story() -> FakeServer:
        async with Working(server or FakeServer(), permit, writes_policies=writes_policies) as working:
            await play(working)
        return working.server

    return virtual_time.run(story())


# A permission that ends


@pytest.mark.parametrize("lasts", [0.5, 5.0])
def test_write_is_given_up_when_the_permission_may_have_passed_to_another(lasts: float) -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 1000.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(lasts - 0.01)
        assert working.counted("status_writes", result="Failed") == 0
        await asyncio.sleep(0.02)
        assert working.counted("status_writes", result="Failed") == 1

    permit = Permit(is_mine=True)
    permit.lasts = lasts
    assert _played(play, permit=permit).writes == []


def test_write_without_an_answer_is_given_up_also_by_who_is_alone() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 1000.0
        working.see(CHECKS, "perfana")
        await asyncio.sleep(31)
        assert working.counted("status_writes", result="Failed") == 1
        working.server.write_seconds = 0.0
        await asyncio.sleep(60)

    assert len(_played(play).writes) == 1


def test_no_write_is_begun_with_too_little_left_of_the_permission() -> None:
    permit = Permit(is_mine=True)

    async def play(working: Working) -> None:
        permit.lasts = 0.1
        working.see(CHECKS, "perfana")
        await asyncio.sleep(10)
        assert working.server.asked == 0
        permit.lasts = 8.0
        await asyncio.sleep(0.3)

    assert len(_played(play, permit=permit).writes) == 1


# Parts of others


class Shared(FakeServer):
    """A server on which somebody else owns a part of every status."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: dict[str, Any] = {"supportEndsOn": "2099-01-01"}

    async def apply_status(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        return await super().apply_status(path, {**document, "status": {**self.foreign, **document["status"]}})

    def meddle(self, working: Working, **fields: str) -> None:
        """Let the other change its part."""
        self.foreign |= fields
        entity = self.objects[CHECK]
        entity["status"] = {**entity["status"], **fields}
        working.desk.see(CHECKS, self.touch(entity))


def test_part_that_somebody_else_owns_is_left_alone_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    server = Shared()

    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)
        for _ in range(50):
            working.desk.facts_changed("")
            await asyncio.sleep(1)
        assert server.asked == 1
        server.meddle(working, release="9.9")
        await asyncio.sleep(5)
        for _ in range(50):
            working.desk.facts_changed("")
            await asyncio.sleep(1)
        assert server.asked == 2
        working.run_image(OLD)
        await asyncio.sleep(5)

    _played(play, server)
    assert condition(server.status("perfana"), "VersionSupported") == ("False", "EndOfLife")
    # What the verdict states itself is the operator's again.
    assert server.status("perfana")["supportEndsOn"] == "2025-11-07"
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records] == ["supportEndsOn"]


def test_own_part_that_somebody_forged_beside_a_foreign_one_is_put_right() -> None:
    server = Shared()

    async def play(working: Working) -> None:
        working.run_image(OLD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)
        entity = server.objects[CHECK]
        for one in entity["status"]["conditions"]:
            one["status"] = "True"
        working.desk.see(CHECKS, server.touch(entity))
        await asyncio.sleep(5)

    _played(play, server)
    assert condition(server.status("perfana"), "VersionSupported")[0] == "False"
    assert server.asked == 2


# Errors of its own


def test_policy_that_this_program_stumbles_over_is_tried_again_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stumbles = [LookupError("of all things")] * 9

    def stumbling(body, *others):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN002, ANN202
        if stumbles:
            raise stumbles.pop()
        return judge_policy(body, *others)

    monkeypatch.setattr(desk_module, "judge_policy", stumbling)

    async def play(working: Working) -> None:
        working.see(POLICIES, "acme")
        for number in range(8):
            working.see(CHECKS, f"check-{number}")
        await asyncio.sleep(0.1)
        assert len(working.server.writes) == 8
        await asyncio.sleep(200)
        assert working.counted("status_writes", result="Failed") == 9

    assert condition(_played(play).status("acme", POLICIES), "Valid")[0] == "True"
    assert "SupportPolicy acme: cannot be worked on" in caplog.text
    assert "LookupError: of all things" in caplog.text


def test_policy_that_cannot_be_read_for_a_reason_of_ours_leaves_the_last_good_one_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        working.see(POLICIES, "acme")
        await asyncio.sleep(1)
        monkeypatch.setattr("perfana_support.controller.policybook.policy_of", itemgetter("odd"))
        working.see(POLICIES, "acme", {"maxPolicyAgeDays": 30})
        await asyncio.sleep(1)

    server = _played(play)
    assert condition(server.status("acme", POLICIES), "Valid") == ("False", "PolicyInvalid")
    assert "KeyError: 'odd'" in str(server.status("acme", POLICIES)["problems"])
    assert condition(server.status("perfana"), "VersionSupported")[0] == "True"
    assert "its last valid form is in force" in str(server.status("perfana"))


# What is remembered


def test_policy_edited_into_nonsense_while_nobody_was_there_leaves_the_last_good_one_in_force() -> None:
    server = FakeServer()

    async def before(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        working.see(POLICIES, "acme", {"maxPolicyAgeDays": 90})
        await asyncio.sleep(5)

    async def after(working: Working) -> None:
        working.run_image(GOOD)
        for name, entity in server.objects.items():
            working.desk.see(name.plural, copy.deepcopy(entity))
        await asyncio.sleep(5)

    _played(before, server)
    digest = server.status("perfana")["policy"]["digest"]
    server.put(POLICIES, "acme", {"releases": "none"})
    _played(after, server)
    assert condition(server.status("acme", POLICIES), "Valid") == ("False", "PolicyInvalid")
    assert server.status("perfana")["policy"]["digest"] == digest
    assert "its last valid form is in force" in str(server.status("perfana"))


def test_operator_of_some_namespaces_reads_policies_and_leaves_their_status_to_another() -> None:
    async def play(working: Working) -> None:
        working.see(CHECKS, "perfana", {"policyRef": {"name": "acme"}})
        working.see(POLICIES, "acme")
        await asyncio.sleep(1)
        working.see(POLICIES, "acme", {"releases": "none"})
        await asyncio.sleep(1)

    server = _played(play, writes_policies=False)
    assert {write.name.plural for write in server.writes} == {CHECKS}
    assert "its last valid form is in force" in str(server.status("perfana"))


def test_what_is_gone_leaves_nothing_behind() -> None:
    async def play(working: Working) -> None:
        working.server.write_seconds = 1.0
        for number in range(20):
            working.see(CHECKS, "perfana", namespace=f"ns-{number}")
        await asyncio.sleep(0.5)
        for number in range(20):
            working.desk.forget(CHECKS, working.server.delete(CHECKS, "perfana", f"ns-{number}"))
        await asyncio.sleep(60)
        desk = working.desk
        for kept in ("_bodies", "_checks_in", "_written_at", "_left_at", "_pace"):
            assert len(getattr(desk, kept)) == 0, kept
        for kept in ("_waiting", "_busy", "_again", "_failures", "_rests_until", "_timers"):
            assert len(getattr(desk._queue, kept)) == 0, kept  # noqa: SLF001

    _played(play)


# Lines of the log


def test_each_write_that_changes_a_verdict_is_one_line_with_all_that_flipped(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def play(working: Working) -> None:
        working.run_image(GOOD)
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)
        caplog.clear()
        working.run_image(OLD)
        await asyncio.sleep(5)

    server = _played(play)
    assert len(server.writes) == 2
    (record,) = [record for record in caplog.records if hasattr(record, "facts")]
    assert record.facts["flips"] == ["VersionSupported True to False"]
    assert record.getMessage().endswith("(also VersionSupported True to False)")


def test_refused_write_logs_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def play(working: Working) -> None:
        working.server.faults = [ApiError(500, "trouble")]
        working.see(CHECKS, "perfana")
        await asyncio.sleep(5)

    assert len(_played(play).writes) == 1
    assert "Traceback" not in caplog.text
