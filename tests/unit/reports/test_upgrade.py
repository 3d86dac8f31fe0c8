"""What an upgrade to the target would bring: the findings behind `UpgradeSupported`, in every report that lists findings."""

import json
from itertools import product

import pytest
import yaml

from perfana_support.cli.exit_codes import Tally
from perfana_support.evaluate.verdict import SUMMED_UP, evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import ConditionType, Effect, Status
from perfana_support.model.verdict import Verdict
from perfana_support.reports.report import Report, Run
from tests.unit.builders import TODAY, installation, policy, waiver, without_dependencies
from tests.unit.reports.reporting import LATEST, NEWEST, OLD, rendered

RUNNING = [[NEWEST], [OLD], [LATEST], ["perfana/perfana-fe:perfana-3.2.0"], ["harbor.example.com/x/perfana-web:0.2.96.22"], []]
TARGETS = [Target(release) for release in ("0.2.96.22", "0.2", "3.1.0", "3.2.0", "3.3.0", "4.0.3", "9.9.9", "0.2.1000.1")] + [
    Target(images=(image,)) for image in (NEWEST, OLD, LATEST, "perfana/perfana-web:0.2.96.22-SNAPSHOT", "nginx:1")
]


def _judge(images: list[str], check: Check) -> Verdict:
    return evaluate(installation(*images), without_dependencies(policy()), TODAY, check)


def _with_target(release: str, *images: str) -> Report:
    return Report(_judge([*images], Check(target=Target(release))), policy(), {"kind": "Manifests", "files": ["a.yaml"]})


@pytest.mark.parametrize("images", RUNNING, ids=str)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_condition_and_exit_code_are_what_the_findings_say(images: list[str], target: Target) -> None:
    for waivers, ignored in product([(), (waiver("EndOfLife", TODAY),)], [frozenset[str](), frozenset({"SnapshotBuild"})]):
        check = Check(target=target, waivers=waivers, ignored=ignored)
        verdict = _judge(images, check)
        condition = verdict.condition(ConditionType.UPGRADE_SUPPORTED)
        effects = {finding.effect for finding in verdict.upgrade_findings if finding.counts}
        said = {Effect.UNSUPPORTED: Status.FALSE, Effect.UNDETERMINED: Status.UNKNOWN}
        expected = next((said[effect] for effect in said if effect in effects), Status.TRUE)
        if condition.reason in ("TargetUnknown", "NoComponents"):
            assert (condition.status, verdict.upgrade_findings) == (Status.UNKNOWN, ())
            continue
        assert condition.status is expected
        assert all(SUMMED_UP.keys() & {*finding.code.conditions} for finding in verdict.upgrade_findings)
        alone = verdict._replace(conditions=(condition,), findings=())
        tally = Tally()
        assert list(tally.counting([alone])) == [alone]
        code = {Status.FALSE: 3, Status.UNKNOWN: 5, Status.TRUE: 4 if Effect.AT_RISK in effects else 0}[expected]
        assert tally.exit_code(fails_at_risk=True) == code


def test_without_a_target_nothing_is_told() -> None:
    verdict = _judge([OLD], Check())
    assert verdict.upgrade_findings == ()
    assert "upgrade" not in json.loads(rendered("json", [Report(verdict, policy(), {})]))


def test_json_has_all_of_them_beside_those_of_now() -> None:
    report = _with_target("3.1.0", NEWEST)
    document = json.loads(rendered("json", [report]))
    assert {finding["code"] for finding in document["upgrade"]["findings"]} == {"EndOfLife"}
    assert "EndOfLife" not in {finding["code"] for finding in document["findings"]}
    assert yaml.safe_load(rendered("yaml", [report])) == document


@pytest.mark.parametrize("form", ["json", "yaml", "wide", "markdown", "html", "junit", "sarif", "github", "gitlab"])
def test_every_format_tells_what_the_upgrade_would_bring(form: str) -> None:
    text = rendered(form, [_with_target("3.1.0", NEWEST)])
    assert "perfana-fe:perfana-3.1.0" in text or "perfana-fe runs 3.1.0" in text
    assert "perfana-fe" not in rendered(form, [_with_target("0.2.96.22", NEWEST)])


@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_what_is_found_now_is_not_told_twice(form: str) -> None:
    """A modified image stays one after the upgrade; a finding of its own is what the upgrade adds."""
    image = "harbor.example.com/x/perfana-web:0.2.96.22"
    prints = {}
    for name, check in {"now": Check(), "then": Check(target=Target("0.2.96.22"))}.items():
        log = json.loads(rendered(form, [Report(_judge([image], check), policy(), {})]))
        results = log["runs"][0]["results"] if form == "sarif" else log
        prints[name] = [json.dumps(each.get("partialFingerprints") or each["fingerprint"]) for each in results]
        assert len({*prints[name]}) == len(prints[name])
    assert {*prints["now"]} <= {*prints["then"]}


def test_risk_of_the_target_fails_where_risks_do() -> None:
    report = _with_target("3.2.0", NEWEST)
    assert {finding.effect for finding in report.verdict.upgrade_findings} == {Effect.AT_RISK}
    for run, command in ((Run(), "warning"), (Run(fails_at_risk=True), "error")):
        lines = rendered("github", [report._replace(run=run)]).splitlines()
        assert {line.partition(" ")[0] for line in lines if "After the upgrade" in line} == {f"::{command}"}
