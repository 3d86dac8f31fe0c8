"""How a follower fares, on a clock of the test's own."""

from perfana_support.sources.cluster.pulse import Cause, Phase, Pulse


class Clock:
    """Seconds that a test sets."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_pulse_counts_the_time_since_something_was_heard() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    clock.seconds += 7
    assert (pulse.phase, pulse.silent_seconds) == (Phase.STARTING, 7.0)
    pulse.heard()
    assert pulse.silent_seconds == 0.0


def test_open_watch_is_followed_and_has_no_problem() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    pulse.restarted(Cause.FAILED, "no answer")
    assert (pulse.phase, pulse.problem) == (Phase.WAITING, "no answer")
    clock.seconds += 7
    pulse.opened()
    assert (pulse.phase, pulse.problem, pulse.silent_seconds) == (Phase.FOLLOWING, "", 0.0)


def test_watch_that_ended_by_the_course_of_things_is_no_problem() -> None:
    pulse = Pulse(Clock())
    pulse.opened()
    for _ in range(3):
        pulse.restarted(Cause.ENDED)
    assert (pulse.phase, pulse.problem, pulse.restarts) == (Phase.FOLLOWING, "", {Cause.ENDED: 3})
