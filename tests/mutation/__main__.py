"""Run the mutants of some modules, or of all: `python -m tests.mutation [--survivors] [evaluate/version …]`."""

import argparse
import difflib
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutation import fresh, loaded
from tests.mutation.mutants import ROOT, SOURCE, Module, Mutant, module_names
from tests.mutation.outcome import Outcome, Record

# The least score of each module, in percent; docs/testing.md says what survives and why.
FLOOR = 85
_FOLDER = ROOT / ".mutation"
_INPUTS = (SOURCE, ROOT / "tests" / "unit", ROOT / "tests" / "data", ROOT / "tests" / "mutation")
_OTHER_INPUTS = (ROOT / "pyproject.toml", ROOT / "requirements" / "dev.txt")


class Results:
    """What came of mutants so far, kept in a file: a run that was stopped goes on where it was.

    The file's name tells what it holds for; when code, tests or tools change, all begins anew.
    """

    def __init__(self) -> None:
        files = [file for folder in _INPUTS for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".pyc"]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in (*files, *_OTHER_INPUTS))).hexdigest()
        self._file = _FOLDER / f"{digest[:16]}.jsonl"
        self.outcomes: dict[tuple[str, int], Outcome] = {}
        if self._file.exists():
            lines = [line for line in self._file.read_text(encoding="utf-8").splitlines() if line.endswith("]")]
            self.outcomes = {(module, place): Outcome(outcome) for module, place, outcome in map(json.loads, lines)}
        _FOLDER.mkdir(exist_ok=True)

    def add(self, record: Record) -> None:
        """Keep one outcome."""
        self.outcomes[record.module, record.place] = record.outcome
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def read_anew(self) -> "Results":
        """What another process added."""
        return Results()

    def of(self, module: Module, *wanted: Outcome) -> list[Mutant]:
        """The mutants of a module that came to one of these ends."""
        return [mutant for mutant in module.mutants if self.outcomes.get((module.name, mutant.place)) in wanted]

    def missing(self, module: Module) -> list[Mutant]:
        """The mutants of a module that nothing is known of."""
        return [mutant for mutant in module.mutants if (module.name, mutant.place) not in self.outcomes]


def main() -> int:
    """Run what is left to run, print the table, and answer whether every module reaches the floor."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--survivors", action="store_true", help="show what survived")
    parser.add_argument("modules", nargs="*", help="such as evaluate/version; all when none is named")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth mutant only, for a quick look")
    parser.add_argument("--floor", type=float, default=FLOOR, help="the least score of a module, in percent (%(default)s)")
    arguments = parser.parse_args()
    known = module_names()
    unknown = sorted(set(arguments.modules) - set(known))
    if unknown:
        parser.error(f"no modules of the judgement: {', '.join(unknown)}")
    os.chdir(ROOT)
    modules = [Module(name, arguments.every) for name in arguments.modules or known]
    begun = time.monotonic()
    results = Results()
    if not _run_loaded(modules, results):
        return 2
    results = results.read_anew()
    unsure = [(module, mutant) for module in modules for mutant in results.of(module, Outcome.UNSURE)]
    _say(f"{len(unsure)} mutants need a fresh import")
    fresh.run(unsure, results.add)
    if arguments.survivors:
        for module in modules:
            for mutant in results.of(module, Outcome.SURVIVED):
                print(*_describe(module, mutant), sep="\n")
    is_enough = _print_table(modules, results, arguments.floor)
    _say(f"{time.monotonic() - begun:.0f} s")
    return 0 if is_enough else 1


def _run_loaded(modules: list[Module], results: Results) -> bool:
    """Run what no fresh import is needed for, in a process of its own: this one must not import the program."""
    left = [(module, mutants) for module in modules if (mutants := results.missing(module))]
    if not left:
        return True
    _say(f"{sum(len(mutants) for _, mutants in left)} mutants to run")
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    session = loaded.Session(left, results.add)
    pytest.main([*fresh.OPTIONS, "-s", *fresh.TEST_FOLDERS], plugins=[session])
    os._exit(0 if session.is_sound else 1)


def _say(text: str) -> None:
    print(f"mutation: {text}", file=sys.stderr, flush=True)


def _describe(module: Module, mutant: Mutant) -> Iterator[str]:
    """Give the place and the change, as lines."""
    path = Path(module.path).relative_to(ROOT)
    yield f"{path}:{mutant.line} {mutant.function or 'module'} {mutant.operation} #{mutant.place}"
    changed = module.mutated(mutant).splitlines()
    yield from (f"    {line}" for line in difflib.ndiff(module.code.splitlines(), changed) if line[0] in "-+")


def _print_table(modules: list[Module], results: Results, floor: float) -> bool:
    print("| module | mutants | killed | timeout | survived | score |")
    print("|---|---|---|---|---|---|")
    total: Counter[Outcome] = Counter()
    is_enough = True
    for module in modules:
        counts = Counter(results.outcomes[module.name, mutant.place] for mutant in module.mutants)
        total += counts
        is_enough &= _print_row(module.name, counts) >= floor
    if len(modules) > 1:
        _print_row("**together**", total)
    if not is_enough:
        _say(f"a module is below the floor of {floor} %")
    return is_enough


def _print_row(name: str, counts: Counter[Outcome]) -> float:
    """Print a module's outcomes and return its score: what was noticed, in percent of all."""
    mutants = sum(counts.values())
    noticed = counts[Outcome.KILLED] + counts[Outcome.TIMEOUT]
    score = 100 * noticed / mutants if mutants else 100
    figures = (mutants, counts[Outcome.KILLED], counts[Outcome.TIMEOUT], counts[Outcome.SURVIVED], f"{score:.1f} %")
    print(f"| {name} |", " | ".join(map(str, figures)), "|")
    return score


if __name__ == "__main__":
    sys.exit(main())
