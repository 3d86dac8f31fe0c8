"""`perfana-support doctor`: its exit codes and what it prints for kubectl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Facts, Reading
from perfana_support.sources.cluster import examination
from perfana_support.sources.definitions import shipped_definitions
from tests.unit.evaluate.doctor.clusters import absent, granted, items, refused, well

if TYPE_CHECKING:
    from tests.unit.cli.program import Program

PROBLEM = well(granted=granted("list pods"))
UNTOLD = well(policies=refused("list supportpolicies.support.perfana.io"))
AWAY = well(version=Reading(None, "no answer"))


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize(
    ("facts", "code", "word"),
    [(well(), 0, "All is well"), (PROBLEM, 3, "1 problem"), (UNTOLD, 5, "1 that cannot be told"), (AWAY, 2, "does not answer")],
    ids=["well", "problem", "untold", "away"],
)
def test_exit_code_says_whether_all_is_well(  # noqa: PLR0913 - a case and two fixtures
    facts: Facts, code: int, word: str, form: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "examine", lambda *_: facts)
    outcome = program("doctor", "-o", form)
    assert (outcome.code, outcome.err) == (code, "")
    if form == "json":
        assert json.loads(outcome.out)["kind"] == "SupportDiagnosis"
    else:
        assert word in outcome.out


def test_what_is_stated_is_asked_for(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def examine(*arguments: object) -> Facts:
        asked.extend(arguments[:3])
        return PROBLEM

    monkeypatch.setattr(examination, "examine", examine)
    words = "--operator-namespace ops --service-account robot -n a -n b -n a --lease-name other"
    outcome = program("doctor", *words.split(), "--context", "with blank", "--kubeconfig", "file")
    assert asked == ["file", "with blank", examination.Wanted("ops", "robot", ("a", "b"), "other")]
    assert "kubectl --kubeconfig file --context 'with blank' apply -f -" in outcome.out


def test_helm_is_told_of_the_same_cluster_in_its_own_words(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = well(setup=setup_of(None, "shop"), deployments=items(), lease=absent(), leases=items())
    monkeypatch.setattr(examination, "examine", lambda *_: nothing)
    outcome = program("doctor", "--context", "with blank", "--kubeconfig", "file")
    assert "helm --kubeconfig file --kube-context 'with blank' upgrade --install" in outcome.out


def printed(program: Program, *words: str) -> list[str]:
    outcome = program("doctor", *words)
    assert (outcome.code, outcome.err) == (0, "")
    return [f"{each['kind']} {each['metadata']['name']}" for each in json.loads(outcome.out)["items"]]


def test_definitions_are_printed_for_kubectl(program: Program) -> None:
    assert printed(program, "--print", "definitions") == [f"CustomResourceDefinition {name}" for name in shipped_definitions()]


def test_rights_are_printed_for_kubectl(program: Program) -> None:
    assert printed(program, "--print", "rights")[:3] == [
        "ServiceAccount perfana-support",
        "ClusterRole perfana-support",
        "ClusterRoleBinding perfana-support",
    ]
    assert printed(program, "--print", "rights", "-n", "a", "--service-account", "robot")[:2] == [
        "ServiceAccount robot",
        "Role perfana-support",
    ]


def test_rights_of_a_reader_are_printed_for_whom_they_are(program: Program) -> None:
    assert printed(program, "--print", "reader", "--reader", "ann") == [
        "ClusterRole perfana-support-reader",
        "ClusterRoleBinding perfana-support-reader-ann",
    ]


@pytest.mark.parametrize("words", [("--print", "reader"), ("--reader", "ann"), ("--print", "rights", "--reader", "ann")])
def test_reader_without_a_name_is_a_fault(program: Program, words: tuple[str, ...]) -> None:
    outcome = program("doctor", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--print reader and --reader NAME need each other" in outcome.err


def test_kubeconfig_that_is_not_there_is_named(program: Program) -> None:
    outcome = program("doctor", "--kubeconfig", "/nowhere")
    assert (outcome.code, outcome.out, "/nowhere: gives no cluster" in outcome.err) == (2, "", True)
