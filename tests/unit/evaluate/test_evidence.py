"""What more evidence, more faults and fewer waivers may do to whole installations: never make a condition better than it is."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.dependency import judged_lines
from perfana_support.evaluate.inventory import take_inventory
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import ConditionType, Reason, Status
from perfana_support.model.installation import Declared, Installation, Node, Platform
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from tests.unit.builders import FOREVER, TODAY, policy, waiver
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, image_id_of, observed
from tests.unit.evaluate.test_properties import RANK
from tests.unit.installations import Json, Objects, installations

CHECK = Check(maintenance=Maintenance("Team", TODAY.replace(year=2030)), target=Target("0.2.96.22"))
WEB = "perfana/perfana-web:0.2.96.22"
# The digests that the vendor served for two releases; whatever else the clusters of these tests run is known to nobody.
DIGESTS = [
    {"digest": image_id_of(f"perfana/perfana-{name}:{release}").partition("@")[2], "repository": f"perfana/perfana-{name}"}
    | {"release": release}
    for release in ("0.2.96.22", "0.2.96.20")
    for name in ("web", "api", "worker", "grafana-sync")
]
RULES: list[Policy] = [
    policy(),
    policy({"images": {"digests": DIGESTS}}),
    policy({"images": {"digests": DIGESTS, "verification": "Catalogue"}}),
    policy({"images": {"verification": "Registry"}}),
]
POLICIES = st.sampled_from(RULES)
# What speaks of dependencies depends on the lines that run: a database may be that of the line which is added.
BY_LINE = {ConditionType.DEPENDENCIES_SUPPORTED, ConditionType.TICKET_ELIGIBLE}


def _judge(subject: Installation, rules: Policy, check: Check = CHECK) -> Verdict:
    return evaluate(subject, rules, TODAY, check)


def _ranks(verdict: Verdict) -> dict[ConditionType, int]:
    return {condition.type: RANK.index(condition.status) for condition in verdict.conditions}


def _improved(before: Verdict, after: Verdict) -> set[ConditionType]:
    """The conditions that became better; one that could not be observed before may become anything."""
    unseen = {condition.type for condition in before.conditions if condition.reason == Reason.NOT_OBSERVABLE}
    ranks = _ranks(after)
    return {kind for kind, rank in _ranks(before).items() if ranks[kind] > rank} - unseen


def _turned(before: Verdict, after: Verdict) -> set[ConditionType]:
    """The conditions that were False and are True."""
    return {kind for kind in _improved(before, after) if after.condition(kind).status is Status.TRUE} & {
        condition.type for condition in before.conditions if condition.status is Status.FALSE
    }


@st.composite
def _clusters(draw: st.DrawFn) -> Installation:
    objects: Objects = draw(installations())
    circumstances: Circumstances = draw(CIRCUMSTANCES)
    return observed(held(objects, circumstances))


def _deployment(image: str, **settings: Any) -> Json:  # noqa: ANN401 - plain data
    pod = {
        "containers": [{"name": "c", "image": image, **settings}],
        "volumes": [{"name": "patch", "configMap": {"name": "patch"}}],
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "added"}, "spec": {"template": {"spec": pod}}}


FAULTS = {
    "EndOfLife": _deployment("perfana/perfana-fe:perfana-2.4.4"),
    "SnapshotBuild": _deployment(f"{WEB}-SNAPSHOT"),
    "TestRepository": _deployment("perfana/perfana-web-test:0.2.96.22"),
    "VersionUndetermined": _deployment("perfana/perfana-web:latest"),
    "NewerThanPolicy": _deployment("perfana/perfana-web:0.3.0"),
    "UnofficialRepository": _deployment("eu.example.com/a/perfana-web:0.2.96.22"),
    "RepackagedImage": _deployment(f"{WEB}-ubi9"),
    "TagDigestMismatch": _deployment(f"perfana/perfana-web:0.2.96.22@{DIGESTS[1]['digest']}"),
    "CodeMounted": _deployment(WEB, volumeMounts=[{"name": "patch", "mountPath": "/app/x.js"}]),
    "DependencyUnsupported": _deployment("timescale/timescaledb:2.28.0-pg16-oss"),
    "DependencyUnlisted": _deployment("postgres:12.1"),
}


def _with_faults(subject: Installation) -> Iterator[tuple[str, Installation]]:
    for code, fault in FAULTS.items():
        added = observed([{**fault, "metadata": {"name": "added", "namespace": subject.namespace}}]).workloads
        yield code, subject._replace(workloads=(*added, *subject.workloads))
    yield "WorkloadsUnreadable", subject._replace(gaps=(*subject.gaps, "pods: forbidden"))
    yield "DependencyUnlisted", subject._replace(declared=(*subject.declared, Declared("nobody-knows", "1")))
    platform = subject.platform or Platform()
    for node in (
        Node("n", "v1.20.1", "amd64", "linux"),
        Node("n", "v1.36.0", "mips", "linux"),
        Node("n", "v1.36.0", "arm64", "windows"),
    ):
        yield "PlatformSupported", subject._replace(platform=platform._replace(nodes=(*platform.nodes, node)))


@given(_clusters(), POLICIES)
def test_fault_that_is_added_improves_no_condition(subject: Installation, rules: Policy) -> None:
    before = _judge(subject, rules)
    if not before.components:
        return
    lines = judged_lines(take_inventory(subject, rules), rules)
    # MongoDB alone is not supported; with a doubt whether it is alone this is not known.
    sentences = [finding.message for finding in before.findings] + [condition.message for condition in before.conditions]
    is_alone = any("none was seen or declared" in sentence for sentence in sentences)
    for code, spoiled in _with_faults(subject):
        after = _judge(spoiled, rules)
        same_lines = judged_lines(take_inventory(spoiled, rules), rules) == lines
        assert not _turned(before, after) - (set() if same_lines else BY_LINE), code
        assert is_alone or not same_lines or not _improved(before, after), code
        assert after.condition(ConditionType.SUPPORTED).status is not Status.TRUE or code == "TagDigestMismatch", code


VERSIONS = st.sampled_from(["v1.36.3", "v1.20.1", "v1.99.0", "soon", "v1.36.3-eks-1a2b3c", "v1.33.4-gke.100"])


@given(_clusters(), POLICIES, VERSIONS)
def test_stated_version_improves_nothing(subject: Installation, rules: Policy, version: str) -> None:
    before = _judge(subject._replace(platform=None), rules)
    after = _judge(subject._replace(platform=None), rules, CHECK._replace(platform=Platform(version)))
    assert not _improved(before, after)


DECLARED = st.builds(
    Declared,
    st.sampled_from(["postgresql", "timescaledb", "mongodb", "redis", "valkey", "keycloak", "grafana", "ferretdb", "acme"]),
    st.sampled_from(["", "7.0", "15.2", "18.4", "2.28.0", "2.30.2", "24.0", "8.1", "12.4.1"]),
)


@given(_clusters(), POLICIES, st.lists(DECLARED, max_size=2), DECLARED)
def test_declaration_turns_nothing_that_is_not_supported_into_supported(
    subject: Installation, rules: Policy, declared: list[Declared], added: Declared
) -> None:
    before = _judge(subject, rules, CHECK._replace(declared=tuple(declared)))
    after = _judge(subject, rules, CHECK._replace(declared=(*declared, added)))
    assert not _turned(before, after)


@given(installations(), CIRCUMSTANCES, CIRCUMSTANCES, POLICIES)
def test_pods_and_digests_turn_nothing_that_is_not_supported_into_supported(
    objects: Objects, one: Circumstances, other: Circumstances, rules: Policy
) -> None:
    bare = observed(held(objects, one._replace(has_pods=False, digests=0)))
    full = observed(held(objects, other._replace(has_pods=True, nodes=one.nodes, debugged_with="")))
    assert not _turned(_judge(bare, rules), _judge(full._replace(platform=bare.platform), rules))


@given(_clusters(), POLICIES, st.data())
def test_fewer_nodes_worsen_nothing(subject: Installation, rules: Policy, data: st.DataObject) -> None:
    platform = subject.platform or Platform()
    kept = data.draw(st.lists(st.sampled_from(platform.nodes), unique=True)) if platform.nodes else []
    before = _judge(subject._replace(platform=platform._replace(nodes=tuple(kept))), rules)
    assert not _improved(before, _judge(subject, rules))


@given(_clusters(), POLICIES, st.data())
def test_waiver_takes_the_effect_and_never_the_finding(
    subject: Installation,
    rules: Policy,
    data: st.DataObject,
) -> None:
    check = CHECK._replace(maintenance=Maintenance("Team", TODAY.replace(year=data.draw(st.sampled_from([2025, 2030])))))
    plain = _judge(subject, rules, check)
    if not plain.findings:
        return
    agreed = [
        waiver(finding.code, FOREVER, **({"kind": finding.subject.kind, "name": finding.subject.name} if is_narrow else {}))
        for finding, is_narrow in data.draw(
            st.lists(st.tuples(st.sampled_from(plain.findings), st.booleans()), min_size=1, max_size=8)
        )
    ]
    more = _judge(subject, rules, check._replace(waivers=tuple(agreed)))
    fewer = _judge(subject, rules, check._replace(waivers=tuple(agreed[1:])))
    assert not _improved(more, fewer)
    assert not _improved(fewer, plain)
    for waived in (more, fewer):
        assert {each._replace(waived_until=None) for each in waived.findings} == set(plain.findings)
        assert waived.components == plain.components
