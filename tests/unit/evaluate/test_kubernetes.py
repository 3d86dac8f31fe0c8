"""Kubernetes versions: of two distributions the worse counts, and each is held against its own calendar."""

import pytest

from perfana_support.model.code import Code
from perfana_support.model.installation import Platform
from perfana_support.model.platform_policy import ExtendedSupport
from tests.unit.evaluate.test_platform import found, one
from tests.unit.platform_rules import rules_of

ACME_LATER = {
    "kubernetesLines": [{"name": "1.35", "endOfLifeOn": "2024-02-28"}, {"name": "1.36", "endOfLifeOn": "2027-06-28"}],
    "distributions": [
        {
            "name": "acme",
            "minimumLine": "1.30",
            "lines": [{"name": "1.30", "endOfLifeOn": "2030-01-01"}, {"name": "1.40", "endOfLifeOn": "2030-01-01"}],
        }
    ],
}


@pytest.mark.parametrize(("server", "declared"), [("v1.31.6+k3s1", "openshift"), ("v1.31.6+1d7f3cc", "k3s")])
def test_worse_of_two_distributions_that_contradict_each_other_counts(server: str, declared: str) -> None:
    assert one(Platform("v1.31.6", "openshift")).code is Code.KUBERNETES_UNLISTED
    assert one(Platform("v1.31.6", "k3s")).code is Code.KUBERNETES_END_OF_LIFE
    assert one(Platform(server, declared)).code is Code.KUBERNETES_END_OF_LIFE


@pytest.mark.parametrize(
    ("server", "declared", "expected"),
    [
        ("v1.38.1", "", [Code.KUBERNETES_UNTESTED]),
        # Not newer than the last line of its own calendar.
        ("v1.38.1", "acme", [Code.KUBERNETES_UNLISTED]),
        ("v1.41.1", "acme", [Code.KUBERNETES_UNTESTED]),
        ("v1.30.1", "acme", []),
        ("v1.29.1", "", [Code.KUBERNETES_END_OF_LIFE]),
        # Older than the first line of its own calendar, which has not ended.
        ("v1.29.1", "acme", [Code.DISTRIBUTION_UNSUPPORTED, Code.KUBERNETES_UNLISTED]),
    ],
)
def test_line_that_is_not_listed_is_held_against_the_distributions_calendar(
    server: str, declared: str, expected: list[Code]
) -> None:
    assert [finding.code for finding in found(Platform(server, declared), rules=rules_of(ACME_LATER))] == expected


def test_declaration_that_says_what_the_suffix_says_is_no_contradiction() -> None:
    assert "declared as" not in one(Platform("v1.30.14-eks-3abbec1", "Amazon EKS")).message


@pytest.mark.parametrize(
    ("extended", "code"),
    [
        (ExtendedSupport.INCLUDED, None),
        (ExtendedSupport.OPTIONAL, Code.KUBERNETES_UNLISTED),
        (ExtendedSupport.IGNORED, Code.KUBERNETES_END_OF_LIFE),
    ],
)
def test_policy_says_how_extended_support_counts(extended: ExtendedSupport, code: Code | None) -> None:
    lines = [{"name": "1.33", "endOfLifeOn": "2026-06-28", "extendedUntil": "2027-06-28"}]
    rules = rules_of({"distributions": [{"name": "acme", "extendedSupport": extended.value, "lines": lines}]})
    findings = found(Platform("v1.33.4", "acme"), rules=rules)
    assert [finding.code for finding in findings] == ([code] if code else [])
