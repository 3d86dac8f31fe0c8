"""A run that could judge nothing says so in every report: an older one would go on saying what it says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from lxml import etree

from perfana_support.cli import judging
from perfana_support.reports.formats import FORMATS
from perfana_support.sources.cluster import snapshot
from perfana_support.sources.errors import Fault, SourceError
from tests.unit.cli.program import CHARTS, ROOT, Program
from tests.unit.sources.manifests import text, write

AT = ("--as-of", "2026-11-24")
GOOD = str(CHARTS / "perfana-4.0.3.yaml")
SCHEMAS = ROOT / "tests" / "data" / "schemas"
# What makes a run judge nothing, each as arguments, with a word of the fault.
FAILURES = {
    "no such file": (["-f", "absent.yaml"], "absent.yaml"),
    "broken": (["-f", "broken.yaml"], "broken.yaml"),
    "empty": (["-f", "empty.yaml"], "empty.yaml"),
    "no manifest": (["-f", "values.yaml"], "values.yaml"),
    "pattern": (["-f", "x*.yaml"], "x*.yaml"),
    "policy": (["-f", GOOD, "--policy", "absent.yaml"], "absent.yaml"),
    "baseline": (["-f", GOOD, "--baseline", "values.yaml"], "values.yaml"),
    "check": (["-f", GOOD, "--check", "values.yaml"], "values.yaml"),
    "cluster": (["-A"], "server"),
    "all let pass": (["-f", "broken.yaml", "--on-unknown", "pass"], "broken.yaml"),
}
FILES = {form: f"report.{form}" for form in FORMATS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with broken inputs and no cluster."""
    monkeypatch.chdir(tmp_path)
    for name, content in {"broken.yaml": "kind: A\nb: [", "empty.yaml": "", "values.yaml": "replicas: 1\n"}.items():
        write(tmp_path, content, name)

    def fail(*_: object) -> None:
        raise SourceError([Fault("server", 0, 0, "cannot be asked: no route")])

    monkeypatch.setattr(snapshot, "read_cluster", fail)
    return tmp_path


def _run(program: Program, *arguments: str) -> int:
    outputs = [word for form, file in FILES.items() for word in ("-o", f"{form}={file}")]
    return program("check", *arguments, *AT, *outputs).code


@pytest.mark.parametrize("failure", FAILURES)
def test_every_report_says_that_nothing_could_be_judged(program: Program, folder: Path, failure: str) -> None:
    assert _run(program, "-f", GOOD) == 0
    before = {form: (folder / file).read_text() for form, file in FILES.items()}
    arguments, named = FAILURES[failure]
    assert _run(program, *arguments) == 2
    after = {form: (folder / file).read_text() for form, file in FILES.items()}
    assert not [form for form in FORMATS if before[form] == after[form] or not after[form]]
    assert not [form for form in FORMATS if named not in after[form].replace("&#42;", "*")]

    report = json.loads(after["json"])
    assert yaml.safe_load(after["yaml"]) == report
    assert {each["status"] for each in report["conditions"] if each["type"] == "Supported"} == {"Unknown"}
    assert named in report["source"]["faults"][0]["message"]

    cases = list(etree.fromstring(after["junit"].encode()).iter("testcase"))
    etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd")).assertValid(etree.fromstring(after["junit"].encode()))
    assert [case.get("classname") for case in cases if case.find("error") is not None][-1] == "perfana-support.input"
    assert "Supported" in {case.get("name") for case in cases if case.find("error") is not None}

    log = _sarif(after["sarif"])
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert named in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert [result["level"] for result in log["runs"][0]["results"]]
    assert after["github"].startswith("::error ")
    assert json.loads(after["gitlab"])
    assert "Undetermined" in after["html"]
    assert "cannot be determined" in after["markdown"]
    for form in ("table", "wide"):
        assert "Unknown" in after[form]


def _sarif(text_of_log: str) -> Any:  # noqa: ANN401 - plain data
    log = json.loads(text_of_log)
    jsonschema.Draft7Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text())).validate(log)
    return log


