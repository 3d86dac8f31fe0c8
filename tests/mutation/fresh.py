"""The thorough way: for each mutant a process that imports everything anew, one module of it changed, and runs the tests."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import CodeType, ModuleType

import pytest

from tests.mutation.loaded import READERS, WORKERS, be_quiet, some_cases
from tests.mutation.mutants import ROOT, Module, Mutant
from tests.mutation.outcome import Outcome, Record

TEST_FOLDERS = ("tests/unit/evaluate", "tests/unit/model")
# Nothing is written, no test is random, and the first failure is enough.
# Reordering a whole policy takes seconds, and changes no verdict of a mutant.
_TOO_SLOW = "tests/unit/evaluate/test_properties.py::test_order_of_policy_entries_changes_nothing"
OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "--hypothesis-profile=mutation", f"--deselect={_TOO_SLOW}")
_PATIENCE_S = 180
_NOTICED, _UNNOTICED = 1, 0


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module, with other code than in its file."""

    def __init__(self, module: Module, code: str) -> None:
        self._module = module
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the one module."""
        del path, target
        if fullname != self._module.import_name:
            return None
        loader = _Loader(fullname, str(self._module.path), self._code)
        return importlib.util.spec_from_file_location(fullname, self._module.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: str) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        """Compile the changed code in the place of the file's."""
        del fullname
        return compile(self._code, self.path, "exec")


class _SomeCases:
    """A pytest plugin that leaves some cases of each test: the corpora have a thousand that are much alike."""

    @staticmethod
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Take the others away."""
        chosen = some_cases(item.nodeid for item in items)
        items[:] = [item for item in items if item.nodeid in chosen]


def run(mutants: Iterable[tuple[Module, Mutant]], record: Callable[[Record], None]) -> None:
    """Run each mutant in a process of its own, some at a time. The caller must not have imported the program."""
    running: dict[int, Record] = {}
    for module, mutant in mutants:
        while len(running) >= WORKERS:
            _reap(running, record)
        pid = os.fork()
        if not pid:
            _be_mutant(module, mutant)
        running[pid] = Record(module.name, mutant.place, Outcome.KILLED)
    while running:
        _reap(running, record)


def _reap(running: dict[int, Record], record: Callable[[Record], None]) -> None:
    pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    outcome = {_UNNOTICED: Outcome.SURVIVED, -signal.SIGALRM: Outcome.TIMEOUT}.get(code, Outcome.KILLED)
    record(running.pop(pid)._replace(outcome=outcome))


def _be_mutant(module: Module, mutant: Mutant) -> None:
    with suppress(BaseException):
        be_quiet(_PATIENCE_S)
        sys.meta_path.insert(0, _Finder(module, module.mutated(mutant)))
        own = [module.test_file] if (ROOT / module.test_file).exists() else []
        # Its own tests notice most mutants, and those that judge by whole policies most others; all take ten times as long.
        for tests, plugins in ((own, []), (READERS, []), (TEST_FOLDERS, [_SomeCases()])):
            if tests and pytest.main([*OPTIONS, *tests], plugins) != pytest.ExitCode.OK:
                os._exit(_NOTICED)
        os._exit(_UNNOTICED)
    os._exit(_NOTICED)
