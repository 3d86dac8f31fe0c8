"""Evidence that was written and read again is the same, and gives the same verdict."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.cli.evidence import judge
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.answer import Absent, Answer, Config, Gap, Index, Manifest, PlatformEntry, Question, Subject
from perfana_support.model.check import read_check
from perfana_support.model.document import DocumentError, Json
from perfana_support.model.evidence import Evidence
from perfana_support.model.installation import Installation
from perfana_support.sources.bundle.evidence import (
    CHECK,
    INSTALLATION,
    OBJECTS,
    POLICY,
    REGISTRIES,
    evidence_files,
    read_evidence,
    written,
)
from perfana_support.sources.policy import merged_document, policy_of
from tests.unit.builders import TODAY, policy_document
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, observed
from tests.unit.installations import Objects, installations

SPECS = st.sampled_from(
    [
        {},
        {"images": {"mirrors": [{"from": "harbor.example.com/dockerhub/", "to": "docker.io/"}]}},
        {"publishedOn": "2024-01-01", "images": {"verification": "Catalogue"}},
    ]
)
CHECK_DOCUMENT: Json = {
    "apiVersion": "support.perfana.io/v1alpha1",
    "kind": "SupportCheck",
    "metadata": {"name": "perfana", "namespace": "perfana"},
    "spec": {
        "maintenance": {"plan": "Team", "expiresOn": "2030-01-01"},
        "target": {"release": "0.2.96.22"},
        "waivers": [{"code": "CommandOverridden", "reason": "agreed", "agreedBy": "the team", "expiresOn": "2027-01-01"}],
    },
}


def evidence_of(installation: Installation, spec: dict[str, Any] | None = None, check: Json = CHECK_DOCUMENT) -> Evidence:
    """Build evidence of an installation as a cluster shows it."""
    source = {"kind": "Cluster", "server": "https://server.example:6443", "context": ""}
    return Evidence(installation, merged_document(policy_document(**spec or {})), check, TODAY, source)


def read_again(evidence: Evidence) -> Evidence:
    """Write evidence and read it."""
    return read_evidence({name: json.loads(written(document)) for name, document in evidence_files(evidence).items()})


@given(installations(), CIRCUMSTANCES, st.sampled_from([(), ("pods cannot be listed: forbidden",)]))
def test_what_was_written_is_read_as_it_was(objects: Objects, circumstances: Circumstances, gaps: tuple[str, ...]) -> None:
    evidence = evidence_of(observed(held(objects, circumstances))._replace(gaps=gaps, is_part=True))
    again = read_again(evidence)
    # Only what the written policy builds on is stated anew.
    assert again == evidence._replace(policy=again.policy)
    assert policy_of(again.policy).fields == policy_of(evidence.policy).fields


@given(installations(), CIRCUMSTANCES, SPECS)
def test_what_was_written_is_judged_as_it_was(objects: Objects, circumstances: Circumstances, spec: dict[str, Any]) -> None:
    installation = observed(held(objects, circumstances))
    evidence = evidence_of(installation, spec)
    check = read_check(CHECK_DOCUMENT["spec"])
    assert judge(read_again(evidence), "a bundle").verdict == evaluate(
        installation, policy_of(policy_document(**spec)), TODAY, check
    )


ANSWERS: dict[Question, Answer] = {
    Question(Subject.MANIFEST, "docker.io/perfana/perfana-web", "0.2.96.22"): Index(
        "sha256:" + "1" * 64, (PlatformEntry("linux/amd64", "sha256:" + "2" * 64), PlatformEntry("", "sha256:" + "3" * 64))
    ),
    Question(Subject.MANIFEST, "docker.io/perfana/perfana-web", "sha256:" + "2" * 64): Manifest(
        "sha256:" + "2" * 64, "sha256:" + "4" * 64
    ),
    Question(Subject.CONFIG, "docker.io/perfana/perfana-web", "sha256:" + "4" * 64): Config(
        "sha256:" + "4" * 64, "linux/amd64", ("sha256:" + "5" * 64,) * 2, (("Env", '["A=b"]'),), ("COPY . .", "")
    ),
    Question(Subject.CONFIG, "harbor.example.com/x", "sha256:" + "6" * 64): Absent(),
    Question(Subject.MANIFEST, "harbor.example.com/x", "1"): Gap("harbor.example.com refuses it (403)"),
}


def test_what_registries_said_is_read_as_it_was_written() -> None:
    evidence = evidence_of(observed([])._replace(answers=ANSWERS))
    assert read_again(evidence).installation.answers == ANSWERS


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({}, "answers[0].index: or one of manifest, config, absent and gap must be there"),
        ({"index": {"digest": 5}}, "index.digest: must be a text"),
        ({"config": {"digest": "x", "platform": "", "diffIds": [1], "history": []}}, "config.diffIds: must be a list of texts"),
        ({"manifest": {"digest": "x"}}, "manifest.config: is missing"),
        ({"gap": "x", "more": 1}, "answers[0].more: is not a known field"),
    ],
)
def test_an_answer_that_is_none_is_named(answer: Json, told: str) -> None:
    files = dict(evidence_files(evidence_of(observed([]))))
    files[REGISTRIES] = {"answers": [{"subject": "Manifest", "repository": "a", "reference": "b", **answer}]}
    with pytest.raises(DocumentError) as caught:
        read_evidence(files)
    assert told in str(caught.value)


def test_another_day_can_be_asked_about() -> None:
    evidence = evidence_of(observed([]))
    day = TODAY + timedelta(days=400)
    assert judge(evidence, "a bundle", day).verdict.as_of == day


@pytest.mark.parametrize("missing", [INSTALLATION, OBJECTS, POLICY])
def test_evidence_of_which_a_part_is_missing_is_none(missing: str) -> None:
    files = evidence_files(evidence_of(observed([])))
    del files[missing]
    with pytest.raises(DocumentError, match=f"{missing}: is missing"):
        read_evidence(files)


def test_evidence_without_a_check_is_judged_without_one() -> None:
    files = evidence_files(evidence_of(observed([]), check={}))
    assert CHECK not in files
    assert judge(read_evidence(files), "a bundle").check == read_check({})
