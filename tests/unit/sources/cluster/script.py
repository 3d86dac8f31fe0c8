"""A server that plays a script of answers, for what follows one kind of object."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, cast

from perfana_support.sources.cluster.api import ApiError, ClusterApi
from tests.unit import virtual_time

Json = dict[str, Any]
# What a list or a watch gives: a page or events, an error in place of one, a number of seconds to pass before the next.
Step = Json | ApiError | float


def pod(name: str, version: int = 1, image: str = "nginx:1.29", phase: str = "Running") -> Json:
    """Build a pod of one container."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "perfana", "uid": name, "resourceVersion": str(version)},
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"phase": phase},
    }


def page(version: int, *items: Json, more: str = "") -> Json:
    """Build one page of a list."""
    return {"metadata": {"resourceVersion": str(version), **({"continue": more} if more else {})}, "items": list(items)}


def event(kind: str, entity: Json) -> Json:
    """Build an event of a watch."""
    return {"type": kind, "object": entity}


def bookmark(version: int) -> Json:
    """Build an event that says how far a watch is."""
    return event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": str(version)}})


def fault(code: int, message: str = "trouble") -> Json:
    """Build an event that ends a watch with an error."""
    return event("ERROR", {"kind": "Status", "code": code, "message": message})


class Script:
    """The answers to lists and to watches, in order; the last of each is given again and again.

    `asked` notes what was asked, with the seconds since the story began.
    """

    def __init__(self, lists: Sequence[Step], watches: Sequence[Sequence[Step]]) -> None:
        self._lists, self._watches = list(lists), list(watches)
        self.asked: list[tuple[float, str]] = []

    @property
    def api(self) -> ClusterApi:
        """This script in place of a connection."""
        return cast("ClusterApi", self)

    def times(self, kind: str) -> list[float]:
        """When lists or watches were asked for."""
        return [moment for moment, what in self.asked if what.startswith(kind)]

    async def list_page(self, path: str, query: Mapping[str, str]) -> Json:
        self._note("list", path, query)
        answer = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        if isinstance(answer, ApiError):
            raise answer
        assert isinstance(answer, dict)
        return answer

    async def try_watch(self, path: str, query: Mapping[str, str]) -> None:
        """Whether the next watch will be agreed to; it stays the next one."""
        self._note("try", path, query)
        step = next(iter(self._watches[0]), None)
        if isinstance(step, ApiError):
            raise step

    async def watch(
        self, path: str, query: Mapping[str, str], silence_seconds: float, on_open: Callable[[], None]
    ) -> AsyncIterator[Json]:
        self._note("watch", path, query)
        assert silence_seconds == 90.0
        steps = self._watches.pop(0) if len(self._watches) > 1 else self._watches[0]
        if steps and isinstance(steps[0], ApiError):
            raise steps[0]
        on_open()
        for step in steps:
            if isinstance(step, ApiError):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    def _note(self, kind: str, path: str, query: Mapping[str, str]) -> None:
        kept = {name: value for name, value in query.items() if name in ("limit", "continue", "resourceVersion")}
        words = [kind, *(f"{name}={value}" for name, value in kept.items())]
        self.asked.append((round(virtual_time.seconds(), 3), " ".join(words)))
        assert path.startswith("/api")
