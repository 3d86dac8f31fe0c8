"""What an API server is told to refuse: what the verdict calls unsupported by its image alone, and nothing else."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfana_support.evaluate.admission import admission
from perfana_support.model.code import Code, Effect
from perfana_support.model.image import parse_image
from tests.admission import refused_by
from tests.unit.builders import TODAY, judge, policy
from tests.unit.dependency_rules import load

DAYS = [date(2024, 4, 12), TODAY, date(2027, 2, 2), date(2029, 1, 1)]
BY_IMAGE = {Code.END_OF_LIFE, Code.TEST_REPOSITORY, Code.SNAPSHOT_BUILD, Code.BETA_BUILD, Code.RELEASE_CANDIDATE_BUILD} | {
    Code.MILESTONE_BUILD,
    Code.DEVELOPMENT_BUILD,
}
MIRROR: dict[str, Any] = {"images": {"mirrors": [{"from": "harbor.acme.example:8443/hub/", "to": "docker.io/"}]}}
OLD = "sha256:" + "ab" * 32
NEW = "sha256:" + "cd" * 32
LISTED: dict[str, Any] = {
    "images": {
        "digests": [
            {"digest": OLD, "repository": "perfana/perfana-fe", "release": "3.1.0"},
            {"digest": NEW, "repository": "perfana/perfana-web", "release": "0.2.96.22"},
        ]
    }
}
REGISTRIES = ["", "docker.io/", "index.docker.io/", "registry-1.docker.io:443/", "Docker.IO/"]
NAMES = ["fe", "web", "api", "check", "grafana", "ds", "snapshot", "fe-test", "web-test"]
NUMBERS = [
    "3.1.0",
    "3.1",
    "03.1.2",
    "2.4.3",
    "3.2.1",
    "3.3.0",
    "3.3.0.0",
    "3.3.0.5",
    "2.27.0",
    "4.0.0",
    "0.1.0",
    "0.2.96.22",
    "31.0.0",
]
WORDS = [
    "SNAPSHOT",
    "snapshot2",
    "beta",
    "rc1",
    "M2",
    "dev",
    "alpine",
    "ubi9",
    "jdk17",
    "acme",
    "1",
    "",
    "alpine3",
    "sha",
    "rc-1",
]
TAILS = st.lists(st.tuples(st.sampled_from(["-", ".", "_", ""]), st.sampled_from(WORDS)), max_size=3).map(
    lambda parts: "".join(separator + word for separator, word in parts)
)
WHOLE = ["latest", "main", "develop", "pr-12", "pr-x", "sha-5f668d8", "lts-3", "3.1.0SNAPSHOT", "SNAPSHOT", "nightly"]
TAGS = st.builds("{}{}{}".format, st.sampled_from(["", "perfana-", "v", "perfana-v"]), st.sampled_from(NUMBERS), TAILS)
IMAGES = st.builds(
    "{}perfana/perfana-{}:{}".format, st.sampled_from(REGISTRIES), st.sampled_from(NAMES), TAGS | st.sampled_from(WHOLE)
)


def _found(image: str, day: date, spec: Mapping[str, Any] | None = None) -> set[Code]:
    return {each.code for each in judge(image, as_of=day, spec=spec).findings if each.subject.image == image} & BY_IMAGE


def _assert_agrees(image: str, day: date, spec: Mapping[str, Any] | None = None) -> None:
    rule = refused_by(image, admission(policy(spec), day))
    found = _found(image, day, spec)
    assert (rule is not None) is bool(found), (image, day, rule, found)
    assert rule is None or rule.code in found or rule.code is not Code.END_OF_LIFE


@given(image=IMAGES.filter(parse_image), day=st.sampled_from(DAYS))
@example(image="perfana/perfana-fe:3.3.0.5", day=DAYS[-1])
@example(image="perfana/perfana-fe:3.3.0", day=DAYS[-1])
@example(image="perfana/perfana-fe:3.3", day=DAYS[-1])
@example(image="perfana/perfana-grafana:2.27.0-acme", day=DAYS[-1])
@example(image="perfana/perfana-fe-test", day=TODAY)
@example(image=f"perfana/perfana-fe:perfana-3.1.0@{NEW}", day=TODAY)
def test_vendors_image_is_refused_where_the_verdict_says_no_to_it_and_nowhere_else(image: str, day: date) -> None:
    _assert_agrees(image, day)


@pytest.mark.parametrize("image", sorted({image for case in load("corpus", "images.yaml") for image in case["images"]}))
def test_corpus_is_refused_where_the_verdict_says_no(image: str) -> None:
    reference = parse_image(image)
    repository = reference.repository.removesuffix("-test") if reference else ""
    if repository in policy().product_lines_of:
        _assert_agrees(image, TODAY)
    else:
        assert refused_by(image, admission(policy(), TODAY)) is None


@pytest.mark.parametrize(
    "image",
    [
        "nginx:1.29-SNAPSHOT",
        "registry.acme.example/perfana/perfana-web:0.2.96.22-SNAPSHOT",
        "perfana-web:0.2.96.22-SNAPSHOT",
        "acme/perfana-web:0.2.96.22-SNAPSHOT",
        "perfana/perfana-webs:0.2.96.22-SNAPSHOT",
        "perfana/perfana-fixture:1.0-SNAPSHOT",
        "perfana/perfana-web",
        "perfana/perfana-web:0.2.96.22",
        "",
        "not an image",
    ],
)
def test_images_of_others_and_what_is_supported_are_never_refused(image: str) -> None:
    assert refused_by(image, admission(policy(), TODAY)) is None


@pytest.mark.parametrize("tag", ["0.2.96.22-SNAPSHOT", "perfana-3.1.0", "0.2.96.22", "latest"])
def test_copy_by_a_mirror_rule_is_the_vendors(tag: str) -> None:
    copy = f"harbor.acme.example:8443/hub/perfana/perfana-web:{tag}"
    _assert_agrees(copy, TODAY, MIRROR)
    assert refused_by(copy, admission(policy(), TODAY)) is None


@pytest.mark.parametrize(
    ("image", "is_refused"),
    [
        (f"perfana/perfana-fe@{OLD}", True),
        (f"docker.io/perfana/perfana-fe@{OLD.upper().replace('SHA', 'sha')}", True),
        (f"perfana/perfana-web@{OLD}", False),
        (f"perfana/perfana-web@{NEW}", False),
        (f"perfana/perfana-fe@sha256:{'0' * 64}", False),
    ],
)
def test_digest_of_an_ended_release_is_refused_under_its_own_repository(image: str, *, is_refused: bool) -> None:
    assert (refused_by(image, admission(policy(LISTED), TODAY)) is not None) is is_refused
    assert (Code.END_OF_LIFE in _found(image, TODAY, LISTED)) is is_refused


def test_whole_tag_that_the_policy_lists_is_what_it_says() -> None:
    spec = {"tags": {"wholeTags": [{"name": "perfana-3.1.0-agreed", "build": "Floating"}]}}
    _assert_agrees("perfana/perfana-web:perfana-3.1.0-agreed", TODAY, spec)
    _assert_agrees("perfana/perfana-web:perfana-3.1.0-agree", TODAY, spec)


def test_line_is_refused_from_the_day_after_its_end() -> None:
    image = "perfana/perfana-fe:perfana-3.1.0"
    assert refused_by(image, admission(policy(), date(2026, 7, 12))) is None
    rule = refused_by(image, admission(policy(), date(2026, 7, 13)))
    assert rule is not None
    assert rule.message == "is of line 3.1, which reached its end of life on 2026-07-12"


def test_all_that_is_refused_is_unsupported_by_its_code_alone() -> None:
    rules = admission(policy(), DAYS[-1]).rules
    assert {rule.code for rule in rules} == BY_IMAGE
    assert {rule.code.effect for rule in rules} == {Effect.UNSUPPORTED}


def test_patterns_are_of_the_syntax_that_re2_has() -> None:
    """No looking ahead or behind, no reference back: what a server runs in time that grows with the text alone."""
    told = admission(policy(MIRROR), TODAY)
    for pattern in (told.components, told.exempt, *(rule.pattern for rule in told.rules)):
        re.compile(pattern)
        assert not re.search(r"\(\?[=!<P>]|\\[1-9]|[*+?}][+]", pattern)


def test_of_several_mirror_rules_the_one_holds_that_the_verdict_goes_by() -> None:
    spec = {
        "images": {
            "mirrors": [
                {"from": "harbor.x.example/dh/", "to": "docker.io/"},
                {"from": "harbor.x.example/dh/perfana/", "to": "docker.io/acme/"},
            ]
        }
    }
    assert refused_by("harbor.x.example/dh/perfana/perfana-web:perfana-3.1.0", admission(policy(spec), TODAY)) is None
    moved = {"images": {"mirrors": [{"from": "docker.io/perfana/", "to": "docker.io/acme/"}]}}
    assert refused_by("perfana/perfana-web:perfana-3.1.0", admission(policy(moved), TODAY)) is None


def test_as_many_mirrors_as_a_policy_holds_fit_into_a_status() -> None:
    """The definition allows a hundred; what is too long is not written, and lets everything in."""
    mirrors = [
        {"from": f"registry-{number:03}.acme.example/some/project/of/ours/", "to": "docker.io/"} for number in range(100)
    ]
    told = admission(policy({"images": {"mirrors": mirrors}}), TODAY)
    assert len(told.components) < 8000
    assert refused_by("registry-042.acme.example/some/project/of/ours/perfana/perfana-fe:perfana-3.1.0", told)
