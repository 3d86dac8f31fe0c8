"""SARIF: valid by the schema, a place for every result, nothing that is not supported without a result."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import given

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code, Effect
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location
from perfana_support.reports.report import Report
from perfana_support.reports.sarif import render
from tests.unit.builders import TODAY, installation, judge, policy, without_dependencies
from tests.unit.reports.hostile import REPORTS
from tests.unit.reports.reporting import (
    CLUSTER,
    IGNORED,
    LATEST,
    NEWEST,
    OF_CHART,
    OF_KUSTOMIZATION,
    OLD,
    PIPED,
    PLACE,
    SNAPSHOT,
    SOURCE,
    WAIVED,
    finding,
    report,
    with_findings,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "schemas" / "sarif-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
# RFC 3986, a URI reference.
URI = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")


def _run(*reports: Report) -> dict[str, Any]:
    text = render(reports)
    document: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(document)
    assert text.isascii()
    (run,) = document["runs"]
    assert isinstance(run, dict)
    _check_references(run)
    return run


def _check_references(run: dict[str, Any]) -> None:
    """Whether it keeps what the specification asks for and its schema cannot say."""
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert isinstance(result["suppressions"], list)
        for location in result["locations"]:
            artifact = location.get("physicalLocation", {}).get("artifactLocation", {})
            assert URI.fullmatch(artifact.get("uri", "x"))
            assert artifact.get("uriBaseId", "%SRCROOT%") in run["originalUriBaseIds"]
            assert bool(urlsplit(artifact.get("uri", "")).scheme) is ("uriBaseId" not in artifact and "uri" in artifact)


def _result(*args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - of a finding
    (result,) = _run(with_findings(*args, **kwargs))["results"]
    assert isinstance(result, dict)
    return result


def _physical(location: Location | None, source: dict[str, Any] = SOURCE) -> Any:  # noqa: ANN401 - plain data
    (place,) = _result(finding(location=location), source=source)["locations"]
    return place.get("physicalLocation")


def test_schema_is_a_schema_and_refuses() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


@pytest.mark.parametrize("images", [[NEWEST], [OLD], [SNAPSHOT, LATEST], [], ["{{ x }}"]])
def test_log_of_a_verdict_is_valid(images: list[str]) -> None:
    run = _run(report(judge(*images)))
    assert run["tool"]["driver"]["name"] == "perfana-support"


@given(reports=REPORTS)
def test_log_of_hostile_texts_is_valid(reports: list[Report]) -> None:
    run = _run(*reports)
    for result in run["results"]:
        assert all(line.isprintable() for line in result["message"]["text"].split("\n"))
        assert "](" not in result["message"]["text"]
    # None is lost, whatever it says.
    assert len(run["results"]) >= sum(len(each.verdict.findings) for each in reports)


def test_every_code_is_a_rule_with_help() -> None:
    rules = _run(report(judge(NEWEST)))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(Code)
    end = rules[0]
    assert end["shortDescription"]["text"] == "End of life."
    assert end["fullDescription"]["text"] == str(Code.END_OF_LIFE.clause)
    assert end["help"]["text"].splitlines() == [
        "Unsupported: makes VersionSupported False.",
        f"Policy: {Code.END_OF_LIFE.clause}",
        "What it means and what to do: perfana-support explain EndOfLife",
    ]
    assert end["properties"] == {"tags": ["support-policy", "VersionSupported"], "effect": "Unsupported"}


@pytest.mark.parametrize(
    ("code", "level"),
    [
        (Code.END_OF_LIFE, "error"),
        (Code.VERSION_UNDETERMINED, "warning"),
        (Code.KNOWN_DEFECT, "warning"),
        (Code.FLOATING_TAG, "note"),
    ],
)
def test_level_is_the_effect(code: Code, level: str) -> None:
    assert _result(finding(code))["level"] == level


def test_levels_know_every_effect() -> None:
    assert {code.effect for code in Code} == set(Effect)


def test_message_says_what_was_seen_and_what_to_do() -> None:
    assert _result(finding())["message"] == {"text": "seen\ndo this"}


def test_place_has_file_line_and_column() -> None:
    assert _physical(PLACE) == {
        "artifactLocation": {"uri": "deploy/perfana.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 9},
    }


def test_unknown_column_is_left_out() -> None:
    assert _physical(Location("f.yaml", 3))["region"] == {"startLine": 3}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("./a/b.yaml", "a/b.yaml"),
        ("../a.yaml", "../a.yaml"),
        ("a b#c?.yaml", "a%20b%23c%3F.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("50%.yaml", "50%25.yaml"),
        ("\u0436.yaml", "%D0%B6.yaml"),
        ("\udcff.yaml", "%FF.yaml"),
    ],
)
def test_file_is_a_relative_uri(file: str, uri: str) -> None:
    assert _physical(Location(file, 1))["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}
    assert unquote(uri, errors="surrogateescape") == file.removeprefix("./")


def test_absolute_file_is_an_absolute_uri() -> None:
    assert _physical(Location("/srv/a b.yaml", 1))["artifactLocation"] == {"uri": "file:///srv/a%20b.yaml"}


def test_standard_input_is_a_place_below_a_base_that_leads_nowhere() -> None:
    run = _run(with_findings(finding(location=Location("-", 40, 2)), source=PIPED))
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "standard-input", "uriBaseId": "STANDARD_INPUT"}
    assert place["physicalLocation"]["region"] == {"startLine": 40, "startColumn": 2}
    assert "uri" not in run["originalUriBaseIds"]["STANDARD_INPUT"]


def test_template_of_a_chart_is_named() -> None:
    result = _result(finding(location=Location("-", 40, 2, "perfana/templates/web.yaml")))
    assert result["properties"]["template"] == "perfana/templates/web.yaml"
    assert [place["kind"] for place in result["locations"][0]["logicalLocations"]] == ["container", "template"]


@pytest.mark.parametrize("place", [OF_CHART, OF_KUSTOMIZATION])
def test_rendered_line_is_told_and_is_no_line_of_the_file(place: Location) -> None:
    result = _result(finding(location=place))
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": place.file, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},  # code scanning takes no result without one
    }
    assert result["message"]["text"] == "seen\ndo this\nSeen in line 40 of the rendered manifests, not of this file."
    assert result["properties"]["renderedLine"] == 40
    assert result["properties"].get("template", "") == place.template


def test_fingerprints_do_not_move_with_the_rendered_line() -> None:
    places = [PLACE, OF_CHART, OF_CHART._replace(rendered_line=41), OF_KUSTOMIZATION]
    assert len({str(_result(finding(location=place))["partialFingerprints"]) for place in places}) == 1


def test_finding_without_a_place_stands_at_the_file_of_its_installation() -> None:
    assert _physical(None) == {
        "artifactLocation": {"uri": "deploy/perfana.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1},
    }


def test_finding_of_a_cluster_has_its_subject_as_place() -> None:
    (place,) = _result(finding(location=None), source=CLUSTER)["locations"]
    assert place == {
        "logicalLocations": [{"name": "web", "kind": "container", "fullyQualifiedName": "perfana/Deployment/web/web"}]
    }


@pytest.mark.parametrize(("aside", "why"), [(WAIVED, "waived until 2027-03-31"), (IGNORED, "ignored by --ignore")])
def test_finding_that_does_not_count_is_suppressed(aside: Finding, why: str) -> None:
    result = _result(aside)
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": why}]
    assert result["level"] == "error"
    assert _result(finding())["suppressions"] == []


def test_fingerprint_is_the_finding_s_and_unique() -> None:
    run = _run(with_findings(finding(), finding(message="seen again")))
    prints = [result["partialFingerprints"] for result in run["results"]]
    assert {each["perfanaSupport/v1"] for each in prints} == {finding().fingerprint}
    assert [each["primaryLocationLineHash"][32:] for each in prints] == [":1", ":2"]


def test_fingerprint_stays_when_lines_move() -> None:
    moved = PLACE._replace(line=99, column=1)
    assert _result(finding())["partialFingerprints"] == _result(finding(location=moved))["partialFingerprints"]


def test_unknown_without_a_finding_is_a_result() -> None:
    run = _run(report(judge()))
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("NoComponents", "warning")
    assert result["message"]["text"].startswith("Supported is Unknown: ")


def test_target_that_is_not_supported_is_a_result() -> None:
    check = Check(target=Target("4.0.0-rc1"))
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, check)
    messages = [result["message"]["text"] for result in _run(report(verdict))["results"]]
    assert any(message.startswith("UpgradeSupported is ") for message in messages)


def test_supported_installation_has_no_results() -> None:
    run = _run(report(judge(NEWEST)))
    assert run["results"] == []
    (told,) = run["properties"]["installations"]
    assert (told["namespace"], told["asOf"], told["release"]) == ("perfana", "2026-11-24", "0.2.96.22")
    assert told["policy"] == {"name": "default", "publishedOn": "2026-11-24"}
    assert {condition["type"]: condition["status"] for condition in told["conditions"]}["Supported"] == "True"


def test_installations_share_one_run_the_worst_first() -> None:
    run = _run(report(judge(LATEST)), report(judge(OLD)._replace(namespace="legacy")))
    assert run["results"][0]["properties"]["installation"] == "legacy"
    assert {result["properties"]["installation"] for result in run["results"]} == {"perfana", "legacy"}
