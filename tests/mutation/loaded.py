"""The quick way: one session collects all tests, and a fork of it for each mutant runs those that reach what is changed."""

import gc
import mmap
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

from tests.mutation.mutants import SOURCE, Module, Mutant
from tests.mutation.outcome import Outcome, Record

WORKERS = os.cpu_count() or 1
# Longer than any test takes that ends at all; what is selected takes a second or two.
_PATIENCE_S = 20
_MEMORY_BYTES = 4 << 30
_PLACE_BYTES = 4
_NOTICED, _UNNOTICED, _NOT_POSSIBLE = 1, 0, 3
# How many cases of one test a mutant is tried with, evenly taken from those that reach it, where the test is another module's.
_MOST_CASES = 12
# Tests that read policies, the built-in one too, and judge by them: what is changed in reading shows there.
READERS = ("tests/unit/evaluate/test_findings.py", "tests/unit/model/test_policy_document.py")


class Tests(NamedTuple):
    """What the plain code told: how long each test takes, and which ones reach a line of a file. `""` stands for the import."""

    seconds: dict[str, float]
    reached: dict[str, dict[int, list[str]]]


class _Try(NamedTuple):
    """One mutant's tests. Its process keeps the place of the one that runs in `place`; `noticed` collects who noticed it."""

    items: list[pytest.Item]
    place: mmap.mmap
    noticed: list[str]
    reads_policy: bool


class Session:
    """A pytest plugin that runs mutants in the place of tests."""

    def __init__(self, modules: list[tuple[Module, list[Mutant]]], record: Callable[[Record], None]) -> None:
        self._modules = modules
        self._record = record
        self._coverage = Coverage(data_file=None, include=[f"{SOURCE}/*"], config_file=False, branch=False)
        self.is_sound = False

    def pytest_sessionstart(self) -> None:
        """Measure what importing and collecting runs as well."""
        self._coverage.start()
        from tests.mutation import running_code  # noqa: PLC0415 - imports the program, which has to be measured

        running_code.watch_caches()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each test once on the plain code, then the mutants."""
        tests = self._try_plain(session)
        if tests:
            self.is_sound = True
            self._run(session, tests)
        return True

    def _try_plain(self, session: pytest.Session) -> Tests | None:
        from tests.mutation import running_code  # noqa: PLC0415 - as above

        seconds: dict[str, float] = {}
        kept = running_code.count_kept()
        for place, item in enumerate(session.items):
            running_code.forget_caches(kept, policy=False)
            self._coverage.switch_context(item.nodeid)
            begun = time.perf_counter()
            if not _passes(item, session.items[place + 1 : place + 2]):
                print(f"{item.nodeid} fails on the plain code", file=sys.__stderr__)
                return None
            seconds[item.nodeid] = time.perf_counter() - begun
        self._coverage.stop()
        data = self._coverage.get_data()
        reached = {str(module.path): data.contexts_by_lineno(str(module.path)) for module, _ in self._modules}
        return Tests(seconds, reached)

    def _run(self, session: pytest.Session, tests: Tests) -> None:
        by_id = {item.nodeid: item for item in session.items}
        running: dict[int, tuple[Record, _Try]] = {}
        noticed: dict[tuple[str, str], list[str]] = {}
        gc.collect()
        gc.freeze()
        for module, mutant in ((module, mutant) for module, mutants in self._modules for mutant in mutants):
            while len(running) >= WORKERS:
                self._reap(running)
            reaching = _select(module, mutant, tests)
            # Those that noticed another mutant of the same function go first, the latest before the others.
            first = [test for test in noticed.setdefault((module.name, mutant.function), []) if test in reaching]
            items = [by_id[test] for test in dict.fromkeys([*reversed(first), *reaching]) if test]
            attempt = _Try(items, mmap.mmap(-1, _PLACE_BYTES), noticed[module.name, mutant.function], "" in reaching)
            pid = os.fork()
            if not pid:
                _be_mutant(module, mutant, attempt)
            # What the import runs, tests hold values of that were made before the change: only a fresh import can tell.
            survived = Outcome.UNSURE if "" in reaching else Outcome.SURVIVED
            running[pid] = Record(module.name, mutant.place, survived), attempt
        while running:
            self._reap(running)

    def _reap(self, running: dict[int, tuple[Record, _Try]]) -> None:
        pid, status = os.wait()
        record, attempt = running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        outcome = {_NOTICED: Outcome.KILLED, _UNNOTICED: record.outcome, _NOT_POSSIBLE: Outcome.UNSURE}.get(code)
        if code == _NOTICED and attempt.items:
            test = attempt.items[int.from_bytes(attempt.place[:_PLACE_BYTES])].nodeid
            attempt.noticed[:] = [*(other for other in attempt.noticed if other != test), test]
        self._record(record._replace(outcome=outcome or (Outcome.TIMEOUT if code == -signal.SIGALRM else Outcome.KILLED)))


def _select(module: Module, mutant: Mutant, tests: Tests) -> list[str]:
    """The tests to run: those that reach the statement that changes; the module's own and quick ones first.

    Of other modules' tests some cases run: the corpora have a thousand that are much alike.
    """
    lines = tests.reached[str(module.path)]
    reaching = {test for line in mutant.lines for test in lines.get(line, ())}
    own = {test for test in reaching if test.startswith(f"{module.test_file}::")}
    if "" in reaching:
        own = {test for test in tests.seconds if test.startswith((f"{module.test_file}::", *READERS))} | {""}
    return [*_quick_first(own, tests), *_quick_first(some_cases(reaching - own), tests)]


def some_cases(names: Iterable[str]) -> set[str]:
    """Of each test some cases, evenly taken."""
    cases: dict[str, list[str]] = {}
    for test in sorted(names):
        cases.setdefault(test.partition("[")[0], []).append(test)
    return {test for listed in cases.values() for test in listed[:: 1 + (len(listed) - 1) // _MOST_CASES]}


def _quick_first(chosen: set[str], tests: Tests) -> list[str]:
    return sorted(chosen, key=lambda test: (tests.seconds.get(test, 0), test))


def _passes(item: pytest.Item, following: list[pytest.Item]) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following[0] if following else None)
    return not any(report.failed for report in reports)


def _be_mutant(module: Module, mutant: Mutant, attempt: _Try) -> None:
    """Change this process, run the tests, and end with what they said."""
    # What fails before the first test is no test's merit.
    code = _NOT_POSSIBLE
    with suppress(BaseException):
        be_quiet()
        gc.disable()
        if not _change(module, mutant, reads_policy=attempt.reads_policy):
            os._exit(_NOT_POSSIBLE)
        code = _NOTICED
        for place, item in enumerate(attempt.items):
            attempt.place[:_PLACE_BYTES] = place.to_bytes(_PLACE_BYTES)
            if not _passes(item, attempt.items[place + 1 : place + 2]):
                os._exit(_NOTICED)
        os._exit(_UNNOTICED)
    os._exit(code)


def be_quiet(patience_s: int = _PATIENCE_S) -> None:
    """Say nothing, and end when a mutant makes loops endless or lists without bounds."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(patience_s)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def _change(module: Module, mutant: Mutant, *, reads_policy: bool) -> bool:
    from tests.mutation import running_code  # noqa: PLC0415 - as above

    if not mutant.function:
        return False
    function = running_code.find_function(module.import_name, mutant.function)
    code = running_code.find_code(compile(module.mutated_function(mutant), str(module.path), "exec"), mutant.function)
    if function is None or code is None or code.co_freevars != function.__code__.co_freevars:
        return False
    function.__code__ = code
    running_code.forget_caches(policy=reads_policy)
    return True
