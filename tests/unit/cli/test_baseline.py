"""`check --baseline`: what an earlier report found, and what only looks like it."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import deployment, write

AT = ("--as-of", "2026-11-24")
LATER = ("--as-of", "2027-01-02")
OLD = str(CHARTS / "perfana-3.1.2.yaml")
CHECK = """\
apiVersion: support.perfana.io/v1alpha1
kind: SupportCheck
metadata: {name: a}
spec: {waivers: [{code: EndOfLife, reason: migration, agreedBy: acme, expiresOn: 2026-12-31}]}
"""


def manifest(folder: Path, **settings: object) -> str:
    """A Deployment of a component whose container sets this."""
    entity = deployment("a", image="perfana/perfana-web:0.2.96.22")
    pod = entity["spec"]["template"]["spec"]
    pod["containers"][0] |= settings
    pod["volumes"] = [{"name": "v", "configMap": {"name": "c"}}]
    return write(folder, json.dumps(entity))


def mounts(*paths: str) -> list[dict[str, str]]:
    return [{"name": "v", "mountPath": path} for path in paths]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ended_waiver_is_no_pass(program: Program, folder: Path) -> None:
    write(folder, CHECK, "check.yaml")
    waived = ("check", "-f", OLD, "--check", "check.yaml")
    assert program(*waived, *AT, "-o", "json=before.json").code == 0
    assert program(*waived, *AT, "--baseline", "before.json").code == 0
    assert program(*waived, *LATER).code == 3
    assert program(*waived, *LATER, "--baseline", "before.json").code == 3


def test_mount_in_anothers_place_is_new(program: Program, folder: Path) -> None:
    file = manifest(folder, volumeMounts=mounts("/app/a"))
    assert program("check", "-f", file, *AT, "-o", "json=before.json").code == 3
    assert program("check", "-f", file, *AT, "--baseline", "before.json").code == 0
    manifest(folder, volumeMounts=mounts("/app/dist"))
    assert program("check", "-f", file, *AT, "--baseline", "before.json").code == 3


def test_variable_in_anothers_place_is_new(program: Program, folder: Path) -> None:
    def judged(name: str, *more: str) -> int:
        file = manifest(folder, env=[{"name": name, "value": "--require /x.js"}])
        return program("check", "-f", file, *AT, "--fail-on", "at-risk", *more).code

    assert judged("NODE_OPTIONS", "-o", "json=before.json") == 4
    assert judged("NODE_OPTIONS", "--baseline", "before.json") == 0
    assert judged("JAVA_TOOL_OPTIONS", "--baseline", "before.json") == 4


@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_fingerprint_stays_when_another_mount_is_added(form: str, program: Program, folder: Path) -> None:
    def fingerprints(*paths: str) -> set[str]:
        file = manifest(folder, volumeMounts=mounts(*paths))
        document = json.loads(program("check", "-f", file, *AT, "-o", form).out)
        if form == "gitlab":
            return {each["fingerprint"] for each in document}
        return {each["partialFingerprints"]["primaryLocationLineHash"] for each in document["runs"][0]["results"]}

    assert fingerprints("/app/b") < fingerprints("/app/a", "/app/b")


def test_baseline_of_an_older_version_says_what_it_does_not_know(program: Program, folder: Path) -> None:
    file = manifest(folder, volumeMounts=mounts("/app/a"))
    program("check", "-f", file, *AT, "-o", "json=before.json")
    report = json.loads((folder / "before.json").read_text())
    for finding in report["findings"]:
        del finding["detail"]
    write(folder, json.dumps(report), "before.json")
    outcome = program("check", "-f", file, *AT, "--baseline", "before.json")
    assert outcome.code == 3
    assert outcome.err.startswith("note: --baseline before.json: an older version wrote it")
    program("check", "-f", file, *AT, "-o", "json=before.json")
    assert program("check", "-f", file, *AT, "--baseline", "before.json").err == ""
