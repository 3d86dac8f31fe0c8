"""Kubernetes versions of the real world: what each text says."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.kubernetes import KubernetesVersion, parse_kubernetes_version
from perfana_support.sources.yaml_document import load_document
from tests.unit.platform_rules import platform_rules

CORPUS = Path(__file__).parents[2] / "data/corpus/kubernetes-versions.yaml"


def cases() -> list[dict[str, Any]]:
    with CORPUS.open("rb") as stream:
        document = load_document(stream)
    assert isinstance(document, list)
    return document


CASES = cases()
VERSIONS = [case for case in CASES if case["line"]]

# Ascending by semver, https://semver.org/#spec-item-11, with the spellings of vendors among them.
ORDERED = [
    "v1.9.11",
    "v1.35.0-alpha",
    "v1.35.0-alpha.0.6+84c76d1142ea4d",
    "v1.35.0-alpha.1",
    "v1.35.0-alpha.1.12+0123456789abcd",
    "v1.35.0-alpha.2",
    "v1.35.0-alpha.10",
    "v1.35.0-beta.0",
    "v1.35.0-rc.0",
    "v1.35.0-rc2+k3s1",
    "v1.35.0-rc.10",
    "v1.35.0-gke.100",
    "v1.35.2+rke2r1",
    "v1.35.10-eks-1a2b3c",
    "v1.36.0-rc.1",
    "1.36",
    "v2.0.0-alpha.1",
    "v2.0.0",
    "v10.0.0",
]


def version(text: str) -> KubernetesVersion:
    read = parse_kubernetes_version(text)
    assert read is not None, text
    return read


def test_corpus_is_as_large_as_was_asked() -> None:
    assert len({case["text"] for case in CASES}) == len(CASES) >= 220


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case["text"]))
def test_text_gives_line_distribution_and_pre_release(case: dict[str, Any]) -> None:
    read = parse_kubernetes_version(case["text"])
    if case["line"] is None:
        assert read is None
        return
    assert read is not None
    detected = platform_rules().detect(read)
    assert read.line == case["line"]
    assert (detected.name if detected else None) == case.get("distribution")
    assert read.pre_release == case.get("preRelease", "")
    assert read.is_dirty is case.get("dirty", False)
    assert read.is_release is not ("preRelease" in case or "dirty" in case)


@pytest.mark.parametrize("case", VERSIONS, ids=lambda case: ascii(case["text"]))
def test_suffix_takes_no_part_in_the_comparison(case: dict[str, Any]) -> None:
    read = version(case["text"])
    bare = f"{read.line}.{read.patch or 0}" + (f"-{read.pre_release}" if read.pre_release else "")
    assert version(bare).precedence == read.precedence


@pytest.mark.parametrize(("low", "high"), [(low, high) for place, low in enumerate(ORDERED) for high in ORDERED[place + 1 :]])
def test_versions_are_ordered_by_precedence(low: str, high: str) -> None:
    assert version(low).precedence < version(high).precedence


def test_build_metadata_does_not_order() -> None:
    assert version("v1.33.4+k3s1").precedence == version("v1.33.4+k3s2").precedence == version("v1.33.4").precedence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.33.4-gke.100", KubernetesVersion("v1.33.4-gke.100", 1, 33, 4, "", "-gke.100", is_dirty=False)),
        ("1.33+", KubernetesVersion("1.33+", 1, 33, None, "", "", is_dirty=False)),
        ("v1.24.0-rc2+k3s1", KubernetesVersion("v1.24.0-rc2+k3s1", 1, 24, 0, "rc.2", "+k3s1", is_dirty=False)),
        ("v1.33.4-dirty+abc", KubernetesVersion("v1.33.4-dirty+abc", 1, 33, 4, "", "+abc", is_dirty=True)),
    ],
)
def test_version_is_taken_apart(text: str, expected: KubernetesVersion) -> None:
    assert parse_kubernetes_version(text) == expected


@pytest.mark.parametrize("word", ["alphabet", "betamax", "arc", "rcs", "prerc"])
def test_word_that_only_contains_a_pre_release_is_none(word: str) -> None:
    assert version(f"v1.33.4-{word}.1").is_release


def test_numbers_are_read_up_to_nine_digits() -> None:
    assert version("v1.123456789.0").minor == 123456789
    assert parse_kubernetes_version("v1.1234567890.0") is None


def test_text_is_read_up_to_a_length() -> None:
    start = "v1.33.4+"
    assert parse_kubernetes_version(start + "a" * (128 - len(start))) is not None
    assert parse_kubernetes_version(start + "a" * (129 - len(start))) is None


@given(st.text(alphabet="v0123456789.+-_rcalphbetdiygkes<> ", max_size=140))
def test_no_text_breaks_the_reader(text: str) -> None:
    read = parse_kubernetes_version(text)
    if read is not None:
        assert read.text == text
        assert version(read.line).number == read.number
        platform_rules().detect(read)


@given(
    st.tuples(st.integers(0, 99), st.integers(0, 999), st.integers(0, 999)),
    st.sampled_from([case["text"] for case in VERSIONS if case.get("distribution")]),
)
def test_any_numbers_before_a_known_suffix_give_their_line(numbers: tuple[int, int, int], known: str) -> None:
    suffix = version(known).suffix
    read = version("v{}.{}.{}".format(*numbers) + suffix)
    assert (read.number, read.patch) == (numbers[:2], numbers[2])
    assert platform_rules().detect(read) == platform_rules().detect(version(known))
