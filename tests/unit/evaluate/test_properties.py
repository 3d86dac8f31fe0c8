"""What must hold for every installation: above all, that nothing unknown is ever called supported."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check
from perfana_support.model.code import Status
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Container, ContainerRole, Installation, Workload
from perfana_support.model.policy import Build
from perfana_support.model.tag import read_tag
from perfana_support.model.verdict import Verdict
from perfana_support.sources.policy import builtin_document, policy_of
from tests.unit.builders import FOREVER, NAMESPACE, TODAY, judge, policy, supported, waiver

# The worst first; what is added may move the verdict to the left only.
RANK = [Status.FALSE, Status.UNKNOWN, Status.TRUE]

NAMES = ["web", "api", "worker", "grafana-sync", "report", "fe", "check", "snapshot", "ds", "scheduler", "fe-test"]
TAGS = [
    ":0.2.96.22",
    ":0.2.96.20",
    ":0.2.61.61",
    ":0.2.24",
    ":0.2.24.0",
    ":0.2.99.1",
    ":0.2.99.1.0",
    ":4.0.1",
    ":perfana-4.0.1.0",
    ":0.2",
    ":0.1.0",
    ":0.3.0",
    ":perfana-4.0.0",
    ":perfana-3.5.0",
    ":perfana-3.2.0",
    ":perfana-3.1.0",
    ":3.3.0",
    ":2.46.1",
    ":0.2.96.22-SNAPSHOT",
    ":4.0.0-rc1",
    ":4.0.0-acme",
    ":sha-5f668d8",
    ":latest",
    ":{{ x }}",
    "",
]
PREFIXES = ["perfana/", "eu.example.com/"]
COMPONENTS = st.builds("{}perfana-{}{}".format, st.sampled_from(PREFIXES), st.sampled_from(NAMES), st.sampled_from(TAGS))
IMAGES = COMPONENTS | st.sampled_from(["nginx:1.29", "mongo:7.0", "perfana/perfana-fixture:1.0"])
CONTAINERS = st.builds(Container, st.sampled_from(["a", "b"]), IMAGES, st.sampled_from(ContainerRole))
OWNERS = st.none() | st.tuples(st.sampled_from(["Deployment", "StatefulSet"]), st.sampled_from(["x", "y"]))
WORKLOADS = st.builds(
    Workload,
    kind=st.sampled_from(["Deployment", "StatefulSet", "Pod"]),
    namespace=st.just(NAMESPACE),
    name=st.sampled_from(["x", "y", "z"]),
    containers=st.lists(CONTAINERS, max_size=3).map(tuple),
    owner=OWNERS,
)
INSTALLATIONS = st.lists(WORKLOADS, max_size=5).map(lambda made: Installation(NAMESPACE, tuple(made)))
DAYS = st.dates() | st.dates(date(2024, 1, 1), date(2030, 1, 1))
# What makes a verdict False, and what makes it Unknown, each alone.
SPOILERS = {
    Status.FALSE: [
        "perfana/perfana-fe:perfana-2.4.4",
        "perfana/perfana-web:0.2.96.22-SNAPSHOT",
        "perfana/perfana-web:0.2.96.22-beta",
        "perfana/perfana-web:0.2.96.22-rc1",
        "perfana/perfana-web:0.2.96.22-m1",
        "perfana/perfana-web:develop",
        "perfana/perfana-web-test:0.2.96.22",
    ],
    Status.UNKNOWN: [
        "perfana/perfana-web:latest",
        "perfana/perfana-web",
        "perfana/perfana-web:sha-5f668d8",
        "perfana/perfana-web:0.3.0",
        "perfana/perfana-web:0.2.96.22-acme",
        "perfana/perfana-fe:2.46.1",
        "perfana/perfana-web:{{ x }}",
        "",
    ],
}


PIECES = ["0.2.96.22", "0.2", "SNAPSHOT", "rc1", "-", ".", "_", "perfana-", "v", "acme", "alpine"]


def _judge(subject: Installation, as_of: date = TODAY, check: Check = Check()) -> Verdict:  # noqa: B008 - immutable
    return evaluate(subject, policy(), as_of, check)


def _rank(verdict: Verdict) -> int:
    return RANK.index(supported(verdict))


def _shuffled(subject: Installation, data: st.DataObject) -> Installation:
    workloads = [
        workload._replace(containers=tuple(data.draw(st.permutations(workload.containers)))) for workload in subject.workloads
    ]
    return subject._replace(workloads=tuple(data.draw(st.permutations(workloads))))


@given(INSTALLATIONS, st.data())
def test_order_of_workloads_and_containers_changes_nothing(subject: Installation, data: st.DataObject) -> None:
    assert _judge(_shuffled(subject, data)) == _judge(subject)


def _reordered(value: Any, draw: Any) -> Any:  # noqa: ANN401 - plain data
    """Draw plain data in another order, except the lines, whose order is what they say."""
    if isinstance(value, dict):
        fields = draw(st.permutations(list(value)))
        return {field: value[field] if field == "lines" else _reordered(value[field], draw) for field in fields}
    if isinstance(value, list):
        return [_reordered(item, draw) for item in value[::-1]]
    return value


@settings(
    max_examples=10, phases=[Phase.explicit, Phase.generate]
)  # one draw reorders thousands of entries: shrinking takes minutes
@given(INSTALLATIONS, st.data())
def test_order_of_policy_entries_changes_nothing(subject: Installation, data: st.DataObject) -> None:
    spec = dict(builtin_document()["spec"])
    spec["releases"] = spec["releases"][-40:] + spec["releases"][:60]
    documents = [
        {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportPolicy", "metadata": {"name": "a"}, "spec": stated}
        for stated in (spec, _reordered(spec, data.draw))
    ]
    first, second = [_essence(evaluate(subject, policy_of(document), TODAY)) for document in documents]
    assert first == second


def _essence(verdict: Verdict) -> Verdict:
    """Return a verdict without its sentences, which list what is supported in the order in which the policy does."""
    return verdict._replace(
        findings=tuple(finding._replace(message="", remediation="") for finding in verdict.findings),
        conditions=tuple(condition._replace(message="") for condition in verdict.conditions),
    )


@given(INSTALLATIONS, st.sampled_from(RANK[:2]), st.data(), st.integers(0, 5))
def test_unsupported_or_undetermined_container_never_improves(
    subject: Installation, status: Status, data: st.DataObject, place: int
) -> None:
    image = data.draw(st.sampled_from(SPOILERS[status]))
    added = Workload("Deployment", NAMESPACE, "added", (Container("c", image),))
    workloads = (*subject.workloads[:place], added, *subject.workloads[place:])
    after = _judge(subject._replace(workloads=workloads))
    assert _rank(after) <= _rank(_judge(subject)) or not _judge(subject).components
    assert _rank(after) <= RANK.index(status)


@pytest.mark.parametrize(("status", "image"), [(status, image) for status, images in SPOILERS.items() for image in images])
def test_spoiler_spoils_alone(status: Status, image: str) -> None:
    assert supported(judge(image)) is status


@given(st.lists(IMAGES, min_size=1, max_size=6), st.data())
def test_removing_containers_never_worsens_while_a_component_is_left(images: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(images), min_size=1, unique=True))
    before, after = judge(*images), judge(*kept)
    assert _rank(after) >= _rank(before) or not after.components


@given(INSTALLATIONS, DAYS)
def test_any_day_can_be_judged(subject: Installation, as_of: date) -> None:
    verdict = _judge(subject, as_of)
    assert verdict.next_transition is None or verdict.next_transition.day > as_of


# From the day on which all that the policy lists is out: before, what runs may not have been there yet.
@given(INSTALLATIONS, st.dates(TODAY), st.dates(TODAY))
def test_time_alone_never_improves_a_verdict(subject: Installation, one: date, other: date) -> None:
    earlier, later = sorted([one, other])
    assert _rank(_judge(subject, later)) <= _rank(_judge(subject, earlier))


@given(INSTALLATIONS, DAYS)
def test_waivers_only_ever_improve(subject: Installation, as_of: date) -> None:
    plain = _judge(subject, as_of)
    waived = _judge(subject, as_of, Check(waivers=tuple(waiver(finding.code, FOREVER) for finding in plain.findings)))
    assert supported(waived) is (Status.TRUE if plain.components else Status.UNKNOWN)
    assert [finding._replace(waived_until=None) for finding in waived.findings] == list(plain.findings)


@given(INSTALLATIONS)
def test_supported_needs_a_component_and_no_finding_against_it(subject: Installation) -> None:
    verdict = _judge(subject)
    against = any(finding.effect in ("Unsupported", "Undetermined") for finding in verdict.findings)
    assert (supported(verdict) is Status.TRUE) == (bool(verdict.components) and not against)


def _is_placed(tag: str) -> bool:
    """Tell whether a tag of perfana-web names a released build on a line that the policy lists."""
    reading = read_tag(tag, policy().tags)
    released = reading.build in (Build.RELEASED, Build.REPACKAGED)
    return released and reading.number is not None and reading.number.line in policy().lines


@given(st.text(max_size=128) | st.text("0.23-_perfanSHOTvbetrc", max_size=20))
def test_tag_that_names_no_release_is_never_supported(tag: str) -> None:
    verdict = judge(f"perfana/perfana-web:{tag}")
    if supported(verdict) is Status.TRUE:
        assert _is_placed(tag)


@given(st.text(max_size=80) | st.text("perfana/-web:0.2@{}", max_size=40))
def test_image_that_cannot_be_read_is_never_supported(image: str) -> None:
    for beside in ((), ("perfana/perfana-web:0.2.96.22",)):
        verdict = judge(image, *beside)
        if parse_image(image) is None:
            assert supported(verdict) is not Status.TRUE


@given(
    st.lists(
        st.sampled_from(["0.2.96.22", "0.2", "SNAPSHOT", "rc1", "-", ".", "_", "perfana-", "v", "acme", "alpine"]), max_size=6
    )
)
def test_pieces_of_tags_in_any_order_never_raise(pieces: Sequence[str]) -> None:
    verdict = judge("perfana/perfana-web:" + "".join(pieces))
    if "SNAPSHOT" in pieces:
        assert supported(verdict) is not Status.TRUE


def test_every_spelling_of_the_registry_is_judged_the_same() -> None:
    first, *others = [judge(f"{registry}perfana/perfana-web:0.2.96.20") for registry in ("", "docker.io/", "index.docker.io/")]
    for other in others:
        assert (other.conditions, other.components) == (first.conditions, first.components)
