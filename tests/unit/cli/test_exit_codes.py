"""Exit codes: one table, frozen. Pipelines decide by them, so a line is never changed."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perfana_support.cli import check
from perfana_support.cli.exit_codes import ExitCode, Tally
from perfana_support.model.verdict import Verdict
from perfana_support.reports.formats import FORMATS
from perfana_support.sources.cluster import snapshot
from tests.unit.builders import judge
from tests.unit.cli.program import CHARTS, Outcome, Program, start
from tests.unit.sources.manifests import text, write

AT = ("--as-of", "2026-11-24")
SUPPORTED, OLD = str(CHARTS / "perfana-4.0.3.yaml"), str(CHARTS / "perfana-3.1.2.yaml")
POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\n"
FILES = {
    "unknown.yaml": text(image="perfana/perfana-web:latest"),
    "other.yaml": text(image="nginx:1.29"),
    "none.yaml": "kind: ConfigMap\n",
    "broken.yaml": "a: [",
    "values.yaml": "replicaCount: 1\n",
    "empty.yaml": "",
    "alias.yaml": "&x [*x]\n",
    "good-policy.yaml": POLICY + "spec: {lines: [{name: '3.1', endOfLifeOn: 2030-01-01}]}\n",
    "bad-policy.yaml": POLICY + "spec: {publishedOn: soon}\n",
    "no-policy.yaml": "a: [",
    "config.yaml": "fail-on: at-risk\n",
    "bad-config.yaml": "fail-at: soon\n",
}

NO_POLICIES = ("bad-policy.yaml", "no-policy.yaml", "absent.yaml", "none.yaml")

# Exit code and arguments. `{}` stands for the folder that holds the files above.
GOLDEN: list[tuple[int, list[str]]] = [
    (0, ["check", "-f", SUPPORTED, *AT]),
    (0, ["check", "-f", SUPPORTED, *AT, "-o", "json"]),
    (0, ["check", "-f", SUPPORTED, *AT, "-o", "table"]),
    (0, ["check", "--filename", SUPPORTED, "-f", SUPPORTED, *AT]),
    (0, ["check", "-f", OLD, *AT, "--policy", "{}/good-policy.yaml"]),
    (0, ["check", "-f", OLD, "--as-of", "2026-07-12"]),
    (0, ["check", "-f", SUPPORTED, *AT, "--kubernetes-version", "1.35"]),
    (0, ["--help"]),
    (0, ["check", "--help"]),
    (0, ["operator", "--help"]),
    (0, ["--version"]),
    (2, []),
    (2, ["chekc"]),
    (2, ["check"]),
    (2, ["check", "-f"]),
    (2, ["check", "-f", SUPPORTED, "--unknown"]),
    (2, ["check", "-f", SUPPORTED, "-o", "xml"]),
    (2, ["check", "-f", SUPPORTED, "--as-of", "2026-13-01"]),
    (2, ["check", "-f", SUPPORTED, "--as-of", "20261124"]),
    (2, ["check", "-f", SUPPORTED, "--as-of", ""]),
    (2, ["check", "-f", SUPPORTED, "extra"]),
    (2, ["check", "-f", "{}/absent.yaml", *AT]),
    (2, ["check", "-f", "{}/broken.yaml", *AT]),
    (2, ["check", "-f", "{}/values.yaml", *AT]),
    (2, ["check", "-f", "{}/empty.yaml", *AT]),
    (2, ["check", "-f", "{}/alias.yaml", *AT]),
    (2, ["check", "-f", SUPPORTED, "-f", "{}/broken.yaml", *AT]),
    (2, ["check", "-f", OLD, "-f", "{}/broken.yaml", *AT]),
    (2, ["check", "-f", "{}", *AT]),
    (2, ["check", "-f", "-", *AT]),
    (2, ["check", "-f", SUPPORTED, *AT, "--policy", "{}/bad-policy.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--policy", "{}/no-policy.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--policy", "{}/absent.yaml"]),
    (2, ["check", "-f", SUPPORTED, "-o", "json", "-o", "table"]),
    (2, ["check", "-f", SUPPORTED, "-o", "json=a.json", "-o", "table=a.json"]),
    (2, ["check", "-f", SUPPORTED, "-o", "json="]),
    (2, ["check", "-f", SUPPORTED, *AT, "-o", "json={}/absent/report.json"]),
    (2, ["check", "-f", OLD, *AT, "-o", "json={}/absent/report.json"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--fail-on", "never"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--on-unknown", "ignore"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--ignore", "Everything"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--baseline", "{}/absent.json"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--baseline", "{}/none.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--config", "{}/absent.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--config", "{}/bad-config.yaml"]),
    (2, ["check", "-f", "{}/broken.yaml", *AT, "--on-unknown", "pass"]),
    (3, ["check", "-f", OLD, *AT, "--fail-on", "at-risk"]),
    (3, ["check", "-f", OLD, *AT, "--on-unknown", "pass"]),
    (3, ["check", "-f", OLD, *AT, "--ignore", "UpgradeAvailable"]),
    (0, ["check", "-f", OLD, *AT, "--ignore", "EndOfLife", "--fail-on", "not-supported"]),
    (4, ["check", "-f", SUPPORTED, *AT, "--fail-on", "at-risk"]),
    (4, ["check", "-f", OLD, *AT, "--ignore", "EndOfLife", "--fail-on", "at-risk"]),
    (4, ["check", "-f", SUPPORTED, *AT, "--config", "{}/config.yaml"]),
    (0, ["check", "-f", SUPPORTED, *AT, "--config", "{}/config.yaml", "--fail-on", "not-supported"]),
    (0, ["check", "-f", "{}/unknown.yaml", *AT, "--on-unknown", "pass"]),
    (4, ["check", "-f", "{}/unknown.yaml", *AT, "--on-unknown", "pass", "--fail-on", "at-risk"]),
    (3, ["check", "-f", OLD, *AT]),
    (3, ["check", "-f", OLD, *AT, "-o", "json"]),
    (3, ["check", "-f", SUPPORTED, "-f", OLD, *AT]),
    (3, ["check", "-f", OLD, "-f", "{}/unknown.yaml", *AT]),
    (5, ["check", "-f", "{}/unknown.yaml", *AT]),
    (5, ["check", "-f", "{}/unknown.yaml", *AT, "-o", "json"]),
    (5, ["check", "-f", SUPPORTED, "-f", "{}/unknown.yaml", *AT]),
    (5, ["check", "-f", "{}/other.yaml", *AT]),
    (5, ["check", "-f", "{}/none.yaml", *AT]),
    (3, ["check", "-f", SUPPORTED, *AT, "--target", "3.1.2"]),
    (3, ["check", "-f", SUPPORTED, *AT, "--target", "3.1.2", "--on-unknown", "pass"]),
    (0, ["check", "-f", SUPPORTED, *AT, "--target", "0.2"]),
    (4, ["check", "-f", SUPPORTED, *AT, "--target", "0.2", "--fail-on", "at-risk"]),
    (5, ["check", "-f", SUPPORTED, *AT, "--target", "9.9.9"]),
    (0, ["check", "-f", SUPPORTED, *AT, "--target", "9.9.9", "--on-unknown", "pass"]),
    (3, ["check", "-f", OLD, *AT, "--target", "0.2"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--target", ""]),
    (2, ["check", "-f", SUPPORTED, "-n", "perfana", *AT]),
    (2, ["check", "-n", "perfana", "--kubeconfig", "{}/absent.yaml"]),
    (2, ["check", "-A", "--kubeconfig", "{}/broken.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "-l", "a=b=c"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--policy", "oci://registry.example.com/policy"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--check", "{}/none.yaml"]),
    (2, ["check", "-f", SUPPORTED, *AT, "--fail", "at-risk"]),
    (2, ["check", "-f", "{}/none.yaml", *AT, "-o", "json={}/none.yaml"]),
    (2, ["check", "-f", "{}/none.yaml", *AT, "-o", "json={}/a.json", "-o", "yaml={}/./a.json"]),
    (0, ["explain"]),
    (0, ["explain", "EndOfLife"]),
    (0, ["explain", "notobservable"]),
    (2, ["explain", "Nothing"]),
    (2, ["explain", "EndOfLife", "SnapshotBuild"]),
    (0, ["explain", "--help"]),
    (0, ["policy", "lint", "{}/good-policy.yaml"]),
    (0, ["policy", "show", "{}/good-policy.yaml"]),
    (0, ["policy", "diff", "{}/good-policy.yaml"]),
    (0, ["policy", "show"]),
    (0, ["policy", "--help"]),
    (2, ["policy"]),
    (2, ["policy", "lint"]),
    (2, ["policy", "diff"]),
    (2, ["policy", "edit", "{}/good-policy.yaml"]),
    *((2, ["policy", action, f"{{}}/{file}"]) for action in ("lint", "show", "diff") for file in NO_POLICIES),
    *((0, ["completion", shell]) for shell in ("bash", "zsh", "fish", "kubectl")),
    (2, ["completion"]),
    (2, ["completion", "tcsh"]),
    (0, ["completion", "--help"]),
    (0, ["__complete", "check", "--"]),
    (0, ["__complete"]),
    (0, ["status", "--help"]),
    (2, ["status", "-A", "-n", "perfana"]),
    (2, ["status", "-o", "yaml"]),
    (2, ["status", "--kubeconfig", "{}/absent.yaml"]),
    (2, ["status", "--kubeconfig", "{}/broken.yaml"]),
    (2, ["operator", "--http-port", "many"]),
    (2, ["operator", "--kubeconfig", "{}/absent.yaml", "--unknown"]),
    (2, ["--unknown"]),
]

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
    ["__complete", "check", "--"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write all files of the table."""
    for name, content in FILES.items():
        write(tmp_path, content, name)
    return tmp_path


