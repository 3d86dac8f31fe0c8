"""Waits between attempts: each twice as long as the one before, up to a last one, give or take half.

Give or take, so that those who failed together do not come back together.
"""

import random

FIRST_WAIT_SECONDS = 0.25
LAST_WAIT_SECONDS = 30.0


class Backoff:
    """The waits of one who tries again. `failures` counts them since the beginning or the last `reset`."""

    def __init__(self, first_seconds: float = FIRST_WAIT_SECONDS, last_seconds: float = LAST_WAIT_SECONDS) -> None:
        self._first_seconds = first_seconds
        self._last_seconds = last_seconds
        self.failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        # Far above what it takes to reach any last wait, and far below what a float cannot hold.
        wait = min(self._first_seconds * 2.0 ** min(self.failures, 64), self._last_seconds)
        self.failures += 1
        return spread(wait)

    def reset(self) -> None:
        """What was tried went well."""
        self.failures = 0


def spread(seconds: float) -> float:
    """That long, give or take half."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
