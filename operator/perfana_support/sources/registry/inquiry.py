"""Answers of registries, asked for once and kept for as long as they hold.

What a digest names never changes, so it is asked for once. What a tag stands for may change: it is looked at again after the
policy's `registryCacheHours`, by a request that registries do not count. Until then, and while a registry is out of reach, the
last answer stays: content that the vendor served yesterday is the vendor's.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from perfana_support.model.image_policy import to_digest
from perfana_support.model.registry import Absent, Answer, Gap, Index, Manifest, Question, Subject
from perfana_support.sources.registry.client import RegistryClient

# A gap is asked about again soon, and less and less often: a registry that is down may be for hours.
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 60.0, 3600.0
# Everything is judged again every hour; what was not read for some of them belongs to nothing that runs.
FORGOTTEN_AFTER_SECONDS = 4 * 3600.0


class Inquiry(Mapping[Question, Answer]):
    """What is known, by question. What nobody reads any more is forgotten."""

    def __init__(
        self, client: RegistryClient, cache_seconds: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._answers: dict[Question, Answer] = {}
        self._due: dict[Question, float] = {}
        self._failures: dict[Question, int] = {}
        self._read_at: dict[Question, float] = {}
        self._asking: dict[Question, asyncio.Task[bool]] = {}

    def __getitem__(self, question: Question) -> Answer:
        answer = self._answers[question]
        self._read_at[question] = self._clock()
        return answer

    def __iter__(self) -> Iterator[Question]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    async def ask(self, questions: Iterable[Question], namespace: str = "") -> bool:
        """Have these answered, each by one request however many want to know; whether anything is known that was not."""
        tasks = [self._begin(question, namespace) for question in questions]
        return any([await asyncio.shield(task) for task in tasks])

    async def refresh(self) -> bool:
        """Ask again what no longer holds, and forget what nobody has read since; whether an answer is another one."""
        now = self._clock()
        for question in [each for each, at in self._read_at.items() if now - at > FORGOTTEN_AFTER_SECONDS]:
            for kept in (self._answers, self._due, self._failures, self._read_at):
                kept.pop(question, None)
        return await self.ask([question for question, at in self._due.items() if at <= now])

    async def close(self) -> None:
        """Ask no more."""
        for task in list(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _begin(self, question: Question, namespace: str) -> asyncio.Task[bool]:
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.create_task(self._answer(question, namespace))
            task.add_done_callback(lambda _: self._asking.pop(question, None))
        return task

    async def _answer(self, question: Question, namespace: str) -> bool:
        before = self._answers.get(question)
        if isinstance(before, Index | Manifest) and not to_digest(question.reference):
            digest = await self._client.digest_of_tag(question, namespace)
            if digest == before.digest:
                self._keep(question, before)
                return False
        answer = await self._client.answer(question, namespace)
        if isinstance(answer, Gap) and before is not None and not isinstance(before, Gap):
            self._put_off(question, answer)
            return False
        self._keep(question, answer)
        return answer != before

    def _keep(self, question: Question, answer: Answer) -> None:
        self._answers[question] = answer
        self._read_at.setdefault(question, self._clock())
        if isinstance(answer, Gap):
            self._put_off(question, answer)
            return
        self._failures.pop(question, None)
        is_lasting = not isinstance(answer, Absent) and (question.subject is Subject.CONFIG or to_digest(question.reference))
        self._due[question] = float("inf") if is_lasting else self._clock() + self._cache_seconds

    def _put_off(self, question: Question, gap: Gap) -> None:
        failures = self._failures.get(question, 0)
        self._failures[question] = failures + 1
        wait = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures, 10), LAST_RETRY_SECONDS)
        self._due[question] = self._clock() + max(wait, gap.wait_seconds)
