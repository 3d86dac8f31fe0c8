"""Work that takes long enough for a second process, where there is a second processor."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")

# A process costs some milliseconds, which this many tasks are to take at least.
_ALONE = 4


def divided(
    tasks: Iterable[_Task], work: Callable[[_Task], _Answer], is_small: Callable[[_Task], bool] = lambda _task: True
) -> Iterator[tuple[_Task, _Answer]]:
    """Each task with its answer, in order; with more than a few tasks about half of them are a second process's.

    `work` is to depend on its task and on nothing that it changes itself. Tasks and answers must be picklable; a task that is
    not small is not handed over.
    """
    left = iter(tasks)
    for task in islice(left, _ALONE):
        yield task, work(task)
    for task in left:
        all_left = chain((task,), left)
        if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:  # noqa: PLR2004 - one for each
            yield from ((each, work(each)) for each in all_left)
        else:
            from perfana_support.sources.second_process import dealt  # noqa: PLC0415 - only long work pays for it

            yield from dealt(all_left, work, is_small)
