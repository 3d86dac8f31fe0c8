"""Work divided between two processes: every answer, in order, whatever becomes of the second one."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from perfana_support.sources import second_process
from perfana_support.sources.divided_work import divided

HERE = os.getpid()
TASKS = range(40)


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})


def _is_second() -> bool:
    return os.getpid() != HERE


def _doubled(task: int) -> tuple[int, int]:
    """Take long enough for both to have their part: the second process takes tasks on before the first has done its own."""
    end = time.perf_counter() + 0.002
    while time.perf_counter() < end:
        pass
    return 2 * task, os.getpid()


def _numbers(divided_tasks: Iterator[tuple[int, tuple[int, int]]]) -> list[tuple[int, int]]:
    return [(task, answer) for task, (answer, _) in divided_tasks]


DOUBLED = [(task, 2 * task) for task in TASKS]


def _assert_no_process_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_answers_come_in_order_and_from_both_processes() -> None:
    found = list(divided(TASKS, _doubled))
    assert [(task, answer) for task, (answer, _) in found] == DOUBLED
    assert len({process for _, (_, process) in found}) == 2
    _assert_no_process_is_left()


def test_few_tasks_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)
    assert _numbers(divided(range(4), _doubled)) == DOUBLED[:4]


@pytest.mark.parametrize("processors", [{3}, set[int]()])
def test_one_processor_starts_no_process(processors: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: processors)
    monkeypatch.setattr(os, "fork", None)
    assert _numbers(divided(TASKS, _doubled)) == DOUBLED


def test_other_systems_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "fork", None)
    assert _numbers(divided(TASKS, _doubled)) == DOUBLED


def _open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("lacking", ["fork", "pipe", "pidfd_open"])
def test_without_room_for_a_process_one_does_it_all(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError

    before = _open_files()
    monkeypatch.setattr(os, lacking, refuse)
    assert _numbers(divided(TASKS, _doubled)) == DOUBLED
    assert _open_files() == before


@pytest.mark.parametrize("killed_at", [4, 5, 20, 39])
def test_what_a_killed_process_leaves_is_done_here(killed_at: int) -> None:
    def work(task: int) -> tuple[int, int]:
        if _is_second() and task >= killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return _doubled(task)

    assert _numbers(divided(TASKS, work)) == DOUBLED
    _assert_no_process_is_left()


def test_what_fails_in_the_second_process_alone_is_done_here() -> None:
    def work(task: int) -> tuple[int, int]:
        if _is_second():
            raise MemoryError
        return _doubled(task)

    assert _numbers(divided(TASKS, work)) == DOUBLED


def test_answer_that_cannot_be_sent_is_found_here() -> None:
    def work(task: int) -> tuple[int, object]:
        return _doubled(task)[0], (lambda: None) if _is_second() else HERE

    assert [(task, answer) for task, (answer, _) in divided(TASKS, work)] == DOUBLED


@pytest.mark.parametrize("failing", [0, 10, 39])
def test_error_of_a_task_is_raised(failing: int) -> None:
    def work(task: int) -> int:
        if task == failing:
            raise ZeroDivisionError
        return task

    with pytest.raises(ZeroDivisionError):
        list(divided(TASKS, work))
    _assert_no_process_is_left()


@pytest.mark.parametrize("failing", [0, 3, 4, 20])
def test_error_of_the_tasks_comes_behind_all_answers_before_it(failing: int) -> None:
    def tasks() -> Iterator[int]:
        yield from range(failing)
        raise EOFError

    found = []
    with pytest.raises(EOFError):  # noqa: PT012 - what comes before it counts as well
        for task, (answer, _) in divided(tasks(), _doubled):
            found.append((task, answer))
    assert found == DOUBLED[:failing]
    _assert_no_process_is_left()


def test_who_stops_asking_ends_the_process() -> None:
    answers = divided(TASKS, _doubled)
    for _ in range(6):
        next(answers)
    answers.close()  # type: ignore[attr-defined] # a generator
    _assert_no_process_is_left()


def test_large_tasks_and_answers_keep_nobody_waiting_for_each_other() -> None:
    text = b"x" * 3_000_000
    found = list(divided([text] * 24, lambda task: task + b"y"))
    assert found == [(text, text + b"y")] * 24


def test_tasks_that_are_not_small_are_done_here() -> None:
    found = divided(TASKS, _doubled, lambda task: task % 2 == 0)
    assert {process for task, (_, process) in found if task % 2} == {HERE}


_ENDLESS = """
import os
from perfana_support.sources.divided_work import divided

def work(task):
    if os.getpid() != first and task == 4:
        print(os.getpid(), flush=True)
    return task

first = os.getpid()
os.sched_getaffinity = lambda _process: {0, 1}
answers = divided(range(10**9), work)
for task, _ in answers:
    if task == 40:
        input()
"""


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
def test_second_process_ends_with_the_first(ended_by: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _ENDLESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        second = os.pidfd_open(int(first.stdout.readline()))
        first.send_signal(ended_by)
        assert first.wait(30) == -ended_by
        assert select.select([second], [], [], 30)[0], "it still runs"
        os.close(second)


def test_interrupt_on_a_terminal_is_the_first_ones_to_tell() -> None:
    """A terminal sends it to both."""
    with subprocess.Popen(
        [sys.executable, "-c", _ENDLESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as first:
        assert first.stdout is not None
        second = os.pidfd_open(int(first.stdout.readline()))
        os.killpg(first.pid, signal.SIGINT)
        _, told = first.communicate(timeout=30)
        assert select.select([second], [], [], 30)[0], "it still runs"
        os.close(second)
    assert told.count("Traceback") == 1


def test_answers_that_wait_for_an_earlier_one_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process that is slow keeps the first from filling its memory."""
    done = []

    def work(task: int) -> int:
        if _is_second():
            select.select([], [], [], 0.05)
        done.append(task)
        return task

    monkeypatch.setattr(second_process, "_AHEAD", 3)
    most = 0
    for told, (task, _) in enumerate(divided(TASKS, work)):
        assert told == task
        most = max(most, len(done) - told)
    assert most <= 4


def test_children_that_the_kernel_buries_are_no_error() -> None:
    """Some supervisors start programs with SIGCHLD ignored."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert _numbers(divided(TASKS, _doubled)) == DOUBLED
    finally:
        signal.signal(signal.SIGCHLD, before)
