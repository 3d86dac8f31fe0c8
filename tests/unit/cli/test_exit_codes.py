"""Exit codes: one table, frozen. Pipelines decide by them, so a line is never changed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from perfana_support.cli import check, judging
from perfana_support.cli.exit_codes import ExitCode, Tally
from perfana_support.model.verdict import Verdict
from tests.unit.builders import judge
from tests.unit.cli.exit_code_files import AT, OLD, SUPPORTED, filled, write_files
from tests.unit.cli.program import Outcome, Program, start
from tests.unit.sources.manifests import text, write

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
    (2, ["check", "-f", SUPPORTED, *AT, "--values", "{}/values.yaml"]),
    (2, ["check", "-A", "--values", "{}/values.yaml"]),
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write all files of the table."""
    return write_files(tmp_path)


@pytest.mark.parametrize(("code", "arguments"), GOLDEN, ids=lambda part: " ".join(part) if isinstance(part, list) else None)
def test_exit_code(code: int, arguments: list[str], folder: Path, program: Program) -> None:
    outcome = program(*filled(arguments, folder))
    assert outcome.code == code, outcome.err
    if code == 2:
        # What could be read beside is reported, and never as a whole that is supported.
        assert not outcome.out or re.search(r"^Supported +(Unknown|False)", outcome.out, re.MULTILINE)
        assert outcome.err
    elif arguments[-1] not in ("--help", "--version"):
        assert outcome.err == ""
        assert outcome.out


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
    told = program("check", "--help").out.partition("exit codes:\n")[2].splitlines()
    assert told == [
        "  0    supported",
        "  1    internal error or full disk",
        "  2    usage, unreadable input or policy, unwritable output",
        "  3    not supported",
        "  4    at risk (with --fail-on at-risk)",
        "  5    undetermined",
        "  130  interrupted",
        "  141  reader of the output is gone",
    ]


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
    monkeypatch.setattr(judging, "evaluate", _crash)
    assert program("check", "-f", SUPPORTED, *AT) == Outcome(
        1, "", "internal error: KeyError: 'nobody foresaw this' (--debug shows the traceback)\n"
    )


def test_internal_error_while_printing_is_no_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "write_all", _crash)
    assert program("check", "-f", SUPPORTED, *AT).code == 1


def test_debug_shows_the_traceback(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "evaluate", _crash)
    with pytest.raises(KeyError):
        program("check", "-f", SUPPORTED, *AT, "--debug")


def test_interruption_is_no_verdict(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "evaluate", interrupt)
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
