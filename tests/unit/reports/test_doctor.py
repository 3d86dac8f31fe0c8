"""What `doctor` prints, to the letter."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from perfana_support.evaluate.doctor.diagnosis import diagnose, state_of
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Facts, Reading, Tools
from perfana_support.reports.doctor import advice, document, table
from perfana_support.sources.policy import builtin_policy
from tests.unit.evaluate.doctor.clusters import (
    NAME,
    NOW,
    absent,
    check,
    granted,
    items,
    lease,
    pod,
    refused,
    repeated,
    running,
    unknown,
    well,
)

GOLDEN = Path(__file__).parents[2] / "data" / "doctor"
CASES: dict[str, Facts] = {
    "well": well(),
    "away": well(version=Reading(None, "GET /version: ClientConnectorError: Cannot connect to host")),
    "nothing-installed": well(
        setup=setup_of(None, NAME),
        place=absent(),
        definitions=dict.fromkeys(well().definitions, absent()),
        granted=tuple(each._replace(is_allowed=False) for each in granted()),
        deployments=items(),
        lease=absent(),
        leases=items(),
        pods=items(),
        policies=absent(),
        checks=absent(),
    ),
    "few-rights": well(
        asked="",
        may_ask=refused("create subjectaccessreviews.authorization.k8s.io"),
        policies=refused("list supportpolicies.support.perfana.io"),
        pods=refused("list pods in namespace perfana-support"),
    ),
    "much-is-wrong": running(
        ready=0,
        now=NOW + timedelta(minutes=10),
        granted=granted("list nodes", "watch nodes"),
        pods=items(pod(9, {"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"exitCode": 2}})),
        lease=Reading(lease(4000)),
        checks=items(check(), check("old", status=unknown("EvaluationFailed", "TypeError: \x1b[31m"))),
    ),
}


def rendered(facts: Facts) -> dict[str, str]:
    """Return a case in both formats."""
    diagnoses = diagnose(facts, builtin_policy(), Tools(" --context production"))
    return {
        "txt": table(diagnoses) + advice(diagnoses, facts),
        "json": document(diagnoses, facts, state_of(diagnoses)),
    }


@pytest.mark.parametrize("name", CASES)
def test_diagnosis_is_printed_to_the_letter(name: str) -> None:
    for suffix, text in rendered(CASES[name]).items():
        file = GOLDEN / f"{name}.{suffix}"
        if "PERFANA_RENEW_GOLDEN" in os.environ:
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_sentences_fit_eighty_columns_and_commands_stand_alone(name: str) -> None:
    diagnoses = diagnose(CASES[name], builtin_policy(), Tools())
    lines = advice(diagnoses, CASES[name]).splitlines()
    commands = [line.removeprefix("  $ ") for line in lines if line.startswith("  $ ")]
    assert [line for line in lines if len(line) > 80 and not line.startswith("  $ ")] == []
    assert [each for each in diagnoses if repeated(each)] == []
    assert commands == [fix.partition("    # ")[0] for each in diagnoses for fix in each.fix]


def test_documents_are_versioned_and_hold_all_that_was_looked_at() -> None:
    found = json.loads(rendered(CASES["much-is-wrong"])["json"])
    assert (found["apiVersion"], found["kind"], found["state"]) == (
        "support.perfana.io/v1alpha1",
        "SupportDiagnosis",
        "Problem",
    )
    assert {each["state"] for each in found["checks"]} == {"Ok", "Problem"}
    assert all(each["fix"] and each["why"] for each in found["checks"] if each["state"] != "Ok")
