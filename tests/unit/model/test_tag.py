"""The grammar of tags, rule by rule, under the built-in vocabulary and others."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.policy import Build
from perfana_support.model.release import Release, parse_release
from perfana_support.model.tag import TagReading, read_tag
from tests.unit.builders import policy

RULES = policy().tags

# Tags in ascending order, as they were published one after the other inside one numbering; every pair is tested.
RELEASES_2_TO_4 = [
    "perfana-2.1.0",
    "perfana-2.2.0",
    "perfana-2.2.1-alpine",
    "perfana-2.3.0",
    "perfana-2.4.4",
    "perfana-2.5.0",
    "perfana-2.6.1-arm64",
    "perfana-2.10.0",
    "perfana-3.1.0",
    "perfana-3.5.3",
    "perfana-4.0",
    "v4.0.0.1",
    "4.0.1",
]
RELEASES_0 = [
    "0.1.0",
    "0.2.0",
    "0.2.9",
    "0.2.10",
    "0.2.23.0-alpine",
    "v0.2.23.1",
    "0.2.24",
    "0.2.61.99",
    "0.2.61.100",
    "0.2.61.105",
    "0.2.96.22",
    "0.2.96.27-ubi9",
    "0.2.97.0-SNAPSHOT",
]
COMPONENT_VERSIONS = ["1.0.0-blog", "1.27.0-alpine", "2.2.0", "2.3.0-demo", "2.10.15", "2.32.0-alpine", "2.46.1", "3.3.0"]
PAIRS = [pair for tags in (RELEASES_2_TO_4, RELEASES_0, COMPONENT_VERSIONS) for pair in combinations(tags, 2)]

SEPARATORS = "-._"
PRE_RELEASES = {
    "alpha": Build.BETA,
    "beta": Build.BETA,
    "rc": Build.RELEASE_CANDIDATE,
    "cr": Build.RELEASE_CANDIDATE,
    "m": Build.MILESTONE,
    "milestone": Build.MILESTONE,
    "preview": Build.DEVELOPMENT,
    "pre": Build.DEVELOPMENT,
    "dev": Build.DEVELOPMENT,
    "nightly": Build.DEVELOPMENT,
}
VARIANTS = ["alpine", "slim", "amd64", "arm64", "jdk8", "jdk11", "jdk17", "jdk21"]
WHOLE_TAGS = {
    "sha-5f668d8": Build.COMMIT,
    "sha-0123456789abcdef0123456789abcdef01234567": Build.COMMIT,
    "develop": Build.DEVELOPMENT,
    "pr-1": Build.DEVELOPMENT,
    "pr-1234": Build.DEVELOPMENT,
    "latest": Build.FLOATING,
    "main": Build.FLOATING,
    "demo": Build.FLOATING,
    "blog": Build.FLOATING,
    "lts-20210917": Build.FLOATING,
    "lts-20221218-arm64": Build.FLOATING,
    "arm64-4": Build.FLOATING,
}
# Outside of the grammar: they say nothing at all.
FLOATING = [
    "sha-",
    "sha-xyz",
    "SHA-5f668d8",
    "xsha-5f668d8",
    "developer",
    "pr-",
    "pr-x",
    "lts-",
    "4",
    "20261124",
    "SNAPSHOT",
    "perfana-",
    "perfana-latest",
    "perfana-v4.0.0",
    "vperfana-4.0.0",
    "vv4.0.0",
    "PERFANA-4.0.0",
    "release-4.0.0",
    "4.x",
    "1234567890.1",
]
# Qualifiers that name nothing, and the one that is reported.
ODD = {
    "4.0.0-demo": "demo",
    "4.0.0-5f668d8": "5f668d8",
    "4.0.0-Demo": "demo",
    "4.0.0-": "empty qualifier",
    "4.0.0--alpine": "empty qualifier",
    "4.0.0-alpine3": "alpine3",
    "4.0.0-alpine-3": "3",
    "4.0.0-rcx": "rcx",
    "4.0.0-rc1x": "rc1x",
    "4.0.0-1": "1",
    "0.2.96.22.7": "7",
    "4.0.0-acme-corp": "acme",
    "4.0.0-ubi8": "ubi8",
    "4.0.0-ubi9-acme": "acme",
    "4.0.0-final": "final",
    "4.0.0alpine": "alpine",
    "0.2.96.1234567890": "1234567890",
}


def _number(tag: str) -> Release:
    number = read_tag(tag, RULES).number
    assert number is not None, tag
    return number


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_tags_are_ordered_by_their_numbers(lower: str, higher: str) -> None:
    assert _number(lower) < _number(higher)


@pytest.mark.parametrize("tag", ["0.2.96.22", "v0.2.96.22", "perfana-0.2.96.22"])
def test_prefix_is_no_part_of_the_number(tag: str) -> None:
    assert _number(tag) == Release(0, 2, 96, 22)


def test_release_prefix_marks_a_release_and_a_bare_prefix_does_not() -> None:
    assert [read_tag(tag, RULES).is_release for tag in ("perfana-4.0.0", "v4.0.0", "4.0.0")] == [True, False, False]


@pytest.mark.parametrize(("tag", "is_line"), [("0.2", True), ("0.2-alpine", True), ("0.2.0", False), ("0.2.0.0", False)])
def test_two_numbers_name_a_line(tag: str, *, is_line: bool) -> None:
    assert read_tag(tag, RULES).is_line is is_line


def test_text_is_the_number_as_the_tag_spells_it() -> None:
    assert read_tag("perfana-0.2.24-alpine", RULES).text == "0.2.24"


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("word", ["SNAPSHOT", "snapshot", "Snapshot", "SNAPSHOT-6293480", "SNAPSHOT-070b0f0", "SNAPSHOT3"])
def test_snapshot_in_any_case_and_behind_any_separator(separator: str, word: str) -> None:
    assert read_tag(f"2.2.0{separator}{word}", RULES).build is Build.SNAPSHOT


@pytest.mark.parametrize("other", [*PRE_RELEASES, *VARIANTS, "ubi9", "acme", ""])
def test_snapshot_wins_over_every_other_qualifier(other: str) -> None:
    assert read_tag(f"2.2.0-{other}-SNAPSHOT", RULES).build is Build.SNAPSHOT
    assert read_tag(f"2.2.0-SNAPSHOT-{other}", RULES).build is Build.SNAPSHOT


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("count", ["", "1", ".1", "-2", "_3"])
@pytest.mark.parametrize("word", PRE_RELEASES)
def test_pre_release_with_or_without_count(word: str, count: str, separator: str) -> None:
    assert read_tag(f"4.0.0{separator}{word}{count}", RULES).build is PRE_RELEASES[word]
    assert read_tag(f"4.0.0{separator}{word.upper()}{count}", RULES).build is PRE_RELEASES[word]


@pytest.mark.parametrize("word", PRE_RELEASES)
def test_pre_release_wins_over_variants_and_unknown_words(word: str) -> None:
    for other in (*VARIANTS, "ubi9", "acme"):
        assert read_tag(f"4.0.0-{other}-{word}", RULES).build is PRE_RELEASES[word]
        assert read_tag(f"4.0.0-{word}-{other}", RULES).build is PRE_RELEASES[word]


def test_first_of_two_pre_releases_names_the_build() -> None:
    assert read_tag("4.0.0-rc1-beta", RULES).build is Build.RELEASE_CANDIDATE


@pytest.mark.parametrize("word", VARIANTS)
def test_variant_is_a_released_build(word: str) -> None:
    assert read_tag(f"4.0.0-{word}", RULES).build is Build.RELEASED


@pytest.mark.parametrize("tag", ["4.0.0-ubi9", "4.0.0-ubi9-arm64", "4.0.0-alpine-ubi9"])
def test_repackaged_variant_is_told_apart(tag: str) -> None:
    assert read_tag(tag, RULES).build is Build.REPACKAGED


@pytest.mark.parametrize(("tag", "odd"), ODD.items())
def test_unknown_qualifier_names_no_build(tag: str, odd: str) -> None:
    reading = read_tag(tag, RULES)
    assert (reading.build, reading.odd) == (None, odd)


@pytest.mark.parametrize(("tag", "build"), WHOLE_TAGS.items())
def test_whole_tag_has_a_build_and_no_number(tag: str, build: Build) -> None:
    assert read_tag(tag, RULES) == TagReading(tag, None, is_line=False, is_release=False, build=build)


@pytest.mark.parametrize("tag", FLOATING)
def test_tag_outside_of_the_grammar_says_nothing(tag: str) -> None:
    assert read_tag(tag, RULES) == TagReading(tag, None, is_line=False, is_release=False, build=Build.FLOATING)


@pytest.mark.parametrize(
    "tag", ["4.0.0", "4.0.0-alpine", "4.0.0-ubi9", "4.0.0-rc.1", "4.0.0-acme-rc1", "4.0.0-x-SNAPSHOT", "latest"]
)
def test_build_that_is_known_leaves_nothing_odd(tag: str) -> None:
    assert read_tag(tag, RULES).odd == ""


def test_vocabulary_is_policy_data() -> None:
    tags = {
        "releasePrefixes": ["acme-"],
        "barePrefixes": [],
        "qualifiers": [{"name": "gold", "build": "Released"}, {"name": "try", "build": "Beta"}],
        "wholeTags": [{"name": "edge.<n>", "build": "Development"}],
    }
    rules = policy({"tags": tags}).tags
    tags_read = ["acme-4.0.0-gold", "perfana-4.0.0", "v4.0.0", "4.0.0-try7", "edge.3", "edgex3"]
    readings = [read_tag(tag, rules) for tag in tags_read]
    assert [(reading.is_release, reading.build) for reading in readings] == [
        (True, Build.RELEASED),
        (False, Build.FLOATING),
        (False, Build.FLOATING),
        (False, Build.BETA),
        (False, Build.DEVELOPMENT),
        (False, Build.FLOATING),
    ]


@given(st.text(max_size=128))
def test_any_text_can_be_read(tag: str) -> None:
    reading = read_tag(tag, RULES)
    assert reading.number is None or parse_release(reading.text) == reading.number


@given(st.lists(st.sampled_from([*PRE_RELEASES, *VARIANTS, "ubi9", "acme", "1", ""]), max_size=5), st.integers(0, 5))
def test_snapshot_wins_wherever_it_stands(words: list[str], place: int) -> None:
    words.insert(place, "SNAPSHOT")
    assert read_tag("-".join(["4.0.0", *words]), RULES).build is Build.SNAPSHOT


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12))
def test_word_outside_of_the_vocabulary_never_names_a_released_build(word: str) -> None:
    reading = read_tag(f"4.0.0-{word}", RULES)
    assert (reading.build is Build.RELEASED) == (word in VARIANTS)


@pytest.mark.parametrize(
    ("tag", "build"),
    [
        ("4.0.0SNAPSHOT", Build.SNAPSHOT),
        ("perfana-4.0.0snapshot", Build.SNAPSHOT),
        ("0.2.96.22rc1", Build.RELEASE_CANDIDATE),
        ("0.2.96.22beta", Build.BETA),
        ("0.2.96.22ubi9", None),
        ("0.2.96.22alpine", None),
        ("0.2.96.22a", None),
    ],
)
def test_letters_right_behind_the_numbers_are_a_qualifier(tag: str, build: Build | None) -> None:
    reading = read_tag(tag, RULES)
    assert (reading.build, reading.text) == (build, tag.removeprefix("perfana-")[: 5 if "4.0.0" in tag else 9])
