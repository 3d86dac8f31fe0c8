"""`check` where there is a second processor: every format says the same, whatever else is asked."""

import os
from pathlib import Path

import pytest

from perfana_support.reports.formats import FORMATS
from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import write

AT = ("--as-of", "2026-11-24")
WAIVING = """\
apiVersion: support.perfana.io/v1alpha1
kind: SupportCheck
metadata: {name: a}
spec: {waivers: [{code: EndOfLife, reason: migration, agreedBy: acme, expiresOn: 2026-12-31}]}
"""
ASKED = {
    "all": (),
    "target": ("--target", "0.2.96.22", "--kubernetes-version", "v1.36.3"),
    "waived": ("--check", "check.yaml"),
    "ignored": ("--ignore", "EndOfLife"),
    "baseline": ("--baseline", "before.json"),
}
NAMESPACES = 90


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The vendor's charts in so many namespaces."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, WAIVING, "check.yaml")
    charts = [chart.read_text() for chart in sorted(CHARTS.glob("*.yaml"))]
    placed = (
        charts[number % len(charts)].replace("\nmetadata:\n", f"\nmetadata:\n  namespace: team-{number:03}\n")
        for number in range(NAMESPACES)
    )
    return write(tmp_path, "---\n".join(placed))


def _with_processors(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(number)))


@pytest.mark.parametrize("asked", ASKED)
def test_two_processes_say_what_one_says(asked: str, stream: str, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program("check", "-f", str(CHARTS / "perfana-3.1.2.yaml"), *AT, "-o", "json=before.json")
    outputs = [word for name in FORMATS for word in ("-o", f"{name}={name}")]
    said = []
    for processors in (1, 2):
        _with_processors(processors, monkeypatch)
        outcome = program("check", "-f", stream, *AT, *ASKED[asked], *outputs)
        said.append((outcome, {name: Path(name).read_text() for name in FORMATS}))
    assert said[0] == said[1]
    assert said[0][1]["json"].count('"namespace": "team-') > NAMESPACES


def test_internal_error_is_told_once_and_is_no_verdict(stream: str, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    _with_processors(2, monkeypatch)
    monkeypatch.setattr("perfana_support.cli.judging.select", fail)
    outcome = program("check", "-f", stream, *AT)
    assert outcome.code == 1
    assert outcome.err.count("internal error: ZeroDivisionError") == 1
    assert not outcome.out
