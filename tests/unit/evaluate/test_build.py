"""BuildSupported: is every component a released build?"""

import pytest

from perfana_support.model.code import ConditionType, Effect, Status
from tests.unit.builders import codes, judge, line_of, supported

BUILDS = {
    "4.0.0-SNAPSHOT-6293480": ("SnapshotBuild", "a SNAPSHOT, a development build"),
    "4.0.0-beta": ("BetaBuild", "a beta build"),
    "4.0.0-rc1": ("ReleaseCandidateBuild", "a release candidate"),
    "4.0.0-M2": ("MilestoneBuild", "a milestone build"),
    "4.0.0-nightly": ("DevelopmentBuild", "a development build"),
    "develop": ("DevelopmentBuild", "a development build"),
    "pr-12": ("DevelopmentBuild", "a development build"),
}


@pytest.mark.parametrize("tag", BUILDS)
def test_build_that_is_no_release(tag: str) -> None:
    code, words = BUILDS[tag]
    verdict = judge(f"perfana/perfana-web:{tag}")
    finding = next(finding for finding in verdict.findings if finding.code == code)
    assert finding.message == f"tag {tag} names {words}"
    condition = verdict.condition(ConditionType.BUILD_SUPPORTED)
    assert (condition.status, condition.reason) == (Status.FALSE, code)
    assert finding.effect is Effect.UNSUPPORTED
    assert supported(verdict) is Status.FALSE


def test_commit_is_undetermined_for_version_and_build() -> None:
    verdict = judge("perfana/perfana-web:sha-5f668d8")
    assert codes(verdict) == ["VersionUndetermined", "CommitBuild"]
    assert line_of(verdict, "CommitBuild") == ("tag sha-5f668d8 names the build of a commit, which may be released or not")
    assert verdict.condition(ConditionType.VERSION_SUPPORTED).status is Status.UNKNOWN
    assert verdict.condition(ConditionType.BUILD_SUPPORTED).status is Status.UNKNOWN


def test_unknown_qualifier_names_tag_and_word() -> None:
    verdict = judge("perfana/perfana-web:0.2.96.22-acme")
    assert codes(verdict) == ["UnrecognisedBuild"]
    assert line_of(verdict, "UnrecognisedBuild") == (
        "tag 0.2.96.22-acme carries 'acme', which names no build that the policy knows"
    )
    assert verdict.condition(ConditionType.VERSION_SUPPORTED).status is Status.TRUE
    assert supported(verdict) is Status.UNKNOWN


def test_test_repository_is_unsupported_whatever_its_tag() -> None:
    verdict = judge("perfana/perfana-web-test:0.2.96.22")
    assert codes(verdict) == ["TestRepository"]
    assert verdict.findings[0].remediation == "set a released image of perfana/perfana-web"
    assert supported(verdict) is Status.FALSE


def test_test_repository_and_snapshot_are_two_findings() -> None:
    assert codes(judge("perfana/perfana-web-test:0.2.96.22-SNAPSHOT")) == ["SnapshotBuild", "TestRepository"]


@pytest.mark.parametrize("tag", ["0.2.96.22", "0.2.96.22-alpine", "v0.2.96.22", "perfana-0.2.96.22"])
def test_released_build_has_no_finding(tag: str) -> None:
    verdict = judge(f"perfana/perfana-web:{tag}")
    assert codes(verdict) == []
    assert verdict.condition(ConditionType.BUILD_SUPPORTED).status is Status.TRUE


def test_repackaged_build_is_released_and_proves_nothing_about_the_image() -> None:
    verdict = judge("perfana/perfana-web:0.2.96.22-ubi9")
    assert codes(verdict) == ["RepackagedImage"]
    assert verdict.condition(ConditionType.BUILD_SUPPORTED).status is Status.TRUE
    assert supported(verdict) is Status.UNKNOWN


def test_tag_that_says_nothing_leaves_the_build_unknown() -> None:
    verdict = judge("perfana/perfana-web:latest")
    assert verdict.condition(ConditionType.BUILD_SUPPORTED).status is Status.UNKNOWN
    assert verdict.condition(ConditionType.BUILD_SUPPORTED).reason == "VersionUndetermined"
