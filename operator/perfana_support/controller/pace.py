"""How often each name may come because of what happens around it: some times at once, then no more than so often."""

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

# A lone change, and a handful that belong together, are never held up; a storm of foreign pods costs ten judgements a second.
AT_ONCE = 10
SECONDS_EACH = 0.1


class Pace(Generic[T]):
    """A budget for each name: `spend` takes one from it, `wait` says how long until there is one. Time fills it again."""

    def __init__(self) -> None:
        self._full_at: dict[T, float] = {}

    def __len__(self) -> int:
        """How many names are remembered."""
        return len(self._full_at)

    def spend(self, name: T, now: float) -> None:
        """Note that a name came."""
        self._full_at[name] = max(self._full_at.get(name, now), now) + SECONDS_EACH

    def wait(self, name: T, now: float) -> float:
        """In how many seconds the name may come again, 0 for now."""
        return max(0.0, self._full_at.get(name, now) - (AT_ONCE - 1) * SECONDS_EACH - now)

    def forget(self, name: T) -> None:
        """The name no longer exists."""
        self._full_at.pop(name, None)
