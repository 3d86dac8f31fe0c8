"""Bundles from strangers: each is refused by name, in bounded time and memory, and nothing is written anywhere."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, cast

import pytest

from perfana_support.cli.bundle_making import compose
from perfana_support.sources.bundle.archive import digest_of
from perfana_support.sources.bundle.bundle import INDEX
from perfana_support.sources.bundle.evidence import evidence_files, written
from perfana_support.sources.bundle.extras import Extras
from tests.hostile import MEMORY_BYTES, WITHIN_SECONDS, Case, cases, members_of, mistyped, packed
from tests.hostile_tar import TARGET, Members, archive
from tests.unit.cli.bundles import MOMENT, evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.cli.program import Program

FOLDER = "bundle/"
# Judges one bundle after the other, so that not each has to wait for a program's start.
READER = """
import contextlib, io, sys
from perfana_support.cli.main import main
main(["check", "--bundle", sys.argv[1]])
for line in sys.stdin:
    told = io.StringIO()
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
        code = main(["check", "--bundle", line.strip()])
    print(f"{code} {told.getvalue()!r}", flush=True)
"""
# What a program has before it reads anything, its libraries' addresses counted.
OWN_BYTES = 300 * 2**20


def reseal(members: Members) -> Members:
    """The members with an index that lists them as they are."""
    try:
        index = json.loads(members[FOLDER + INDEX])
        if written(index) != members[FOLDER + INDEX]:
            return members  # the index itself is what was spoiled
        for entry in index["files"]:
            entry["sha256"] = digest_of(members[FOLDER + entry["name"]])
    except (KeyError, TypeError, ValueError, RecursionError):
        return members
    return {**members, FOLDER + INDEX: written(index)}


BUNDLE = compose(evidence(), Extras(), MOMENT).content
CASES = cases(BUNDLE, reseal)
READ = {FOLDER + INDEX, *(FOLDER + name for name in evidence_files(evidence()))}


class Reader:
    """The program as a process of its own, with little memory."""

    def __init__(self, folder: Path, sound: Path) -> None:
        limit = OWN_BYTES + MEMORY_BYTES
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(sound)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),  # noqa: PLW1509 - no threads yet
        )  # fmt: skip
        while not self._line().startswith("As of"):
            pass

    def read(self, file: Path) -> tuple[int, str]:
        """Judge a bundle; returns the exit code and all that was said."""
        stream = cast("IO[str]", self.process.stdin)
        stream.write(f"{file}\n")
        stream.flush()
        code, _, told = self._line().partition(" ")
        return int(code), str(json.loads(json.dumps(eval(told))))  # noqa: S307 - what the reader above has written

    def _line(self) -> str:
        line = cast("IO[str]", self.process.stdout).readline()
        assert line, "the program ended"
        return line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("where-the-program-runs")


@pytest.fixture(scope="module")
def reader(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    sound = tmp_path_factory.mktemp("sound") / "sound.tar.gz"
    sound.write_bytes(BUNDLE)
    reader = Reader(folder, sound)
    yield reader
    cast("IO[str]", reader.process.stdin).close()
    reader.process.wait()
    cast("IO[str]", reader.process.stdout).close()


def concerns_no_reader(case: Case) -> bool:
    """Whether a case spoils a document that nobody reads: reports and states beside the evidence."""
    name = case.name.partition(": ")[0]
    return name.startswith(FOLDER) and name not in READ


@pytest.mark.parametrize("case", [case for case in CASES if not concerns_no_reader(case)], ids=lambda case: case.name)
def test_what_a_stranger_made_is_refused_by_name(case: Case, reader: Reader, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.tar.gz"
    file.write_bytes(case.make())
    begun = time.monotonic()
    code, told = reader.read(file)
    assert code == 2, told
    lines = told.splitlines()
    assert lines
    assert all(line.startswith(f"error: {file}") for line in lines), told
    assert max(map(len, lines)) < 1000
    assert time.monotonic() - begun < WITHIN_SECONDS
    assert not list(folder.iterdir())
    assert not list(tmp_path.parent.rglob(TARGET))


@pytest.mark.parametrize("name", sorted(READ))
def test_each_field_of_a_wrong_type_is_refused_or_changes_nothing_that_is_unsaid(
    name: str, reader: Reader, tmp_path: Path, program: Program
) -> None:
    members = members_of(BUNDLE)
    for place, (what, spoiled) in enumerate(mistyped(members[name])):
        file = tmp_path / f"{place}.tar.gz"
        file.write_bytes(packed(archive(reseal({**members, name: spoiled}))))
        for words in (("bundle", "show", str(file)), ("bundle", "diff", str(file), str(file))):
            assert program(*words).code in (0, 2), (what, words)
        code, told = reader.read(file)
        assert code in (0, 2, 3, 5), (what, told)
        assert "internal error" not in told, (what, told)
