"""What a pipeline must not be told by mistake."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.program import CHARTS, Program

POD = 'apiVersion: v1\nkind: Pod\nmetadata: {{name: p{namespace}}}\nspec: {{containers: [{{name: a, image: "{image}"}}]}}\n'
RELEASED, ENDED = "perfana/perfana-api:0.2.96.22", "perfana/perfana-fe:perfana-3.1.0"
CHECK = """\
apiVersion: support.perfana.io/v1alpha1
kind: SupportCheck
metadata: {name: perfana, namespace: a}
spec:
  waivers: [{code: EndOfLife, reason: planned, agreedBy: us, expiresOn: "2027-01-31"}]
"""


def _file(folder: Path, name: str, content: str) -> str:
    file = folder / name
    file.write_text(content)
    return str(file)


def _code(program: Program, *words: str) -> int:
    return program("check", *words, "--as-of", "2026-11-24").code


def test_objects_of_an_openshift_template_are_judged(program: Program, tmp_path: Path) -> None:
    snapshot = POD.format(namespace="", image="perfana/perfana-web:0.2.96.22-SNAPSHOT").replace("\n", "\n  ").rstrip()
    template = f"apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- {snapshot}\n"
    released = POD.format(namespace="", image=RELEASED)
    assert _code(program, "-f", _file(tmp_path, "t.yaml", f"{template}---\n{released}")) == 3


@pytest.mark.parametrize(("namespace", "code"), [(", namespace: a", 0), ("", 0), (", namespace: b", 2)])
def test_check_speaks_of_its_own_namespace(program: Program, tmp_path: Path, namespace: str, code: int) -> None:
    manifest = _file(tmp_path, "m.yaml", POD.format(namespace=namespace, image=ENDED))
    assert _code(program, "-f", manifest, "--check", _file(tmp_path, "c.yaml", CHECK)) == code


@pytest.mark.parametrize(("target", "code"), [("0.2.96.22", 0), ("banana", 2), ("9.9.0", 5), ("3.1.0", 3)])
def test_target_takes_part_in_the_exit_code(program: Program, tmp_path: Path, target: str, code: int) -> None:
    assert _code(program, "-f", _file(tmp_path, "m.yaml", POD.format(namespace="", image=RELEASED)), "--target", target) == code


@pytest.mark.parametrize("option", ["--target", "--kubernetes-version", "--distribution"])
def test_empty_value_is_refused(program: Program, tmp_path: Path, option: str) -> None:
    """A variable that nobody set must not look like a question that was not asked."""
    assert _code(program, "-f", _file(tmp_path, "m.yaml", POD.format(namespace="", image=RELEASED)), f"{option}=") == 2


TO_NEWEST = ("--target", "0.2.96.22", "--as-of", "2026-11-24")


@pytest.mark.parametrize(
    ("chart", "target", "judge", "code"),
    [
        ("perfana-3.1.2.yaml", "0.2.96.22", "both", 3),
        ("perfana-3.1.2.yaml", "0.2.96.22", "target", 0),
        ("perfana-4.0.3.yaml", "3.1.0", "target", 3),
        ("perfana-4.0.3.yaml", "0.2.96.22", "target", 0),
        ("perfana-4.0.3.yaml", "9.9", "target", 5),
    ],
)
def test_run_about_the_target_alone_lets_pass_what_the_upgrade_mends(
    program: Program, chart: str, target: str, judge: str, code: int
) -> None:
    asked = ("--target", target, "--as-of", "2026-11-24", "--judge", judge)
    assert program("check", "-f", str(CHARTS / chart), *asked).code == code


def test_verdict_on_a_target_says_that_it_is_none_on_what_runs(program: Program) -> None:
    asked = ("check", "-f", str(CHARTS / "perfana-3.1.2.yaml"), *TO_NEWEST, "--judge", "target")
    document = json.loads(program(*asked, "-o", "json").out)
    assert document["source"]["judged"] == "target"
    assert all(each["message"].startswith("after the upgrade to 0.2.96.22: ") for each in document["conditions"])
    assert "after the upgrade to 0.2.96.22: " in program(*asked).out


def test_run_about_the_target_needs_one(program: Program) -> None:
    outcome = program("check", "-f", str(CHARTS / "perfana-4.0.3.yaml"), "--judge", "target")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: --judge target: needs a target: --target RELEASE, or spec.target of --check FILE\n"


TARGETED = CHECK.replace("spec:", "spec:\n  target: {release: 0.2.96.22}")


@pytest.mark.parametrize("asked", [("--target", "0.2.96.22"), ("--check", "check.yaml")])
def test_nothing_that_was_found_is_no_first_installation(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str]
) -> None:
    """Whoever names files or a namespace may have named the wrong ones."""
    monkeypatch.chdir(tmp_path)
    _file(tmp_path, "check.yaml", TARGETED)
    file = _file(tmp_path, "f.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: a}\n")
    outcome = program("check", "-f", file, *asked, "--judge", "target", "--as-of", "2026-11-24")
    assert (outcome.code, "NoComponents" in outcome.out) == (5, True)