def test_whole_run_is_a_successful_execution_whatever_the_verdict(program: Program, folder: Path) -> None:
    assert folder
    for file, code in ((GOOD, 0), (str(CHARTS / "perfana-3.1.2.yaml"), 3)):
        outcome = program("check", "-f", file, *AT, "-o", "sarif")
        assert outcome.code == code
        assert _sarif(outcome.out)["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def test_part_that_cannot_be_read_is_told_with_its_place(program: Program, folder: Path) -> None:
    assert folder
    outcome = program("check", "-f", GOOD, "-f", "broken.yaml", *AT, "-o", "sarif", "-o", "json=r.json", "-o", "junit=r.xml")
    (notification,) = _sarif(outcome.out)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "broken.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 1},
    }
    faults = json.loads((folder / "r.json").read_text())["source"]["faults"]
    assert [(fault["file"], fault["line"]) for fault in faults] == [("broken.yaml", 3)]
    assert 'classname="perfana-support.input" name="broken.yaml"' in (folder / "r.xml").read_text()


def test_terminal_gets_the_error_alone_and_programs_their_report(program: Program, folder: Path) -> None:
    assert folder
    for form in FORMATS:
        outcome = program("check", "-f", "absent.yaml", *AT, "-o", form)
        assert outcome.code == 2
        assert outcome.err == "error: absent.yaml: No such file or directory\n"
        assert bool(outcome.out) is (form not in ("table", "wide"))


def test_crash_leaves_no_older_verdict(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(program, "-f", GOOD) == 0

    def crash(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr(judging, "evaluate", crash)
    assert _run(program, "-f", GOOD) == 1
    assert not [file for file in FILES.values() if (folder / file).read_text()]


def test_output_that_cannot_be_written_keeps_no_other_from_it(program: Program, folder: Path) -> None:
    outcome = program("check", "-f", GOOD, *AT, "-o", "json=absent/a.json", "-o", "junit=b.xml")
    assert (outcome.code, "absent/a.json: cannot be written" in outcome.err) == (2, True)
    assert 'name="Supported"' in (folder / "b.xml").read_text()
    outcome = program("check", "-f", "absent.yaml", *AT, "-o", "json=absent/a.json")
    assert (outcome.code, outcome.err.count("error: ")) == (2, 2)


def test_policy_of_the_report_is_the_one_that_was_read(program: Program, folder: Path) -> None:
    policy = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: ours}\nspec: {}\n"
    write(folder, policy, "policy.yaml")
    outcome = program("check", "-f", "absent.yaml", *AT, "--policy", "policy.yaml", "-o", "json")
    assert json.loads(outcome.out)["policy"]["name"] == "ours"


@pytest.mark.parametrize("named", [("-f", "."), ("-f", "*.yaml"), ("-f", ".", "--config", "own.yaml")])
def test_own_settings_among_the_manifests_are_no_manifest(program: Program, folder: Path, named: tuple[str, ...]) -> None:
    for file in folder.iterdir():
        file.unlink()
    write(folder, text(image="perfana/perfana-web:latest"), "web.yaml")
    write(folder, "on-unknown: pass\n", "own.yaml" if "--config" in named else "perfana-support.yaml")
    outcome = program("check", *named, *AT, "-o", "json")
    assert outcome.code == 0
    assert [Path(file).name for file in json.loads(outcome.out)["source"]["files"]] == ["web.yaml"]


def test_settings_that_do_not_hold_or_are_named_as_a_manifest_are_told(program: Program, folder: Path) -> None:
    (folder / "below").mkdir()
    write(folder / "below", "on-unknown: pass\n", "perfana-support.yaml")
    write(folder / "below", text(image="perfana/perfana-web:latest"), "web.yaml")
    assert program("check", "-f", "below", *AT).code == 2
    write(folder, "on-unknown: pass\n", "perfana-support.yaml")
    outcome = program("check", "-f", "perfana-support.yaml", *AT)
    assert (outcome.code, "is not a Kubernetes object" in outcome.err) == (2, True)
