"""Policy reports of checks: what each result says, that the summary is their count, names and sizes within limits."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Enforcement, Target
from perfana_support.model.code import Code, ConditionType, Effect, Reason
from perfana_support.reports.policy_report import (
    KINDS,
    MAX_REPORT_BYTES,
    OMITTED,
    RESULTS,
    ReportKind,
    is_same_report,
    policy_report,
    report_name,
)
from perfana_support.reports.status import check_status, unjudged_status
from tests.unit.builders import installation, judge, policy, waiver, without_dependencies

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RELEASED, SNAPSHOT, UNKNOWN = (f"perfana/perfana-web:{tag}" for tag in ("0.2.96.22", "0.2.96.22-SNAPSHOT", "latest"))
OPEN, WORKING_GROUP = KINDS
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def body(status: dict[str, Any], name: str = "perfana") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": "u-1", "generation": 1, "resourceVersion": "7"}
    return {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportCheck", "metadata": metadata, "status": status}


def judged(*images: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as `judge` takes them
    status = check_status(judge(*images, **more), policy(), "sha256:0", Enforcement.REPORT, body({}), NOW)
    return body(status)


def report(check: dict[str, Any], kind: ReportKind = OPEN) -> dict[str, Any]:
    document = policy_report(check, kind)
    counts = Counter(result["result"] for result in document["results"])
    assert document["summary"] == {result: counts[result] for result in RESULTS}
    assert counts.keys() <= {*RESULTS}
    assert len(json.dumps(document, ensure_ascii=False).encode()) <= MAX_REPORT_BYTES
    return document


def results(check: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [result for result in report(check)["results"] if result["rule"] == rule]


def test_kinds_are_called_what_their_projects_call_them() -> None:
    assert [(kind.api_version, kind.kind, kind.path("a", "b")) for kind in KINDS] == [
        ("openreports.io/v1alpha1", "Report", "/apis/openreports.io/v1alpha1/namespaces/a/reports/b"),
        ("wgpolicyk8s.io/v1alpha2", "PolicyReport", "/apis/wgpolicyk8s.io/v1alpha2/namespaces/a/policyreports/b"),
    ]
    check = judged(RELEASED)
    assert report(check)["source"] == "perfana-support"
    assert "source" not in report(check, WORKING_GROUP)
    assert report(check)["results"] == report(check, WORKING_GROUP)["results"]


def test_report_belongs_to_its_check_and_blocks_no_deletion() -> None:
    reference = {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportCheck", "name": "perfana", "uid": "u-1"}
    document = report(judged(RELEASED))
    assert document["metadata"] == {
        "name": "perfana-support-perfana",
        "namespace": "shop",
        "labels": {"app.kubernetes.io/managed-by": "perfana-support"},
        "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": False}],
    }
    assert document["scope"] == {**reference, "namespace": "shop"}


def test_conditions_that_hold_pass() -> None:
    check = judged(RELEASED)
    true = {
        each["type"] for each in check["status"]["conditions"] if each["status"] == "True" and each["type"] in {*ConditionType}
    }
    passed = {result["policy"] for result in report(check)["results"] if result["rule"] in {*Reason}}
    assert "VersionSupported" in true
    assert true <= passed


def test_finding_that_makes_unsupported_fails_and_names_the_workload() -> None:
    (result,) = results(judged(SNAPSHOT), "SnapshotBuild")
    assert result["policy"] == "BuildSupported"
    assert (result["result"], result["severity"], result["scored"]) == ("fail", "high", True)
    assert result["resources"] == [{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "perfana", "name": "w0"}]
    assert result["properties"] == {"container": "c0", "image": SNAPSHOT, "effect": "Unsupported"}
    assert result["timestamp"] == {"seconds": int(NOW.timestamp()), "nanos": 0}
    finding = next(each for each in judged(SNAPSHOT)["status"]["findings"] if each["code"] == "SnapshotBuild")
    assert result["message"] == f"{finding['message']}; {finding['remediation']}"
    assert result["category"] == "Beta and Development Releases"


def test_what_could_not_be_determined_is_an_error_and_no_pass() -> None:
    (result,) = results(judged(UNKNOWN), "VersionUndetermined")
    assert (result["result"], result["severity"]) == ("error", "medium")


def test_risk_warns_and_is_not_scored() -> None:
    stale = results(judged(RELEASED, as_of=date(2027, 6, 1)), "PolicyStale")
    found = [each for each in stale if "properties" in each]
    assert [(each["result"], each["severity"], each["scored"]) for each in found] == [("warn", "low", False)]


def test_note_passes() -> None:
    check = judged(SNAPSHOT)
    check["status"]["findings"] = [finding("UpgradeAvailable")]
    (result,) = results(check, "UpgradeAvailable")
    assert (result["result"], result["severity"]) == ("pass", "info")


def test_waived_finding_is_skipped_and_says_until_when() -> None:
    (result,) = results(judged(SNAPSHOT, waivers=(waiver("SnapshotBuild", date(2027, 1, 31)),)), "SnapshotBuild")
    assert (result["result"], result["severity"], result["scored"]) == ("skip", "high", False)
    assert result["properties"]["waivedUntil"] == "2027-01-31"


def test_condition_that_a_finding_tells_is_not_counted_twice() -> None:
    failed = [result for result in report(judged(SNAPSHOT))["results"] if result["result"] == "fail"]
    assert {result["rule"] for result in failed if result["policy"] != "TicketEligible"} == {"SnapshotBuild"}


def test_upgrade_is_told_in_a_result_of_its_own() -> None:
    verdict = evaluate(
        installation(SNAPSHOT), without_dependencies(policy()), NOW.date(), Check(target=Target("0.2.97.0-SNAPSHOT"))
    )
    check = body(check_status(verdict, policy(), "sha256:0", Enforcement.REPORT, body({}), NOW))
    (result,) = (each for each in report(check)["results"] if each["policy"] == "UpgradeSupported")
    condition = next(each for each in check["status"]["conditions"] if each["type"] == "UpgradeSupported")
    assert condition["status"] != "True"
    assert (result["rule"], result["message"]) == (condition["reason"], condition["message"])


def test_check_that_cannot_be_judged_is_all_errors() -> None:
    check = body(unjudged_status(Reason.POLICY_NOT_FOUND, "no such policy", body({}), NOW, is_stalled=False))
    document = report(check)
    assert {result["result"] for result in document["results"]} == {"error"}
    assert document["summary"]["error"] == len(ConditionType) - 1


def finding(code: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    subject = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    return {"code": code, "subject": subject, "message": "m", "remediation": "r", "effect": str(Code(code).effect)} | fields


@pytest.mark.parametrize(("status", "result"), [("True", "warn"), ("False", "fail"), ("Unknown", "error")])
def test_what_does_not_fit_is_counted_and_as_bad_as_the_verdict(status: str, result: str) -> None:
    check = judged(SNAPSHOT)
    for condition in check["status"]["conditions"]:
        condition["status"] = status
    check["status"]["findings"] = [finding("EndOfLife", message="é" * 900)] * 30
    check["status"]["findingsOmitted"] = 5
    kept = results(check, "EndOfLife")
    (rest,) = results(check, OMITTED)
    assert 0 < len(kept) < 30
    assert rest["result"] == result
    assert rest["message"].startswith(f"{30 - len(kept) + 5} more findings")


TEXTS = st.text(max_size=1200)
FINDINGS = st.builds(
    finding,
    st.sampled_from([str(code) for code in Code]),
    message=TEXTS,
    remediation=TEXTS,
    waivedUntil=st.sampled_from(["", "2027-01-01"]),
    ignoredBy=st.sampled_from(["", "--ignore"]),
    subject=st.fixed_dictionaries(
        {"kind": st.sampled_from(["Pod", "Node", "Installation", ""]), "name": TEXTS, "image": TEXTS}
    ),
)
CONDITIONS = st.lists(
    st.builds(
        lambda kind, status, reason, message: {"type": kind, "status": status, "reason": reason, "message": message},
        st.sampled_from([*map(str, ConditionType), "Ready", "Stalled", "Theirs"]),
        st.sampled_from(["True", "False", "Unknown"]),
        st.sampled_from([*map(str, Code), "AllRulesMet"]),
        TEXTS,
    ),
    max_size=14,
)


@given(CONDITIONS, st.lists(FINDINGS, max_size=40), st.integers(0, 3), st.sampled_from(KINDS))
def test_summary_is_the_count_of_results_and_nothing_is_lost(
    conditions: list[dict[str, Any]], findings: list[dict[str, Any]], omitted: int, kind: ReportKind
) -> None:
    check = body({"conditions": conditions, "findings": findings, "findingsOmitted": omitted})
    document = report(check, kind)
    assert document == report(check, kind)
    of_findings = [result for result in document["results"] if "properties" in result]
    rest = [result["message"] for result in document["results"] if result["rule"] == OMITTED]
    left_out = int(rest[0].split()[0]) if rest else 0
    assert len(of_findings) + left_out == len(findings) + omitted
    bad = any(each["type"] in {*ConditionType} and each["status"] != "True" for each in conditions)
    worse = any(Code(each["code"]).effect is not Effect.INFO for each in findings)
    assert not bad or worse or document["summary"]["pass"] < len(document["results"])


@given(st.from_regex(NAME, fullmatch=True).filter(lambda name: len(name) <= 253))
def test_name_of_a_report_is_a_name(name: str) -> None:
    assert len(report_name(name)) <= 253
    assert NAME.fullmatch(report_name(name))


def test_long_names_are_told_apart() -> None:
    names = ["a" * 252 + end for end in "bc"] + ["a" * 236 + "." + "b" * 16, "a" * 237, "a" * 238]
    found = [report_name(name) for name in names]
    assert len({*found}) == len(names)
    assert all(NAME.fullmatch(name) and len(name) <= 253 for name in found)
    assert found[3] == f"perfana-support-{'a' * 237}"


def test_same_report_is_known_however_the_server_keeps_it() -> None:
    desired = report(judged(SNAPSHOT))
    kept = json.loads(json.dumps(desired))
    kept["metadata"] |= {"uid": "u-2", "resourceVersion": "9", "annotations": {"theirs": "x"}}
    kept["metadata"]["labels"]["theirs"] = "x"
    del kept["metadata"]["ownerReferences"][0]["blockOwnerDeletion"]
    assert is_same_report(desired, kept)
    changes: tuple[dict[str, Any], ...] = (
        {"results": []},
        {"metadata": {**kept["metadata"], "labels": {}}},
        {"metadata": {**kept["metadata"], "ownerReferences": []}},
    )
    for change in changes:
        assert not is_same_report(desired, {**kept, **change})
