"""Outputs that are closed, full or without a reader: the exit code says what happened, and nobody sees a traceback."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfana_support.cli.main import main
from tests.unit.cli.program import CHARTS
from tests.unit.sources.manifests import text, write

SUPPORTED, OLD = str(CHARTS / "perfana-4.0.3.yaml"), str(CHARTS / "perfana-3.1.2.yaml")
READER_GONE, FULL = 141, 1
# What is done, and its exit code; each says something on standard error.
SAYS: dict[str, tuple[int, list[str]]] = {
    "a missing file": (2, ["check", "-f", "{}/absent.yaml"]),
    "a file that cannot be read": (2, ["check", "-f", "{}/broken.yaml"]),
    "a good file beside one that cannot be read": (2, ["check", "-f", SUPPORTED, "-f", "{}/broken.yaml"]),
    "settings that lie there": (3, ["check", "-f", OLD, "--as-of", "2026-11-24"]),
    "a word that is no command": (2, ["chekc"]),
    "an option that is none": (2, ["check", "--absent"]),
    "no command": (2, []),
    "a policy that is none": (2, ["policy", "lint", "{}/broken.yaml"]),
    "a cluster that is none": (2, ["check", "-A", "--kubeconfig", "{}/absent"]),
    "a reason that is none": (2, ["explain", "Absent"]),
}
PRINTS: dict[str, tuple[int, list[str]]] = {
    "a table": (4, ["check", "-f", SUPPORTED, "--as-of", "2026-11-24"]),
    "a finding": (3, ["check", "-f", OLD, "--as-of", "2026-11-24", "-o", "json"]),
    "an explanation": (0, ["explain", "EndOfLife"]),
    "a completion script": (0, ["completion", "bash"]),
    "an answer to a shell": (0, ["__complete", "check", ""]),
    "nothing but an answer": (0, ["__complete", "check", "--output", ""]),
}


@contextmanager
def _no_reader() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@contextmanager
def _full() -> Iterator[int]:
    number = os.open("/dev/full", os.O_WRONLY)
    try:
        yield number
    finally:
        os.close(number)


def _run(folder: Path, arguments: Sequence[str], out: int, err: int, closed: str = "") -> tuple[int, bytes, bytes]:
    command = [sys.executable, "-m", "perfana_support", *(word.replace("{}", str(folder)) for word in arguments)]
    if closed:
        command = ["sh", "-c", f'exec "$@" {closed}', "sh", *command]
    done = subprocess.run(command, stdout=out, stderr=err, cwd=folder, check=False, timeout=60)
    return done.returncode, done.stdout or b"", done.stderr or b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "a: [", "broken.yaml")
    write(tmp_path, "fail-on: at-risk\n", "perfana-support.yaml")
    return tmp_path


@pytest.mark.parametrize("name", SAYS)
def test_what_nobody_hears_changes_no_exit_code(folder: Path, name: str) -> None:
    code, arguments = SAYS[name]
    heard = _run(folder, arguments, subprocess.DEVNULL, subprocess.PIPE)
    assert heard[0] == code
    assert heard[2], "it says something, else this proves nothing"
    for nobody in (_no_reader, _full):
        with nobody() as err:
            assert _run(folder, arguments, subprocess.DEVNULL, err)[0] == code
    assert _run(folder, arguments, subprocess.DEVNULL, subprocess.PIPE, "2>&-") == (code, b"", b"")


@pytest.mark.parametrize("name", PRINTS)
def test_output_that_fails_is_no_verdict_and_no_traceback(folder: Path, name: str) -> None:
    code, arguments = PRINTS[name]
    assert _run(folder, arguments, subprocess.PIPE, subprocess.DEVNULL)[0] == code
    with _no_reader() as out:
        done = _run(folder, arguments, out, subprocess.PIPE)
        assert (done[0], b"Traceback" in done[2], b"Exception" in done[2]) == (READER_GONE, False, False)
    with _full() as out:
        done = _run(folder, arguments, out, subprocess.PIPE)
        assert (done[0], done[2].splitlines()[-1].startswith(b"error: "), b"Traceback" in done[2]) == (FULL, True, False)
    assert _run(folder, arguments, subprocess.PIPE, subprocess.DEVNULL, ">&-")[0] == code


@pytest.mark.parametrize("name", PRINTS)
def test_both_outputs_gone(folder: Path, name: str) -> None:
    _, arguments = PRINTS[name]
    with _no_reader() as gone:
        assert _run(folder, arguments, gone, gone)[0] == READER_GONE
    with _full() as full:
        assert _run(folder, arguments, full, full)[0] == FULL


def test_internal_error_that_nobody_hears_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfana_support.cli.check.run", lambda _: 1 // 0)
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert main(["check", "-f", write(tmp_path, text())]) == 1


def test_standard_error_is_the_same_afterwards(tmp_path: Path) -> None:
    before = sys.stderr
    main(["check", "-f", write(tmp_path, text())])
    assert sys.stderr is before


def test_stream_without_a_number_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller in this process may have put anything in place of standard error."""

    class Gone:
        def write(self, _text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            raise OSError

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stderr", Gone())
    assert main(["check", "-f", "absent.yaml"]) == 2
