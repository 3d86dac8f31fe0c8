"""How much of the time each name may take because of what happens around it, so that a storm of foreign pods costs little."""

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

# Work is followed by this many times its length of rest, which leaves a name a twentieth of the time, ...
REST = 20.0
# ... by at least the one and at most the other: fifty times a second, and however long it takes, once a second.
LEAST_REST_SECONDS, MOST_REST_SECONDS = 0.02, 1.0
# So much rest may be owed before it is taken: a lone change, and dozens that belong together, are never held up.
OWED_SECONDS = 2.0


class Pace(Generic[T]):
    """What each name owes: `spend` adds work, `wait` says how long until it may come again. Time pays it off."""

    def __init__(self) -> None:
        self._paid_at: dict[T, float] = {}

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._paid_at)

    def spend(self, name: T, now: float, work_seconds: float) -> None:
        """Note that a name came, and how long it took."""
        rest = min(max(REST * work_seconds, LEAST_REST_SECONDS), MOST_REST_SECONDS)
        self._paid_at[name] = max(self._paid_at.get(name, now), now) + rest

    def wait(self, name: T, now: float) -> float:
        """In how many seconds the name may come again, 0 for now."""
        return max(0.0, self._paid_at.get(name, now) - OWED_SECONDS - now)

    def forget(self, name: T) -> None:
        """The name no longer exists."""
        self._paid_at.pop(name, None)
