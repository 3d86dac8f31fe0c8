"""JUnit: valid by the schema of Jenkins, and nothing that is not True is shown as passed."""

from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code, ConditionType, Reason, Status
from perfana_support.model.verdict import Condition
from perfana_support.reports.junit import render
from perfana_support.reports.report import Report
from perfana_support.reports.result import is_at_risk
from tests.unit.builders import TODAY, installation, judge, policy, without_dependencies
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import (
    IGNORED,
    LATEST,
    NEWEST,
    OLD,
    SNAPSHOT,
    WAIVED,
    finding,
    report,
    with_findings,
)

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[2] / "data" / "schemas" / "junit-10.xsd"))


def _root(*reports: Report) -> etree._Element:
    text = render(reports)
    assert text.isascii()
    root = etree.fromstring(text.encode())
    SCHEMA.assertValid(root)
    return root


def _cases(*reports: Report) -> dict[str, etree._Element]:
    return {case.get("name") or "": case for case in _root(*reports).iter("testcase")}


def _ended(case: etree._Element) -> str:
    """How CI systems read a test case; one without any of these elements has passed."""
    return next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")


def _passes(condition: Condition, of: Report) -> bool:
    fails = of.run.fails_at_risk and is_at_risk(condition, of.verdict)
    return condition.status is Status.TRUE and not fails


def _outcome(status: Status, reason: str, kind: ConditionType = ConditionType.PLATFORM_SUPPORTED) -> str:
    condition = Condition(kind, status, reason, "why")
    return _ended(_cases(report(judge(NEWEST)._replace(conditions=(condition,))))[kind])


def test_schema_refuses() -> None:
    assert not SCHEMA.validate(etree.fromstring(b"<testsuites><testcase/></testsuites>"))


@pytest.mark.parametrize("images", [[NEWEST], [OLD], [SNAPSHOT, LATEST], [], ["{{ x }}"]])
def test_document_of_a_verdict_is_valid(images: list[str]) -> None:
    verdict = judge(*images)
    assert list(_cases(report(verdict))) == [str(condition.type) for condition in verdict.conditions]


@given(reports=REPORTS)
def test_document_of_hostile_texts_is_valid(reports: list[Report]) -> None:
    root = _root(*reports)
    suites = root.findall("testsuite")
    assert len(suites) == len(reports)
    for suite, each in zip(suites, reports, strict=True):
        ended = {case.get("name"): _ended(case) for case in suite.iter("testcase")}
        passes = {str(condition.type) for condition in each.verdict.conditions if _passes(condition, each)}
        assert {name for name, how in ended.items() if how == "passed"} == passes


@pytest.mark.parametrize("reason", [*Reason, *Code])
def test_only_true_is_passed(reason: str) -> None:
    assert _outcome(Status.TRUE, reason) == "passed"
    assert _outcome(Status.FALSE, reason) == "failure"
    assert _outcome(Status.UNKNOWN, reason) == ("skipped" if reason in ("NotObservable", "NotDeclared") else "error")
    for kind in (ConditionType.SUPPORTED, ConditionType.UPGRADE_SUPPORTED):
        assert _outcome(Status.UNKNOWN, reason, kind) == "error"


def test_nothing_found_is_an_error() -> None:
    assert _ended(_cases(report(judge()))["Supported"]) == "error"


def test_failure_says_reason_message_place_and_what_to_do() -> None:
    condition = Condition(ConditionType.VERSION_SUPPORTED, Status.FALSE, "EndOfLife", "it ended")
    verdict = judge(NEWEST)._replace(conditions=(condition,), findings=(finding(),))
    (failure,) = _cases(report(verdict))["VersionSupported"]
    assert (failure.get("type"), failure.get("message")) == ("EndOfLife", "it ended")
    assert (failure.text or "").splitlines() == [
        "Unsupported EndOfLife Deployment/web at deploy/perfana.yaml:12:9",
        "  seen",
        "  -> do this",
    ]


def test_risk_is_told_where_the_test_passes() -> None:
    (output,) = _cases(with_findings(finding(Code.KNOWN_DEFECT)))["VersionSupported"]
    assert output.tag == "system-out"
    assert "AtRisk KnownDefect Deployment/web at deploy/perfana.yaml:12:9\n  seen\n  -> do this" in (output.text or "")


def test_what_is_set_aside_is_told() -> None:
    (output,) = _cases(with_findings(WAIVED, IGNORED))["VersionSupported"]
    assert "waived until 2027-03-31 EndOfLife" in (output.text or "")
    assert "ignored by --ignore EndOfLife" in (output.text or "")


def test_properties_have_release_policy_and_day() -> None:
    properties = {one.get("name"): one.get("value") for one in _root(report(judge(OLD))).iter("property")}
    assert properties == {
        "namespace": "perfana",
        "release": "3.1.0",
        "supportEndsOn": "2026-07-12",
        "asOf": "2026-11-24",
        "policy": "default",
        "policyPublishedOn": "2026-11-24",
    }


def test_counts_are_those_of_the_test_cases() -> None:
    root = _root(report(judge(OLD)), report(judge(LATEST)._replace(namespace="other")))
    for each in (root, *root.findall("testsuite")):
        ended = [_ended(case) for case in each.iter("testcase")]
        wanted = {"tests": len(ended), "failures": ended.count("failure"), "errors": ended.count("error")}
        assert {name: int(each.get(name) or -1) for name in wanted} == wanted
    assert [suite.get("name") for suite in root.findall("testsuite")] == ["perfana", "other"]
    assert [suite.get("skipped") for suite in root.findall("testsuite")] == ["3", "3"]


def test_target_is_a_test_case() -> None:
    check = Check(target=Target("9.9.9"))
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, check)
    assert _ended(_cases(report(verdict))["UpgradeSupported"]) == "error"


def test_xml_in_a_message_stays_text() -> None:
    condition = Condition(ConditionType.SUPPORTED, Status.FALSE, "EndOfLife", '</failure>]]>"\x1b')
    (failure,) = _cases(report(judge(NEWEST)._replace(conditions=(condition,))))["Supported"]
    assert failure.get("message") == '</failure>]]>"\\x1b'
