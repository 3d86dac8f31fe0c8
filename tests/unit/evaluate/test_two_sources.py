"""A manifest and the cluster in which it was applied are judged alike, except for what only a running cluster shows."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Installation, Platform
from perfana_support.model.verdict import Verdict
from tests.unit.builders import TODAY, policy
from tests.unit.cluster_objects import CIRCUMSTANCES, GOOD, SERVER_VERSION, Circumstances, held, observed
from tests.unit.installations import Objects, installations
from tests.unit.manifest_text import spellings, written

# What says that several pods differ, or that somebody put a container into a running one.
CLUSTER_CODES = {Code.MIXED_DIGESTS, Code.DEBUG_CONTAINER}
CHECK = Check(
    maintenance=Maintenance("Team", TODAY.replace(year=2030)),
    target=Target("0.2.96.22"),
    platform=Platform(SERVER_VERSION),
)
POLICIES = st.sampled_from(
    [
        None,
        {"images": {"mirrors": [{"from": "harbor.example.com/dockerhub/", "to": "docker.io/"}]}},
        {"publishedOn": "2024-01-01"},
    ]
)


def _judge(subject: Installation, spec: dict[str, object] | None = None) -> Verdict:
    return evaluate(subject, policy(spec), TODAY, CHECK)


def _comparable(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without their place in a file, which no cluster knows."""
    return [finding._replace(location=None) for finding in findings]


def _verdict_alone(verdict: Verdict) -> Verdict:
    """A verdict without findings, and without the sentence on nodes, which only a running cluster shows: it says so."""
    said = "no node that runs the pods was seen"
    conditions = tuple(each._replace(message="") if said in each.message else each for each in verdict.conditions)
    seen = "Kubernetes and the nodes are in the policy"
    conditions = tuple(each._replace(message="") if each.message == seen else each for each in conditions)
    return verdict._replace(findings=(), upgrade_findings=tuple(_comparable(verdict.upgrade_findings)), conditions=conditions)


def _only_in_a_cluster(finding: Finding) -> bool:
    subject = finding.subject
    return subject.kind == "Node" or finding.code in CLUSTER_CODES or subject.container.startswith("debugger-")


@given(st.data(), installations(), GOOD, POLICIES)
def test_manifest_and_quiet_cluster_give_the_same_verdict(
    data: st.DataObject, objects: Objects, circumstances: Circumstances, spec: dict[str, object] | None
) -> None:
    one = _judge(written(data.draw(spellings(objects))), spec)
    other = _judge(observed(held(objects, circumstances)), spec)
    mixed = [finding for finding in other.findings if finding.code is Code.MIXED_DIGESTS]
    assert _comparable(one.findings) == _comparable([finding for finding in other.findings if finding not in mixed])
    if mixed:  # one tag with and without a pinned digest: what runs without it shows in a cluster alone
        assert "@sha256:" in str(objects)
    else:
        assert _verdict_alone(one) == _verdict_alone(other)


@given(st.data(), installations(), CIRCUMSTANCES, POLICIES)
def test_cluster_adds_only_what_no_manifest_can_show(
    data: st.DataObject, objects: Objects, circumstances: Circumstances, spec: dict[str, object] | None
) -> None:
    one = _judge(written(data.draw(spellings(objects))), spec)
    # What a database's client says to whether a database is there is test_evidence.py's business.
    debugged_with = "busybox:1.37" if circumstances.debugged_with else ""
    other = _judge(observed(held(objects, circumstances._replace(debugged_with=debugged_with))), spec)
    both = [finding for finding in other.findings if not _only_in_a_cluster(finding)]
    assert _comparable(one.findings) == _comparable(both)
