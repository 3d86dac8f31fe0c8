"""Registries as the operator asks them: beside the judging, each question once for all checks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from perfana_support.controller.judge import Judged
from perfana_support.controller.names import Name
from perfana_support.model.answer import Answer, Question
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.document import Json
from perfana_support.model.image_policy import ImageRules
from perfana_support.model.registry import Registry
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.inquiry import Inquiry

# A registry answers within a second or two, and a status that says "not asked yet" for so long would flip twice for nothing.
HOLD_SECONDS = 5.0
# How often answers are looked through for those that no longer hold.
_LOOK_SECONDS = 30.0

log = logging.getLogger(__name__)

# A client for some registries, and how to end it.
Opened = tuple[RegistryClient, Callable[[], Awaitable[None]]]
Open = Callable[[Sequence[Registry]], Opened]


_Key = tuple[tuple[Registry, ...], str]


class Registries:
    """What registries said, for each set of them that a policy names.

    `answered` is told of a namespace that has news, "" of all. `per_namespace`: each namespace has credentials of its own.
    """

    def __init__(self, open_client: Open, answered: Callable[[str], None], *, per_namespace: bool = False) -> None:
        self._open = open_client
        self._answered = answered
        self._per_namespace = per_namespace
        self._inquiries: dict[_Key, Inquiry] = {}
        self._closers: dict[_Key, Callable[[], Awaitable[None]]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._held_since: dict[Name, float] = {}

    def known(self, rules: ImageRules, namespace: str) -> Mapping[Question, Answer]:
        """The answers of a policy's registries, as far as a namespace may know them."""
        return self._inquiry(rules, namespace).known_to(self._on_behalf_of(namespace))

    def ask(self, name: Name, judged: Judged, current: Json) -> float:
        """Have what is open asked; returns for how many seconds the check's status should wait for the answers.

        That an installation is no longer supported, whatever the answers are, waits for none. `current` is the status as it is.
        """
        if not judged.questions:
            self._held_since.pop(name, None)
            return 0.0
        task = asyncio.create_task(self._ask(self._inquiry(judged.rules, name.namespace), judged.questions, name.namespace))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        if _is_not_supported(judged.status) and not _is_not_supported(current):
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(0.0, self._held_since.setdefault(name, now) + HOLD_SECONDS - now)

    def forget(self, name: Name) -> None:
        """A check is gone."""
        self._held_since.pop(name, None)

    async def run(self) -> None:
        """Ask again what no longer holds, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for key, inquiry in list(self._inquiries.items()):
                try:
                    if await inquiry.refresh():
                        self._answered("")
                    if not inquiry:  # of a policy that is gone, or asks no more
                        del self._inquiries[key]
                        await self._closers.pop(key)()
                except Exception:
                    log.exception("answers of registries cannot be renewed, trying again")

    async def close(self) -> None:
        """Ask no more."""
        for inquiry in self._inquiries.values():
            await inquiry.close()
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        for close in self._closers.values():
            await close()

    def _inquiry(self, rules: ImageRules, namespace: str) -> Inquiry:
        """The inquiry of a policy's registries: one for all namespaces, unless each has credentials of its own."""
        key = (rules.registries, self._on_behalf_of(namespace))
        if key not in self._inquiries:
            client, self._closers[key] = self._open(rules.registries)
            self._inquiries[key] = Inquiry(client, clock=asyncio.get_running_loop().time)
        self._inquiries[key].cache_seconds = rules.registry_cache_hours * 3600.0
        return self._inquiries[key]

    def _on_behalf_of(self, namespace: str) -> str:
        return namespace if self._per_namespace else ""

    async def _ask(self, inquiry: Inquiry, questions: Sequence[Question], namespace: str) -> None:
        try:
            await inquiry.ask(questions, self._on_behalf_of(namespace))
        except Exception:
            log.exception("registries cannot be asked for what runs in %s", namespace)
        else:
            self._answered(namespace)


def _is_not_supported(status: Json) -> bool:
    return any(
        condition["type"] == ConditionType.SUPPORTED and condition["status"] == Status.FALSE
        for condition in status.get("conditions") or ()
    )
