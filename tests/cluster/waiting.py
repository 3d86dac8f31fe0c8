"""Waiting for a condition with a deadline, the only place in the tests where time passes on purpose."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

POLL_INTERVAL_SECONDS = 0.02
"""Pause between two looks: short beside a server's boot of 3 s, long beside a request of 2 ms on loopback."""


def wait_for(
    predicate: Callable[[], T | None],
    deadline_seconds: float,
    what: str,
    *,
    ignoring: tuple[type[Exception], ...] = (),
) -> T:
    """Return the predicate's first truthy answer.

    Raises `TimeoutError` that names what was waited for, with the last answer or the last ignored exception:
    whoever reads a failed run has nothing else to go by.
    """
    ends_at = time.monotonic() + deadline_seconds
    pause = threading.Event()
    last: object = None
    while True:
        try:
            answer = predicate()
        except ignoring as error:
            last = error
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() >= ends_at:
            raise TimeoutError(f"{what}: not within {deadline_seconds:g} s, at last {last!r}")
        pause.wait(POLL_INTERVAL_SECONDS)
