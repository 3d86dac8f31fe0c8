"""Alive and ready are two questions; both are answered in words."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from perfana_support.controller.health import Health
from perfana_support.sources.cluster.pulse import Cause, Pulse

SILENCE = 90.0


class Clock:
    """Seconds that a test sets."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _following(silent_seconds: float = 3.0) -> Pulse:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.opened()
    clock.seconds += silent_seconds
    return pulse


def _waiting(silent_seconds: float = 3.0) -> Pulse:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.restarted(Cause.FAILED, "no answer")
    clock.seconds += silent_seconds
    return pulse


def _health(  # noqa: PLR0913 - health has that many parts
    pulses: Mapping[str, Pulse] | None = None,
    *,
    audited: Mapping[str, Pulse] = MappingProxyType({}),
    is_working: bool = True,
    is_synced: bool = True,
    problems: tuple[str, ...] = (),
    leading: str = "leading",
) -> Health:
    own = {"pods": _following()} if pulses is None else pulses
    return Health(is_working, is_synced, own, audited, SILENCE, problems, leading)


def test_operator_that_is_well_says_so() -> None:
    page = "ok\nleading\npods: following, heard 3 s ago\n"
    assert _health().healthz() == (True, page)
    assert _health().readyz() == (True, page)


def test_who_stands_by_is_ready() -> None:
    assert _health(leading="standing by").readyz() == (True, "ok\nstanding by\npods: following, heard 3 s ago\n")


def test_part_that_has_ended_is_mended_by_a_restart() -> None:
    health = _health(is_working=False)
    assert health.healthz() == (False, "not ok\na part has ended\nleading\npods: following, heard 3 s ago\n")
    assert health.readyz()[0] is False


@pytest.mark.parametrize(("silent", "is_alive"), [(SILENCE, True), (4 * SILENCE, True), (4 * SILENCE + 1, False)])
def test_watch_that_is_stuck_is_mended_by_a_restart(silent: float, is_alive: bool) -> None:  # noqa: FBT001 - a table
    is_well, page = _health({"pods": _following(silent), "jobs": _following()}).healthz()
    assert is_well is is_alive
    assert ("pods: stuck, nothing happened for 361 s\n" in page) is not is_alive


def test_kind_that_is_absent_and_asked_for_now_and_then_is_not_stuck() -> None:
    # Heard at most as long ago as it is waited between two attempts.
    health = _health({"clusters": _following(31.0)})._replace(silence_seconds=5.0)
    assert health.healthz()[0] is True


def test_server_that_is_away_is_no_fault_of_the_process() -> None:
    health = _health({"pods": _waiting(9999), "jobs": _following()}, problems=("Lease a/b: no answer",))
    assert health.healthz()[0] is True
    assert health.readyz() == (
        False,
        (
            "not ready\nLease a/b: no answer\nleading\njobs: following, heard 3 s ago\n"
            "pods: waiting, heard 9999 s ago, begun anew: 1 Failed, no answer\n"
        ),
    )


def test_operator_that_is_not_yet_there_is_alive_and_not_ready() -> None:
    health = _health({}, is_synced=False, problems=("the API server has not answered yet",), leading="standing by")
    assert health.healthz()[0] is True
    assert health.readyz() == (
        False,
        "not ready\nthe cluster is still being read\nthe API server has not answered yet\nstanding by\n",
    )


def test_watch_that_has_not_begun_is_not_ready() -> None:
    assert _health({"pods": Pulse(Clock())}).readyz() == (False, "not ready\nleading\npods: starting, heard 0 s ago\n")


def test_causes_of_new_beginnings_are_listed() -> None:
    pulse = _following()
    for cause in (Cause.ENDED, Cause.GONE, Cause.ENDED):
        pulse.restarted(cause)
    assert "pods: following, heard 3 s ago, begun anew: 2 Ended, 1 Gone\n" in _health({"pods": pulse}).readyz()[1]


def test_watch_of_kopf_that_is_dead_is_said_and_is_no_reason_to_end() -> None:
    dead = _following()
    dead.restarted(Cause.SILENT, "a change was found that the watch does not tell of")
    health = _health(audited={"supportchecks": dead})
    line = "supportchecks: waiting, heard 3 s ago, begun anew: 1 Silent, a change was found that the watch does not tell of"
    for is_well, page in ((True, health.healthz()), (False, health.readyz())):
        assert page[0] is is_well
        assert line in page[1]


def test_watch_of_kopf_that_has_nothing_to_tell_is_well() -> None:
    for pulse in (Pulse(), _following(100_000.0)):
        assert _health(audited={"supportchecks": pulse}).readyz()[0]
        assert _health(audited={"supportchecks": pulse}).healthz()[0]
