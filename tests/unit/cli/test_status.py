"""`perfana-support status`: what it makes of checks as they stand in a cluster."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from perfana_support.cli import status
from perfana_support.sources.cluster import snapshot
from tests.unit.cli.program import Program


def _check(verdict: str | None, *, observed: int = 1, name: str = "perfana") -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "SupportCheck",
        "metadata": {"namespace": "ns", "name": name, "generation": 1, "creationTimestamp": "2026-11-20T00:00:00Z"},
    }
    if verdict:
        entry = {"type": "Supported", "status": verdict, "reason": "EndOfLife", "observedGeneration": observed}
        body["status"] = {
            "conditions": [entry],
            "release": "3.1.2",
            "findings": [{"effect": "Unsupported", "code": "EndOfLife"}],
        }
    return body


@pytest.mark.parametrize(
    ("verdicts", "code", "shown"),
    [
        (["True"], 0, "True"),
        (["Unknown"], 5, "Unknown"),
        (["True", "False", "Unknown"], 3, "False"),
        (["True", None], 5, "NotJudged"),
        (["Perhaps"], 5, "NotJudged"),
    ],
)
def test_worst_verdict_is_the_exit_code(
    program: Program, monkeypatch: pytest.MonkeyPatch, verdicts: list[str | None], code: int, shown: str
) -> None:
    checks = [_check(verdict, name=f"c{place}") for place, verdict in enumerate(verdicts)]
    monkeypatch.setattr(snapshot, "read_objects", lambda *_: (checks, "server"))
    outcome = program("status")
    assert (outcome.code, shown in outcome.out) == (code, True)
    assert json.loads(program("status", "-o", "json").out)["items"] == checks


def test_verdict_on_an_older_spec_is_none(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "read_objects", lambda *_: ([_check("True", observed=0)], "server"))
    outcome = program("status")
    assert (outcome.code, "SpecChanged" in outcome.out) == (5, True)


def test_one_check_is_shown_in_full(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "read_objects", lambda *_: ([_check("False"), _check("True", name="b")], "server"))
    outcome = program("status", "perfana")
    assert outcome.code == 3
    assert "CONDITION   STATUS   REASON" in outcome.out
    assert "Unsupported EndOfLife: " in outcome.out
    assert (program("status", "nobody").code, program("status", "nobody", "-n", "ns").code) == (2, 2)


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        (datetime(2026, 11, 20, 0, 1, 59, tzinfo=UTC), "119s"),
        (datetime(2026, 11, 20, 0, 2, tzinfo=UTC), "2m"),
        (datetime(2026, 11, 20, 1, 59, tzinfo=UTC), "119m"),
        (datetime(2026, 11, 21, 23, 0, tzinfo=UTC), "47h"),
        (datetime(2026, 11, 25, tzinfo=UTC), "5d"),
        (datetime(2026, 11, 19, tzinfo=UTC), "0s"),
    ],
)
def test_age_is_written_as_kubectl_does(moment: datetime, age: str) -> None:
    assert status._age("2026-11-20T00:00:00Z", moment) == age  # noqa: SLF001 - a table in itself
    assert status._age("", moment) == "<unknown>"  # noqa: SLF001


def test_target_that_would_not_be_supported_counts_as_in_check(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    check = _check("True")
    check["status"]["conditions"].append({"type": "UpgradeSupported", "status": "False", "reason": "EndOfLife"})
    monkeypatch.setattr(snapshot, "read_objects", lambda *_: ([check], "server"))
    assert program("status").code == 3
