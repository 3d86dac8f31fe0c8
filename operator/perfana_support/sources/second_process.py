"""A second process that does a part of the work. It saves time and decides nothing.

Whatever the second process does not answer, for it was ended, has no memory or met an error, is done here in its turn, where an
error is told as if there were no other process.
"""

import os
import pickle
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from queue import SimpleQueue
from threading import Thread
from typing import Generic, NoReturn, TypeVar

_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")

# One task that the second process is at, and one that waits for it.
_QUEUED = 2
# Answers that wait for an earlier one; more of them would only fill the memory.
_AHEAD = 8
_LENGTH_BYTES = 8
_BLOCK = 1024 * 1024


def dealt(
    tasks: Iterator[_Task], work: Callable[[_Task], _Answer], is_small: Callable[[_Task], bool]
) -> Iterator[tuple[_Task, _Answer]]:
    """Each task with its answer, in order. Arguments as for `divided`."""
    second = _start(work)
    if second is None:
        yield from ((task, work(task)) for task in tasks)
        return
    try:
        yield from _dealt(tasks, work, is_small, second)
    finally:
        second.end()


class _Asked(Generic[_Task, _Answer]):
    """A task, and its answer once that is there."""

    __slots__ = ("answer", "is_answered", "task")

    answer: _Answer

    def __init__(self, task: _Task) -> None:
        self.task = task
        self.is_answered = False

    def give(self, answer: _Answer) -> None:
        self.answer = answer
        self.is_answered = True


def _dealt(
    tasks: Iterator[_Task],
    work: Callable[[_Task], _Answer],
    is_small: Callable[[_Task], bool],
    second: "_Second[_Task, _Answer]",
) -> Iterator[tuple[_Task, _Answer]]:
    waiting: deque[_Asked[_Task, _Answer]] = deque()
    failure: Exception | None = None
    try:
        for task in tasks:
            asked: _Asked[_Task, _Answer] = _Asked(task)
            if not (is_small(task) and second.takes(asked)):
                asked.give(work(task))
            waiting.append(asked)
            second.collect(waits=len(waiting) > _AHEAD)
            while waiting and waiting[0].is_answered:
                first = waiting.popleft()
                yield first.task, first.answer
    except Exception as error:  # noqa: BLE001 - told when all that stands before it is answered
        failure = error
    for asked in waiting:
        second.collect(waits=not asked.is_answered)
        yield asked.task, asked.answer
    if failure is not None:
        raise failure


class _Second(Generic[_Task, _Answer]):
    """The second process, as the first one sees it."""

    def __init__(self, process: int, handle: int, questions: int, answers: int, work: Callable[[_Task], _Answer]) -> None:
        self._process = process
        self._handle = handle
        self._questions = questions
        self._answers = answers
        self._work = work
        self._asked: deque[_Asked[_Task, _Answer]] = deque()
        self._is_gone = False
        self._told = select.poll()
        self._told.register(answers, select.POLLIN)

    def takes(self, asked: _Asked[_Task, _Answer]) -> bool:
        """Whether it takes the task on."""
        if self._is_gone or len(self._asked) >= _QUEUED:
            return False
        try:
            _send(self._questions, asked.task)
        except OSError:
            self._is_gone = True
            return False
        self._asked.append(asked)
        return True

    def collect(self, *, waits: bool) -> None:
        """Take the answers that are there; with `waits` the next one in any case."""
        while self._asked and (waits or self._told.poll(0)):
            asked, waits = self._asked[0], False
            try:
                asked.give(_receive(self._answers))
            except (OSError, EOFError):
                self._is_gone = True
                for left in self._asked:
                    left.give(self._work(left.task))
                self._asked.clear()
                return
            self._asked.popleft()

    def end(self) -> None:
        """End the process, whatever it is at."""
        os.close(self._questions)
        os.close(self._answers)
        # Where whoever started this program has the kernel bury its children, it may be gone, and its number another's.
        with suppress(OSError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        os.close(self._handle)
        with suppress(ChildProcessError):
            os.waitpid(self._process, 0)


def _start(work: Callable[[_Task], _Answer]) -> "_Second[_Task, _Answer] | None":
    """A second process, None where none can be had."""
    pipes: list[int] = []
    try:
        pipes += os.pipe()
        pipes += os.pipe()
        process = os.fork()
    except OSError:
        for end in pipes:
            os.close(end)
        return None
    asked, questions, answers, told = pipes
    with suppress(OSError):  # else who asks waits for who is at work
        fcntl(questions, F_SETPIPE_SZ, _BLOCK)
    if process == 0:
        os.close(questions)
        os.close(answers)
        _serve(asked, told, work)
    os.close(asked)
    os.close(told)
    try:
        handle = os.pidfd_open(process)
    except OSError:
        os.close(questions)
        os.close(answers)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)  # it ends by itself, for nobody asks it anything
        return None
    return _Second(process, handle, questions, answers, work)


def _serve(asked: int, told: int, work: Callable[[_Task], _Answer]) -> NoReturn:
    """Answer until nobody asks any more. What fails ends the process, which says enough."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears of it as well, and ends this one
        tasks: SimpleQueue[_Task | None] = SimpleQueue()
        # Questions are taken in at once, so that who asks never waits while it is waited for.
        Thread(target=_take_in, args=(asked, tasks.put), daemon=True).start()
        while (task := tasks.get()) is not None:
            _send(told, work(task))
    finally:
        os._exit(0)  # nothing that the first process has begun is ended here: files, locks, what is to be written


def _take_in(asked: int, put: Callable[[_Task | None], None]) -> None:
    try:
        while True:
            put(_receive(asked))
    except (OSError, EOFError):
        put(None)


def _send(end: int, content: object) -> None:
    text = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    left = memoryview(len(text).to_bytes(_LENGTH_BYTES, "big") + text)
    while left:
        left = left[os.write(end, left) :]


def _receive(end: int) -> _Answer:  # type: ignore[type-var] # what comes is what was asked for
    """What the other process sent. Raises `EOFError` where it is gone."""
    length = int.from_bytes(_read(end, _LENGTH_BYTES), "big")
    return pickle.loads(_read(end, length))  # type: ignore[no-any-return] # noqa: S301 - this program's own other half


def _read(end: int, length: int) -> bytes:
    blocks, left = list[bytes](), length
    while left:
        block = os.read(end, min(left, _BLOCK))
        if not block:
            raise EOFError
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)
