"""Registries as the operator asks them: beside the judging, each question once for all checks."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from perfana_support.controller.judge import Judged
from perfana_support.controller.names import Name
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.image_policy import ImageRules
from perfana_support.model.registry import Answer, Question, Registry
from perfana_support.sources.registry.client import RegistryClient
from perfana_support.sources.registry.inquiry import Inquiry

# A registry answers within a second or two, and a status that says "not asked yet" for so long would flip twice for nothing.
HOLD_SECONDS = 5.0
# How often answers are looked through for those that no longer hold.
_LOOK_SECONDS = 30.0

log = logging.getLogger(__name__)

# A client for some registries, which is open as long as the operator runs.
Open = Callable[[Sequence[Registry]], RegistryClient]


class Registries:
    """What registries said, for each set of them that a policy names.

    `answered` is told of a namespace that has news, "" of all.
    """

    def __init__(self, open_client: Open, answered: Callable[[str], None]) -> None:
        self._open = open_client
        self._answered = answered
        self._inquiries: dict[tuple[tuple[Registry, ...], int], Inquiry] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._held_since: dict[Name, float] = {}

    def known(self, rules: ImageRules) -> Mapping[Question, Answer]:
        """The answers of a policy's registries."""
        return self._inquiry(rules)

    def ask(self, name: Name, judged: Judged) -> float:
        """Have what is open asked; returns for how many seconds the check's status should wait for the answers.

        What is not supported whatever the answers are waits for none.
        """
        if not judged.questions:
            self._held_since.pop(name, None)
            return 0.0
        task = asyncio.create_task(self._ask(self._inquiry(judged.rules), judged.questions, name.namespace))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        if _is_not_supported(judged):
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
            for inquiry in list(self._inquiries.values()):
                try:
                    if await inquiry.refresh():
                        self._answered("")
                except Exception:
                    log.exception("answers of registries cannot be renewed, trying again")

    async def close(self) -> None:
        """Ask no more."""
        for inquiry in self._inquiries.values():
            await inquiry.close()
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def _inquiry(self, rules: ImageRules) -> Inquiry:
        key = (rules.registries, rules.registry_cache_hours)
        if key not in self._inquiries:
            clock = asyncio.get_running_loop().time
            self._inquiries[key] = Inquiry(self._open(rules.registries), rules.registry_cache_hours * 3600.0, clock)
        return self._inquiries[key]

    async def _ask(self, inquiry: Inquiry, questions: Sequence[Question], namespace: str) -> None:
        try:
            await inquiry.ask(questions, namespace)
        except Exception:
            log.exception("registries cannot be asked for what runs in %s", namespace)
        else:
            self._answered(namespace)


def _is_not_supported(judged: Judged) -> bool:
    return any(
        condition["type"] == ConditionType.SUPPORTED and condition["status"] == Status.FALSE
        for condition in judged.status["conditions"]
    )
