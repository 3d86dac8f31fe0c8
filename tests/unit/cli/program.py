"""The program in this process and as one of its own."""

import io
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from perfana_support.cli.main import main

ROOT = Path(__file__).parents[3]
CHARTS = ROOT / "tests" / "data" / "charts"


class Outcome(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str


class Program:
    """The program in this process, with its output caught."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = int(main(list(arguments)))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        return Outcome(code, *self._capsys.readouterr())


def start(*arguments: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Outcome:
    """Run the program as a process of its own."""
    command = [sys.executable, "-m", "perfana_support", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, env=environment)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
