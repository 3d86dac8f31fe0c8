"""How those who follow the server fare: what each is at, when it last heard something, and how often it had to start over."""

import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """What a follower is at."""

    STARTING = "starting"
    FOLLOWING = "following"
    WAITING = "waiting"


class Cause(StrEnum):
    """Why a watch was begun anew."""

    ENDED = "Ended"
    SILENT = "Silent"
    GONE = "Gone"
    FORBIDDEN = "Forbidden"
    FAILED = "Failed"


class Pulse:
    """The state of one follower. `seconds` counts on a clock that nobody sets."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self.phase = Phase.STARTING
        self.problem = ""
        self.restarts: Counter[Cause] = Counter()
        self.heard_at = seconds()

    def heard(self) -> None:
        """Something came from the server: an event, a bookmark, a page of a list."""
        self.heard_at = self._seconds()

    def opened(self) -> None:
        """The server agreed to a watch."""
        self.phase, self.problem = Phase.FOLLOWING, ""
        self.heard()

    def doubted(self, problem: str) -> None:
        """Something speaks against a watch, which goes on."""
        self.phase, self.problem = Phase.WAITING, problem

    def restarted(self, cause: Cause, problem: str = "") -> None:
        """A watch is over and will be begun anew; `problem` is "" where that is the course of things."""
        self.restarts[cause] += 1
        if problem:
            self.phase, self.problem = Phase.WAITING, problem

    @property
    def silent_seconds(self) -> float:
        """How long ago something was heard."""
        return self._seconds() - self.heard_at
