"""PlatformSupported: server, distribution and nodes against the policy's calendars and lists."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perfana_support.evaluate.platform import dates, judge
from perfana_support.model.code import EFFECT_ORDER, Code, ConditionType, Effect
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Node, Platform, Subject
from perfana_support.model.kubernetes import parse_kubernetes_version
from perfana_support.model.platform_policy import PlatformRules
from perfana_support.sources.yaml_document import load_document
from tests.unit.platform_rules import platform_rules, rules_of

CORPUS = Path(__file__).parents[2] / "data/corpus/platform.yaml"
TODAY = date(2026, 11, 24)
LONG_AGO, FAR = date(2019, 1, 1), date(2040, 1, 1)


def cases(file: str = "platform.yaml") -> list[dict[str, Any]]:
    with (CORPUS.parent / file).open("rb") as stream:
        document = load_document(stream)
    assert isinstance(document, list)
    return document


def node_of(text: str) -> Node:
    name, kubelet, *kind = text.split(" ")
    architecture, system = (kind or ["amd64/linux"])[0].split("/")
    return Node(name, kubelet.removeprefix("-"), architecture, system)


def platform_of(case: dict[str, Any]) -> Platform:
    nodes = tuple(node_of(text) for text in case.get("nodes", ()))
    return Platform(case["server"], case.get("distribution", ""), nodes, tuple(case.get("gaps", ())))


def found(platform: Platform, as_of: date = TODAY, rules: PlatformRules | None = None) -> list[Finding]:
    return list(judge(platform, "perfana", rules or platform_rules(), as_of))


def one(platform: Platform, as_of: date = TODAY, rules: PlatformRules | None = None) -> Finding:
    (finding,) = found(platform, as_of, rules)
    return finding


def listed(findings: Iterable[Finding]) -> list[str]:
    return sorted(f"{finding.subject.kind}/{finding.subject.name} {finding.code}" for finding in findings)


def worst(findings: Iterable[Finding]) -> int:
    return min((EFFECT_ORDER[finding.effect] for finding in findings), default=len(EFFECT_ORDER))


CASES = cases()
SERVERS = [case["text"] for case in cases("kubernetes-versions.yaml")]
DECLARED = ["", "eks", "gke", "aks", "openshift", "k3s", "acme"]
platforms = st.builds(
    Platform,
    st.sampled_from(SERVERS),
    st.sampled_from(DECLARED),
    st.lists(
        st.builds(
            Node,
            st.sampled_from("abcdefgh"),
            st.sampled_from(SERVERS),
            st.sampled_from(["amd64", "arm64", "s390x", ""]),
            st.sampled_from(["linux", "windows", ""]),
        ),
        max_size=5,
    ).map(tuple),
    st.sampled_from([(), ("forbidden",)]),
)
days = st.dates(date(2020, 1, 1), date(2029, 12, 31))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_corpus(case: dict[str, Any]) -> None:
    as_of = date.fromisoformat(case.get("asOf", str(TODAY)))
    assert listed(found(platform_of(case), as_of)) == sorted(case["expect"])


def test_names_in_the_corpus_are_unique() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (Code.KUBERNETES_END_OF_LIFE, Effect.UNSUPPORTED),
        (Code.ARCHITECTURE_UNSUPPORTED, Effect.UNSUPPORTED),
        (Code.OPERATING_SYSTEM_UNSUPPORTED, Effect.UNSUPPORTED),
        (Code.DISTRIBUTION_UNSUPPORTED, Effect.UNSUPPORTED),
        (Code.KUBERNETES_UNLISTED, Effect.UNDETERMINED),
        (Code.PLATFORM_UNREADABLE, Effect.UNDETERMINED),
        (Code.KUBERNETES_UNTESTED, Effect.AT_RISK),
    ],
)
def test_every_code_occurs_with_its_effect(code: Code, effect: Effect) -> None:
    assert any(entry.endswith(f" {code}") for case in CASES for entry in case["expect"])
    assert code.effect is effect
    assert code.conditions == (ConditionType.PLATFORM_SUPPORTED,)


def test_every_code_of_the_condition_is_in_that_list() -> None:
    own = {code for code in Code if ConditionType.PLATFORM_SUPPORTED in code.conditions}
    assert own == {entry.split(" ")[1] for case in CASES for entry in case["expect"]}


# --- messages: what was seen, what was required, by which day or list


def test_end_of_life_names_version_day_and_calendar() -> None:
    assert one(Platform("v1.33.10")) == Finding(
        Code.KUBERNETES_END_OF_LIFE,
        Subject("Cluster"),
        "the cluster runs Kubernetes v1.33.10; Kubernetes 1.33 reached its end of life on 2026-06-28 (upstream's calendar)",
        "upgrade the control plane to Kubernetes 1.37, supported until 2027-10-28",
        detail="1.33",
    )


def test_end_of_extended_support_names_it() -> None:
    finding = one(Platform("v1.30.14-eks-3abbec1"))
    assert finding.message.endswith(
        "Kubernetes 1.30 reached its end of life on 2026-07-23 (the extended support of Amazon EKS)"
    )
    assert finding.remediation == "upgrade the control plane to Kubernetes 1.35, supported until 2028-03-27"


def test_openshift_is_called_by_its_own_version() -> None:
    finding = one(Platform("v1.30.4+6c42b14"))
    assert "Red Hat OpenShift 4.17 (Kubernetes 1.30) reached its end of life on 2026-04-01 (the calendar of" in finding.message
    assert "Red Hat OpenShift 4.21 (Kubernetes 1.34), supported until 2027-08-03" in finding.remediation


def test_openshift_before_the_vendors_minimum_names_it() -> None:
    finding = one(Platform("v1.23.12+8a6bfe4"), date(2022, 6, 1))
    assert finding.message.endswith(
        "this is Kubernetes 1.23, and Red Hat OpenShift is supported from Red Hat OpenShift 4.11 (Kubernetes 1.24)"
    )
    assert finding.remediation == "move to a distribution that the policy supports"


def test_extended_support_that_is_bought_is_undetermined_and_says_what_settles_it() -> None:
    finding = one(Platform("v1.31.6+1d7f3cc"))
    assert "was supported until 2026-08-25 (the calendar of Red Hat OpenShift), and is until 2027-02-25 with" in finding.message
    assert finding.remediation.endswith("state extendedSupport: Included for the distribution in the policy")


def test_end_of_bought_extended_support_names_its_last_day() -> None:
    finding = one(Platform("v1.31.6+1d7f3cc"), date(2027, 2, 26))
    assert finding.message.endswith("reached its end of life on 2027-02-25 (the last extended support)")


def test_contradiction_is_said() -> None:
    message = one(Platform("v1.33.4+k3s1", "eks")).message
    assert message.endswith("it is declared as Amazon EKS, but suffix +k3s1 is K3s's: the shorter support window counts")
    message = one(Platform("v1.33.4-acme.7", "eks")).message
    assert message.endswith("but suffix -acme.7 is not known of Amazon EKS: the shorter support window counts")
    message = found(Platform("v1.33.4-eks-1a2b3c", "acme"))[1].message
    assert message.endswith("it is declared as acme, but suffix -eks-1a2b3c is Amazon EKS's: the shorter support window counts")


def test_contradiction_is_said_of_an_excluded_distribution() -> None:
    assert "it is declared as Red Hat OpenShift" in one(Platform("v1.23.12-eks-1a2b3c", "openshift"), date(2022, 6, 1)).message


def test_untested_line_names_the_last_listed_one() -> None:
    finding = one(Platform("v1.38.0"))
    assert "Kubernetes 1.38 is newer than Kubernetes 1.37, the last line that the policy lists" in finding.message
    assert "spec.platform.kubernetesLines" in finding.remediation


def test_older_than_listed_names_the_ended_line() -> None:
    assert one(Platform("v1.9.11")).message.endswith(
        "Kubernetes 1.9 is older than Kubernetes 1.19, which reached its end of life on 2021-10-28 (upstream's calendar)"
    )


@pytest.mark.parametrize(
    ("server", "part"),
    [
        ("v1.36.0-rc.1", "this is a pre-release (rc.1), which no support window covers"),
        ("v1.36.0-dirty", "this is built from changed sources (dirty), which no support window covers"),
        ("v2.0.0", "the policy lists no support window of Kubernetes 2.0"),
        ("latest", "the cluster's version is 'latest', which is not a Kubernetes version"),
        ("", "the Kubernetes version of the cluster is not known"),
    ],
)
def test_undetermined_says_why(server: str, part: str) -> None:
    assert part in one(Platform(server)).message


def test_undetermined_says_what_would_settle_it() -> None:
    assert one(Platform("")).remediation == "state the Kubernetes version of the cluster, for example v1.36.3"
    assert one(Platform("v1.36.0-rc.1")).remediation.startswith("upgrade the control plane to Kubernetes 1.37, ")


def test_gap_is_said_of_the_installation() -> None:
    finding = one(Platform("v1.36.4", gaps=("nodes is forbidden",)))
    assert finding.subject == Subject("Installation", "perfana")
    assert finding.message == "the platform is not known completely: nodes is forbidden"


def test_nodes_of_one_problem_are_one_finding_that_names_five() -> None:
    nodes = tuple(Node(f"n{number}", f"v1.34.{number}", "amd64", "linux") for number in range(12, 4, -1))
    finding = one(Platform("v1.36.4", nodes=nodes))
    assert finding.subject == Subject("Node", name="n10")
    assert finding.message == (
        "nodes n10, n11, n12, n5, n6 +3 more with kubelet v1.34.5, v1.34.6, v1.34.7, v1.34.8, v1.34.9 +3 more: "
        "Kubernetes 1.34 reached its end of life on 2026-10-27 (upstream's calendar)"
    )
    assert finding.remediation == "upgrade the nodes to Kubernetes 1.37, supported until 2027-10-28"


@pytest.mark.parametrize(
    ("text", "message", "remediation"),
    [
        (
            "a v1.36.4 s390x/linux",
            "node a: architecture s390x, the policy lists amd64, arm64",
            "run the pods on listed nodes: set nodeSelector kubernetes.io/arch: amd64",
        ),
        (
            "a v1.36.4 amd64/windows",
            "node a: operating system windows, the policy lists linux",
            "run the pods on listed nodes: set nodeSelector kubernetes.io/os: linux",
        ),
        ("a - amd64/linux", "node a: no kubelet version is reported", "look at the node: kubectl get nodes -o wide"),
        ("a v1.36.4 /linux", "node a: no architecture is reported", "look at the node: kubectl get nodes -o wide"),
        ("a v1.36.4 amd64/", "node a: no operating system is reported", "look at the node: kubectl get nodes -o wide"),
        ("a N/A", "node a with kubelet N/A: this names no Kubernetes version", "look at the node: kubectl get nodes -o wide"),
        (
            "a v1.37.1",
            "node a with kubelet v1.37.1: a kubelet must not be newer than its server, which is of line 1.36",
            "upgrade the control plane to line 1.37 first",
        ),
    ],
)
def test_message_about_a_node(text: str, message: str, remediation: str) -> None:
    finding = one(Platform("v1.36.4", nodes=(node_of(text),)))
    assert (finding.message, finding.remediation) == (message, remediation)


def test_message_about_a_kubelet_that_is_too_old() -> None:
    finding = one(Platform("v1.35.0-eks-ac2d5a0", nodes=(node_of("a v1.31.13-eks-ecaa3a6"),)))
    assert finding.message.endswith("a kubelet may be at most 3 minor versions older than its server, which is of line 1.35")
    assert finding.remediation == "upgrade the nodes to line 1.35"


def test_kubelets_that_name_no_version_are_told_apart_from_versions() -> None:
    nodes = (node_of("a N/A"), node_of("b unknown"))
    assert one(Platform("v1.36.4", nodes=nodes)).message.startswith("nodes a, b with kubelet N/A, unknown:")


# --- policies of other content


def test_empty_policy_supports_nothing() -> None:
    platform = Platform("v1.36.4", nodes=(node_of("a v1.36.4 s390x/windows"),))
    findings = found(platform, rules=PlatformRules())
    assert listed(findings) == ["Cluster/ KubernetesUnlisted", "Node/a KubernetesUnlisted"]
    assert findings[0].remediation.endswith("the policy lists none: update perfana-support or the policy")
    assert list(dates(platform, PlatformRules())) == []


def test_excluded_distribution_is_unsupported_declared_or_detected() -> None:
    rules = rules_of(
        {
            "kubernetesLines": [{"name": "1.36", "endOfLifeOn": "2027-06-28"}],
            "distributions": [{"name": "k3s", "title": "K3s", "versionSuffixes": ["+k3s<n>"], "supported": False}],
        }
    )
    for platform in (
        Platform("v1.36.1", "k3s"),
        Platform("v1.36.1+k3s1"),
        Platform("v1.36.1+k3s1", nodes=(node_of("a v1.36.1+k3s1"),)),
    ):
        finding = one(platform, rules=rules)
        assert finding.code is Code.DISTRIBUTION_UNSUPPORTED
        assert finding.subject == Subject("Cluster", name="k3s")
        assert finding.message.endswith("the policy lists K3s as not supported")


def test_nodes_of_an_excluded_distribution_are_judged_by_their_version() -> None:
    rules = rules_of(
        {
            "kubernetesLines": [{"name": "1.20", "endOfLifeOn": "2022-02-28"}, {"name": "1.36", "endOfLifeOn": "2027-06-28"}],
            "distributions": [{"name": "k3s", "versionSuffixes": ["+k3s<n>"], "supported": False}],
        }
    )
    platform = Platform("v1.36.1+k3s1", nodes=(node_of("a v1.20.1+k3s1"),))
    assert listed(found(platform, rules=rules)) == ["Cluster/k3s DistributionUnsupported", "Node/a KubernetesEndOfLife"]


def test_no_newer_line_to_go_to_is_said() -> None:
    finding = one(Platform("v1.37.1"), date(2027, 10, 29))
    assert finding.remediation == (
        "upgrade the control plane to a line within its support window; the policy lists none: "
        "update perfana-support or the policy"
    )


def test_line_between_listed_ones_is_unlisted() -> None:
    lines = [{"name": "1.35", "endOfLifeOn": "2027-02-28"}, {"name": "1.37", "endOfLifeOn": "2027-10-28"}]
    assert one(Platform("v1.36.4"), rules=rules_of({"kubernetesLines": lines})).code is Code.KUBERNETES_UNLISTED


def test_no_skew_is_judged_where_the_policy_states_none() -> None:
    rules = platform_rules()._replace(max_kubelet_skew=None)
    assert found(Platform("v1.35.9", nodes=(node_of("a v1.37.1"),)), rules=rules) == []


# --- dates


def test_dates_are_the_first_days_of_the_new_state() -> None:
    platform = Platform("v1.31.6+1d7f3cc", nodes=(node_of("a v1.30.4+6c42b14"), node_of("b N/A")))
    assert set(dates(platform, platform_rules())) == {date(2026, 4, 2), date(2026, 8, 26), date(2027, 2, 26)}


def test_dates_of_a_line_that_the_distribution_alone_lists_are_its_own() -> None:
    acme = {"name": "acme", "lines": [{"name": "1.30", "endOfLifeOn": "2028-01-01"}]}
    rules = rules_of({"kubernetesLines": [{"name": "1.36", "endOfLifeOn": "2027-06-28"}], "distributions": [acme]})
    assert set(dates(Platform("v1.30.0", "acme"), rules)) == {date(2028, 1, 2)}


def test_dates_of_a_line_older_than_listed_are_the_oldest_ones() -> None:
    assert set(dates(Platform("v1.9.11"), platform_rules())) == {date(2021, 10, 29)}


def test_dates_of_a_contradiction_are_those_of_both() -> None:
    assert set(dates(Platform("v1.33.4+k3s1", "eks"), platform_rules())) == {date(2026, 6, 29), date(2027, 7, 30)}


@given(platforms, days)
def test_findings_change_on_named_days_alone(platform: Platform, day: date) -> None:
    """Between two named days nothing changes, remedies aside."""
    named = set(dates(platform, platform_rules()))
    yesterday = day - timedelta(days=1)
    before, after = (
        {(finding.code, finding.subject, finding.message) for finding in found(platform, as_of)} for as_of in (yesterday, day)
    )
    assert before == after or day in named


# --- properties


@given(platforms, days, st.randoms())
def test_order_of_nodes_and_of_policy_entries_never_changes_findings(platform: Platform, day: date, random: Random) -> None:
    rules = platform_rules()
    shuffled = rules._replace(
        lines=tuple(random.sample(rules.lines, len(rules.lines))),
        distributions=tuple(random.sample(rules.distributions, len(rules.distributions))),
    )
    moved = platform._replace(nodes=tuple(random.sample(platform.nodes, len(platform.nodes))))
    assert set(found(platform, day)) == set(found(moved, day, shuffled))


@given(platforms, days, st.sampled_from(SERVERS))
def test_another_node_never_improves_the_worst(platform: Platform, day: date, kubelet: str) -> None:
    more = platform._replace(nodes=(*platform.nodes, Node("z", kubelet, "amd64", "linux")))
    assert worst(found(more, day)) <= worst(found(platform, day))


@given(st.sampled_from(SERVERS), st.sampled_from(DECLARED), days)
def test_declaration_and_suffix_together_are_never_better_than_either_alone(server: str, declared: str, day: date) -> None:
    version = parse_kubernetes_version(server)
    assume(version is not None and version.suffix and declared)
    together = worst(found(Platform(server, declared), day))
    assert together <= worst(found(Platform(server), day))
    assert version is None or together <= worst(found(Platform(version.line, declared), day))


@given(st.sampled_from(SERVERS), st.sampled_from(DECLARED))
def test_time_alone_never_improves_a_version(server: str, declared: str) -> None:
    platform = Platform(server, declared)
    effects = [worst(found(platform, day)) for day in sorted({LONG_AGO, FAR, *dates(platform, platform_rules())})]
    assert effects == sorted(effects, reverse=True)


@pytest.mark.parametrize("text", SERVERS, ids=ascii)
def test_nothing_is_supported_after_the_last_listed_day(text: str) -> None:
    """No version of any vendor outlives all calendars; what is newer than all of them is said to be."""
    version = parse_kubernetes_version(text)
    is_newer = version is not None and version.is_release and (1, 37) < version.number < (2, 0)
    assert {finding.code for finding in found(Platform(text), FAR)} != set()
    assert any(finding.code is Code.KUBERNETES_UNTESTED for finding in found(Platform(text), FAR)) is is_newer
