"""Answers of registries, asked for once and kept for as long as they hold.

What a digest names never changes, so it is asked for once. What a tag stands for may change: it is looked at again after the
policy's `registryCacheHours`, by a request that registries do not count. Until then, and while a registry is out of reach, the
last answer stays: content that the vendor served yesterday is the vendor's.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from perfana_support.model.answer import Absent, Answer, Gap, Index, Manifest, Question, Subject
from perfana_support.model.image_policy import to_digest
from perfana_support.sources.registry.client import RegistryClient

# A gap is asked about again soon, and less and less often: a registry that is down may be for hours.
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 60.0, 3600.0
# Everything is judged again every hour; what was not read for some of them belongs to nothing that runs.
FORGOTTEN_AFTER_SECONDS = 4 * 3600.0


class _Key(NamedTuple):
    """A question, and on whose behalf it was asked."""

    question: Question
    namespace: str


class _Kept(NamedTuple):
    """An answer, on whose behalf it was got, when it is due to be asked for again, and how often that was in vain."""

    answer: Answer
    namespace: str
    due: float
    failures: int = 0


class Inquiry:
    """What is known of some registries. Answers are for all; a gap is of the namespace with whose credentials it was met.

    What nobody reads any more is forgotten. `cache_seconds` is how long an answer holds that may change.
    """

    def __init__(
        self, client: RegistryClient, cache_seconds: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self.cache_seconds = cache_seconds
        self._clock = clock
        self._found: dict[Question, _Kept] = {}
        self._gaps: dict[_Key, _Kept] = {}
        self._read_at: dict[Question, float] = {}
        self._asking: dict[Question, asyncio.Task[bool]] = {}

    def __len__(self) -> int:
        """How many questions have an answer or a gap, or are asked."""
        return len(self._found) + len(self._gaps) + len(self._asking)

    def known_to(self, namespace: str) -> Mapping[Question, Answer]:
        """What a namespace may judge by, as it is at each moment."""
        return _Known(self, namespace)

    def read(self, question: Question, namespace: str) -> Answer | None:
        """An answer, None for what has to be asked."""
        kept = self._found.get(question) or self._gaps.get(_Key(question, namespace))
        if kept is None:
            return None
        self._read_at[question] = self._clock()
        return kept.answer

    async def ask(self, questions: Iterable[Question], namespace: str = "") -> bool:
        """Have these answered, each by one request however many want to know; whether anything is known that was not."""
        tasks = [self._begin(question, namespace) for question in questions]
        return any([await asyncio.shield(task) for task in tasks])

    async def refresh(self) -> bool:
        """Ask again what no longer holds, and forget what nobody has read since; whether an answer is another one."""
        now = self._clock()
        for question in [each for each, at in self._read_at.items() if now - at > FORGOTTEN_AFTER_SECONDS]:
            self._found.pop(question, None)
            del self._read_at[question]
        for key in [key for key in self._gaps if key.question not in self._read_at]:
            del self._gaps[key]
        due = [_Key(question, kept.namespace) for question, kept in self._found.items() if kept.due <= now]
        due += [key for key, kept in self._gaps.items() if kept.due <= now]
        tasks = [self._begin(*key) for key in due]
        return any([await asyncio.shield(task) for task in tasks])

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
        """Ask, and keep what comes of it; whether that is news for anybody."""
        before = self._found.get(question)
        if before and isinstance(before.answer, Index | Manifest) and not to_digest(question.reference):
            digest = await self._client.digest_of_tag(question, namespace)
            if digest == before.answer.digest:
                self._keep(question, before.answer, namespace)
                return False
        answer = await self._client.answer(question, namespace)
        if not isinstance(answer, Gap):
            self._keep(question, answer, namespace)
            return before is None or answer != before.answer
        if before:
            self._found[question] = self._put_off(before, answer)
            return False
        key = _Key(question, namespace)
        met = self._gaps.get(key)
        self._gaps[key] = self._put_off(met or _Kept(answer, namespace, 0.0), answer)._replace(answer=answer)
        self._read_at.setdefault(question, self._clock())
        return met is None or met.answer != answer

    def _keep(self, question: Question, answer: Answer, namespace: str) -> None:
        is_lasting = not isinstance(answer, Absent) and (question.subject is Subject.CONFIG or to_digest(question.reference))
        due = float("inf") if is_lasting else self._clock() + self.cache_seconds
        self._found[question] = _Kept(answer, namespace, due)
        self._read_at.setdefault(question, self._clock())
        for key in [key for key in self._gaps if key.question == question]:
            del self._gaps[key]

    def _put_off(self, kept: _Kept, gap: Gap) -> _Kept:
        wait = min(FIRST_RETRY_SECONDS * 2.0 ** min(kept.failures, 10), LAST_RETRY_SECONDS)
        return kept._replace(due=self._clock() + max(wait, gap.wait_seconds), failures=kept.failures + 1)


class _Known(Mapping[Question, Answer]):
    """An inquiry's answers as one namespace sees them."""

    def __init__(self, inquiry: Inquiry, namespace: str) -> None:
        self._inquiry = inquiry
        self._namespace = namespace

    def __getitem__(self, question: Question) -> Answer:
        answer = self._inquiry.read(question, self._namespace)
        if answer is None:
            raise KeyError(question)
        return answer

    def __iter__(self) -> Iterator[Question]:
        raise TypeError("what is known is looked up, not gone through")

    def __len__(self) -> int:
        return len(self._inquiry)