def _filled(arguments: list[str], folder: Path) -> list[str]:
    return [argument.replace("{}", str(folder)) for argument in arguments]


@pytest.mark.parametrize(("code", "arguments"), GOLDEN, ids=lambda part: " ".join(part) if isinstance(part, list) else None)
def test_exit_code(code: int, arguments: list[str], folder: Path, program: Program) -> None:
    outcome = program(*_filled(arguments, folder))
    assert outcome.code == code, outcome.err
    if code == 2:
        # What could be read beside is reported, and never as a whole that is supported.
        assert not outcome.out or re.search(r"^Supported +(Unknown|False)", outcome.out, re.MULTILINE)
        assert outcome.err
    elif arguments[-1] not in ("--help", "--version"):
        assert outcome.err == ""
        assert outcome.out


@pytest.mark.parametrize("gate", range(len(GATES)), ids=lambda gate: " ".join(GATES[gate]) or "as it is")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_exit_code_is_the_same_in_every_format_and_place(
    verdict: str, form: str, gate: int, folder: Path, program: Program
) -> None:
    arguments, codes = VERDICTS[verdict]
    words = ["check", *_filled(arguments, folder), *AT, *GATES[gate]]
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


def test_interrupted_process_says_so(tmp_path: Path) -> None:
    """Ctrl-C while it waits for its input, which a pipe without end is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "perfana_support", "check", "-f", str(pipe), *AT]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        open(pipe, "wb"),  # opens once the program reads
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_codes_are_frozen() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "SUPPORTED": 0,
        "INTERNAL_ERROR": 1,
        "BAD_INPUT": 2,
        "NOT_SUPPORTED": 3,
        "AT_RISK": 4,
        "UNDETERMINED": 5,
    }


def test_help_names_the_codes(program: Program) -> None:
    assert (
        "0 supported   1 internal error or full disk   2 usage, unreadable input or policy, unwritable output\n"
        "  3 not supported   4 at risk (with --fail-on at-risk)   5 undetermined   130 interrupted   "
        "141 reader of the output is gone" in program("check", "--help").out
    )


def test_worst_of_several_verdicts_decides() -> None:
    good, unknown, bad = judge("perfana/perfana-web:0.2.96.22"), judge(), judge("perfana/perfana-web:develop")
    assert _code_of(good, good) == 0
    assert _code_of(good, unknown) == 5
    assert _code_of(bad, unknown, good) == 3
    assert _code_of() == 5


def test_there_is_no_exit_code_before_all_verdicts_are_counted() -> None:
    tally = Tally()
    verdicts = tally.counting([judge("perfana/perfana-web:0.2.96.22"), judge("perfana/perfana-web:develop")])
    next(verdicts)
    with pytest.raises(RuntimeError, match="before the verdicts did"):
        tally.exit_code()


def _code_of(*verdicts: Verdict) -> int:
    tally = Tally()
    assert tuple(tally.counting(verdicts)) == verdicts
    return tally.exit_code()


def _crash(*_: object, **__: object) -> None:
    raise KeyError("nobody foresaw this")


def test_internal_error_is_one_line_and_never_a_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "evaluate", _crash)
    assert program("check", "-f", SUPPORTED, *AT) == Outcome(
        1, "", "internal error: KeyError: 'nobody foresaw this' (--debug shows the traceback)\n"
    )


def test_internal_error_while_printing_is_no_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "write_all", _crash)
    assert program("check", "-f", SUPPORTED, *AT).code == 1


def test_debug_shows_the_traceback(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "evaluate", _crash)
    with pytest.raises(KeyError):
        program("check", "-f", SUPPORTED, *AT, "--debug")


def test_interruption_is_no_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "evaluate", interrupt)
    assert program("check", "-f", SUPPORTED, *AT).code == 130


@pytest.mark.parametrize(("code", "file"), [(0, SUPPORTED), (3, OLD), (2, "absent.yaml")])
def test_exit_code_of_a_process(code: int, file: str) -> None:
    assert start("check", "-f", file, *AT).code == code


def test_installed_program_is_the_module() -> None:
    program = Path(sys.executable).parent / "perfana-support"
    done = subprocess.run([program, "check", "-f", OLD, *AT], capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode()) == start("check", "-f", OLD, *AT)[:2]


def test_terminal_that_knows_ascii_alone_gets_the_same_verdict(tmp_path: Path) -> None:
    file = write(tmp_path, text(image="perfana/perfana-web:4.0.0-SNAPSHOT"))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for form in ("table", "json"):
        assert start("check", "-f", file, *AT, "-o", form, environment=environment).code == 3


@pytest.mark.parametrize("letter", ["\u00e9", "\u0436", "\U0001f40b"])
def test_terminal_that_knows_ascii_alone_gets_json_that_can_be_read(letter: str, tmp_path: Path) -> None:
    file = write(tmp_path, text(image="{{ " + letter))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    outcome = start("check", "-f", file, *AT, "-o", "json", environment=environment)
    assert outcome.code == 5
    assert json.loads(outcome.out)["findings"][0]["subject"]["image"] == "{{ " + letter


def test_reader_that_goes_away_gets_no_verdict() -> None:
    command = [sys.executable, "-m", "perfana_support", "check", "-f", SUPPORTED, *AT]
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert done.returncode not in {int(ExitCode.NOT_SUPPORTED), int(ExitCode.UNDETERMINED), int(ExitCode.BAD_INPUT)}
    assert b"Traceback" not in done.stderr
