"""Exit codes of every verdict in every format, of `status`, and of every way in which a run can end. Frozen as well."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perfana_support.reports.formats import FORMATS
from perfana_support.sources.cluster import snapshot
from tests.unit.cli.exit_code_files import AT, OLD, SUPPORTED, filled, write_files
from tests.unit.cli.program import Program, start

# Of each verdict the code by what fails: nothing but False and Unknown; Unknown let pass; at risk as well; both.
GATES: tuple[list[str], ...] = (
    [],
    ["--on-unknown", "pass"],
    ["--fail-on", "at-risk"],
    ["--fail-on", "at-risk", "--on-unknown", "pass"],
)
VERDICTS: dict[str, tuple[list[str], tuple[int, ...]]] = {
    "supported": (["-f", SUPPORTED, "--ignore", "DependencyUndeclared"], (0, 0, 0, 0)),
    "at risk": (["-f", SUPPORTED], (0, 0, 4, 4)),
    "not supported": (["-f", OLD], (3, 3, 3, 3)),
    "unknown": (["-f", "{}/none.yaml"], (5, 0, 5, 0)),
    "unknown and at risk": (["-f", "{}/unknown.yaml"], (5, 0, 5, 4)),
    "target not supported": (["-f", SUPPORTED, "--target", "3.1.2"], (3, 3, 3, 3)),
    "target unknown": (["-f", SUPPORTED, "--target", "9.9.9"], (5, 0, 5, 4)),
    "not supported and unknown": (["-f", OLD, "-f", "{}/unknown.yaml"], (3, 3, 3, 3)),
    "unreadable in part": (["-f", SUPPORTED, "-f", "{}/broken.yaml"], (2, 2, 2, 2)),
    "unreadable in part, not supported": (["-f", OLD, "-f", "{}/broken.yaml"], (2, 2, 2, 2)),
    "unreadable": (["-f", "{}/broken.yaml"], (2, 2, 2, 2)),
    "not there": (["-f", "{}/absent.yaml"], (2, 2, 2, 2)),
}
# What the cluster's checks say (None: nothing yet), and the code of `status`.
STATUS: dict[tuple[str | None, ...], int] = {
    ("True",): 0,
    ("True", "True"): 0,
    ("Unknown",): 5,
    (None,): 5,
    ("True", None): 5,
    ("False",): 3,
    ("False", "Unknown", "True", None): 3,
    (): 2,
}
# Commands that end well where their output can be written.
WRITING: list[list[str]] = [
    *(["check", "-f", SUPPORTED, *AT, "-o", form] for form in FORMATS),
    ["check", "-f", OLD, *AT],
    ["explain"],
    ["explain", "EndOfLife"],
    ["policy", "show"],
    ["completion", "bash"],
    ["doctor", "--print", "definitions"],
    ["__complete", "check", "--"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write all files of the tables."""
    return write_files(tmp_path)


@pytest.mark.parametrize("gate", range(len(GATES)), ids=lambda gate: " ".join(GATES[gate]) or "as it is")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_exit_code_is_the_same_in_every_format_and_place(
    verdict: str, form: str, gate: int, folder: Path, program: Program
) -> None:
    arguments, codes = VERDICTS[verdict]
    words = ["check", *filled(arguments, folder), *AT, *GATES[gate]]
    assert program(*words, "-o", form).code == codes[gate]
    assert program(*words, "-o", f"{form}={folder}/report", "-o", "table").code == codes[gate]


def _check_of(verdict: str | None, place: int) -> dict[str, Any]:
    conditions = [{"type": "Supported", "status": verdict, "reason": "Any"}] if verdict else []
    return {"metadata": {"namespace": "ns", "name": f"c{place}", "generation": 1}, "status": {"conditions": conditions}}


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("place", [[], ["-A"], ["-n", "ns"]], ids=str)
@pytest.mark.parametrize("verdicts", STATUS, ids=str)
def test_exit_code_of_status(
    verdicts: tuple[str | None, ...], place: list[str], form: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [_check_of(verdict, number) for number, verdict in enumerate(verdicts)]
    monkeypatch.setattr(snapshot, "read_objects", lambda *_: (checks, "server"))
    outcome = program("status", *place, "-o", form)
    assert outcome.code == STATUS[verdicts]
    assert bool(outcome.out) is bool(verdicts) is not bool(outcome.err)
    for number, verdict in enumerate(verdicts):
        assert program("status", f"c{number}", *place, "-o", form).code == STATUS[verdict,]
    assert program("status", "absent", *place, "-o", form).code == 2


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_full_disk_and_closed_pipe_have_their_codes_in_every_command(command: list[str]) -> None:
    words = [sys.executable, "-m", "perfana_support", *command]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"error: standard output: cannot be written: No space left on device\n")
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run(words, stdout=write_end, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("target", "code"), [("/dev/full", 1), ("{}", 2), ("{}/absent/report", 2), ("{}/none.yaml/report", 2), ("/dev/null", 0)]
)
def test_file_that_cannot_be_written_has_its_code_in_every_format(form: str, target: str, code: int, folder: Path) -> None:
    file = target.replace("{}", str(folder))
    outcome = start("check", "-f", SUPPORTED, *AT, "-o", f"{form}={file}")
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert outcome.err.startswith(f"error: {file}: cannot be written: ") is bool(code)


def _hear_interrupts() -> None:
    """Shells start what runs in the background deaf to them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_process_says_so(tmp_path: Path) -> None:
    """Ctrl-C while it waits for its input, which a pipe without end is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "perfana_support", "check", "-f", str(pipe), *AT]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_hear_interrupts) as process,  # noqa: PLW1509
        open(pipe, "wb"),  # opens once the program reads
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")
