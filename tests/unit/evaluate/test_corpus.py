"""The corpus of images: what must come of tags and references seen in the wild (tests/data/corpus/README.md)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from perfana_support.model.code import ConditionType, Effect
from perfana_support.sources.yaml_document import load_document
from tests.unit.builders import TODAY, judge, supported

FILE = Path(__file__).parents[2] / "data" / "corpus" / "images.yaml"
# The findings that the corpus lists. `supported` is that of the whole verdict, where an image comes from included.
JUDGED = {ConditionType.VERSION_SUPPORTED, ConditionType.BUILD_SUPPORTED}
FIELDS = {"name", "images", "as_of", "policy", "expect"}
FACTS = Path(__file__).parents[2] / "data" / "facts" / "releases.yaml"


def _load(file: Path) -> Any:  # noqa: ANN401 - plain data
    with file.open("rb") as stream:
        return load_document(stream)


CASES: list[dict[str, Any]] = _load(FILE)


@pytest.mark.parametrize("case", CASES, ids=[case["name"].replace(" ", "-") for case in CASES])
def test_corpus(case: dict[str, Any]) -> None:
    as_of = date.fromisoformat(case["as_of"]) if "as_of" in case else TODAY
    verdict = judge(*case["images"], as_of=as_of, spec=case.get("policy"))
    own = [finding for finding in verdict.findings if JUDGED & set(finding.code.conditions)]
    found = [[str(f.code), f.subject.image] for f in own if f.effect is not Effect.INFO]
    info = {str(f.code) for f in own if f.effect is Effect.INFO} - {"UpgradeAvailable"}
    assert {
        "supported": str(supported(verdict)),
        "findings": sorted(found),
        "info": sorted(info),
    } == {
        "supported": str(case["expect"]["supported"]),
        "findings": sorted(case["expect"]["findings"]),
        "info": sorted(case["expect"].get("info", [])),
    }


def test_corpus_is_large() -> None:
    assert len(CASES) >= 120


def test_corpus_names_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_corpus_has_known_fields_only() -> None:
    assert {field for case in CASES for field in case} <= FIELDS
    assert {field for case in CASES for field in case["expect"]} <= {"supported", "findings", "info"}


def test_corpus_has_every_tag_seen() -> None:
    seen = _load(FACTS)["tagsSeen"]
    tags = {tag for kind, listed in seen.items() if kind != "repositories" for tag in listed}
    images = [image for case in CASES for image in case["images"]]
    assert {tag for tag in tags if not any(image.endswith(f":{tag}") for image in images)} == set()


def test_corpus_has_every_repository_seen() -> None:
    images = [image for case in CASES for image in case["images"]]
    for repository in _load(FACTS)["tagsSeen"]["repositories"]:
        assert any(image.startswith(repository) for image in images), repository
