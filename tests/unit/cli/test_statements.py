"""What the user states: what cannot be read as what it must be is a slip, and no slip may pass."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.target import read_release
from perfana_support.model.kubernetes import parse_kubernetes_version
from tests.unit.builders import policy
from tests.unit.cli.program import CHARTS, Program
from tests.unit.sources.manifests import write

NEW = str(CHARTS / "perfana-4.0.3.yaml")
RUN = ("check", "-f", NEW, "--as-of", "2026-11-24")
RELEASES = ["0.2.96.22", "0.2", "4.0.0", "perfana-4.0.0", "9.9"]
NO_RELEASES = [
    "0.2.96.2x",
    "0.2.",
    "v0.2",
    "latest",
    "4",
    "0.2.96.22.1",
    " 0.2",
    "0,2",
    "perfana/perfana-web:0.2.96.22",
    "\u0660.\u0662",
]
VERSIONS = ["v1.36.3", "1.36", "1.36+", "v1.36.3-eks-a1b2c3d", "v1.36.3+k3s1"]
NO_VERSIONS = ["1.x", "1", "v1", "1.36.3.4.x", "latest", "1,36", " 1.36", "k8s-1.36", "\u0661.\u0663\u0666"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check_file(folder: Path, spec: str) -> str:
    head = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportCheck\nmetadata: {name: a}\n"
    return write(folder, f"{head}spec: {spec}\n", "check.yaml")


@pytest.mark.parametrize("on_unknown", ["fail", "pass"])
@pytest.mark.parametrize("text", NO_RELEASES)
def test_target_that_is_no_release_is_bad_input(text: str, on_unknown: str, program: Program, tmp_path: Path) -> None:
    outcome = program(*RUN, "--target", text, "--on-unknown", on_unknown)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"error: --target: must be a release such as 0.2.96.22 or a line such as 0.2, is {text!r}\n"
    file = check_file(tmp_path, f"{{target: {{release: {text!r}}}}}")
    outcome = program(*RUN, "--check", file, "--on-unknown", on_unknown)
    assert (outcome.code, f"{file}: spec.target.release: must be a release" in outcome.err) == (2, True)


@pytest.mark.parametrize("on_unknown", ["fail", "pass"])
@pytest.mark.parametrize("text", NO_VERSIONS)
def test_kubernetes_version_that_is_none_is_bad_input(text: str, on_unknown: str, program: Program, tmp_path: Path) -> None:
    outcome = program(*RUN, "--kubernetes-version", text, "--on-unknown", on_unknown)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"error: --kubernetes-version: must be a Kubernetes version such as v1.36.3 or 1.36, is {text!r}\n"
    file = check_file(tmp_path, f"{{platform: {{kubernetesVersion: {text!r}}}}}")
    outcome = program(*RUN, "--check", file, "--on-unknown", on_unknown)
    assert (outcome.code, f"{file}: spec.platform.kubernetesVersion: must be a Kube" in outcome.err) == (2, True)


@pytest.mark.parametrize("text", RELEASES)
def test_releases_and_lines_are_targets(text: str, program: Program) -> None:
    assert program(*RUN, "--target", text).code != 2


@pytest.mark.parametrize("text", VERSIONS)
def test_versions_of_servers_are_taken(text: str, program: Program) -> None:
    assert program(*RUN, "--kubernetes-version", text).code != 2


def test_slip_in_a_variable_is_one_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERFANA_SUPPORT_TARGET", "0.2.96.2x")
    assert program(*RUN, "--on-unknown", "pass").code == 2


@given(st.text(max_size=12))
def test_what_is_taken_names_a_number(text: str) -> None:
    for read in (read_release(text, policy()), parse_kubernetes_version(text)):
        assert read is None or any(character.isdigit() for character in text)
