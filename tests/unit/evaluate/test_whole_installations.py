"""What must hold for whole installations, with settings, dependencies and platform, whatever shows them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance, Target
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.image import parse_image
from perfana_support.model.installation import (
    PLAIN,
    Container,
    ContainerRole,
    ContainerSettings,
    Declared,
    Installation,
    Node,
    Platform,
    Setting,
    Workload,
)
from perfana_support.model.verdict import Verdict
from perfana_support.sources.cluster.store import ClusterStore
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.workload import project
from tests.unit.builders import NAMESPACE, TODAY, policy, supported
from tests.unit.evaluate.test_properties import IMAGES, OWNERS, RANK, SPOILERS

MOUNTED = ContainerSettings(mounts=(Setting("/app/x.js", "configMap a"),))
SETTINGS = st.sampled_from(
    [
        PLAIN,
        MOUNTED,
        ContainerSettings(command=(Setting("", "sh"),)),
        ContainerSettings(variables=(Setting("NODE_OPTIONS", "--require=/tmp/a.js"),)),
        ContainerSettings(hooks=(Setting("preStop", "sleep 1"),)),
    ]
)
DATABASES = st.sampled_from(
    [
        "mongo:7.0.14",
        "postgres:18.4",
        "timescale/timescaledb-ha:pg18.6-ts2.30.2",
        "timescale/timescaledb:2.28.0-pg16-oss",
        "valkey/valkey:8.1",
        "redis:7.2",
        "ferretdb/ferretdb:2.0",
        "grafana/grafana:11.4.0",
    ]
)
DIGESTS = st.sampled_from(["", "sha256:" + "a" * 64, "docker.io/perfana/x@sha256:" + "b" * 64])
CONTAINERS = st.builds(
    Container,
    st.sampled_from(["a", "b"]),
    IMAGES | DATABASES,
    st.sampled_from(ContainerRole),
    settings=SETTINGS,
    image_id=DIGESTS,
)
WORKLOADS = st.builds(
    Workload,
    kind=st.sampled_from(["Deployment", "StatefulSet", "Pod", "Job"]),
    namespace=st.just(NAMESPACE),
    name=st.sampled_from(["x", "y", "z"]),
    containers=st.lists(CONTAINERS, max_size=3).map(tuple),
    owner=OWNERS,
)
NODES = st.builds(
    Node,
    st.sampled_from(["n1", "n2"]),
    st.sampled_from(["v1.36.3", "v1.35.0", "v1.20.1", ""]),
    st.sampled_from(["amd64", "mips", ""]),
    st.sampled_from(["linux", "windows", ""]),
)
PLATFORMS = st.none() | st.builds(
    Platform,
    st.sampled_from(["v1.36.3", "v1.20.1", "v1.99.0", "", "soon", "v1.36.3-eks-1a2b3c"]),
    nodes=st.lists(NODES, max_size=3, unique_by=lambda node: node.name).map(tuple),
    gaps=st.sampled_from([(), ("nodes: forbidden",)]),
)
DECLARED = st.lists(st.sampled_from([Declared("postgresql", "18.4"), Declared("redis"), Declared("acme", "1")]), max_size=2)
INSTALLATIONS = st.builds(
    Installation,
    st.just(NAMESPACE),
    st.lists(WORKLOADS, max_size=5).map(tuple),
    st.sampled_from([(), (), ("pods: forbidden",)]),
    PLATFORMS,
    DECLARED.map(tuple),
)
CHECK = Check(maintenance=Maintenance("Team", TODAY.replace(year=2030)), target=Target("0.2.96.22"))


def _judge(subject: Installation, check: Check = CHECK) -> Verdict:
    return evaluate(subject, policy(), TODAY, check)


def _rank(verdict: Verdict, kind: ConditionType = ConditionType.SUPPORTED) -> int:
    return RANK.index(verdict.condition(kind).status)


@given(INSTALLATIONS, st.data())
def test_order_never_matters(subject: Installation, data: st.DataObject) -> None:
    def shuffled(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(data.draw(st.permutations(things)))

    platform = subject.platform
    other = subject._replace(
        workloads=shuffled(tuple(each._replace(containers=shuffled(each.containers)) for each in subject.workloads)),
        declared=shuffled(subject.declared),
        platform=platform._replace(nodes=shuffled(platform.nodes)) if platform else None,
    )
    assert _judge(other) == _judge(subject)


def _spoiled(subject: Installation) -> Iterator[Installation]:
    """The installation with one more thing that is not supported or not known, in all ways."""
    containers = [Container("c", image) for images in SPOILERS.values() for image in images]
    containers.append(Container("c", "perfana/perfana-web:0.2.96.22", settings=MOUNTED))
    containers.append(Container("c", "eu.example.com/a/perfana-web:0.2.96.22"))
    for container in containers:
        yield subject._replace(workloads=(*subject.workloads, Workload("Deployment", NAMESPACE, "added", (container,))))
    yield subject._replace(gaps=(*subject.gaps, "more"))
    yield subject._replace(declared=(*subject.declared, Declared("nobody-knows", "1")))
    platform = subject.platform
    if platform is not None:
        yield subject._replace(platform=platform._replace(gaps=(*platform.gaps, "more")))
        yield subject._replace(platform=platform._replace(nodes=(*platform.nodes, Node("n9", "v1.20.1", "mips", "windows"))))
        yield subject._replace(platform=platform._replace(server_version="v1.20.1"))


@given(INSTALLATIONS)
def test_what_is_added_never_improves_a_verdict(subject: Installation) -> None:
    before = _judge(subject, Check())
    if not before.components:
        return
    for spoiled in _spoiled(subject):
        after = _judge(spoiled, Check())
        assert _rank(after) <= _rank(before) or _is_absence_in_doubt(before, spoiled), spoiled
        assert supported(after) is not Status.TRUE, spoiled


def _is_absence_in_doubt(before: Verdict, spoiled: Installation) -> bool:
    """Whether all that was wrong is that a database was not there, which what cannot be read may be."""
    wrong = {finding.code for finding in before.findings if finding.counts and finding.effect is Effect.UNSUPPORTED}
    is_readable = all(parse_image(container.image) for each in spoiled.workloads for container in each.containers)
    return wrong == {Code.DEPENDENCY_UNSUPPORTED} and (bool(spoiled.gaps) or not is_readable)


@given(INSTALLATIONS)
def test_supported_has_nothing_against_it_and_everything_observable_behind_it(subject: Installation) -> None:
    verdict = _judge(subject)
    against = [
        finding
        for finding in verdict.findings
        if finding.effect in ("Unsupported", "Undetermined") and ConditionType.MAINTENANCE_ACTIVE not in finding.code.conditions
    ]
    assert (supported(verdict) is Status.TRUE) == (bool(verdict.components) and not against)
    assert (verdict.condition(ConditionType.PLATFORM_SUPPORTED).reason == "NotObservable") == (subject.platform is None)
    if verdict.condition(ConditionType.TICKET_ELIGIBLE).status is Status.TRUE:
        assert all(finding.code is Code.END_OF_LIFE for finding in against)


CHARTS = sorted((Path(__file__).parents[2] / "data" / "charts").glob("*.yaml"))


def _objects(chart: Path) -> list[dict[str, Any]]:
    found = [each for each in yaml.safe_load_all(chart.read_bytes()) if each]
    for each in found:
        each["metadata"]["namespace"] = NAMESPACE
    return found


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: str(chart.stem))
def test_manifests_and_cluster_give_the_same(chart: Path, tmp_path: Path) -> None:
    objects = _objects(chart)
    objects[0:0] = [_changed(each) for each in objects if each["kind"] == "Deployment"][:1]
    file = tmp_path / "f.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    (written,) = read_manifests([str(file)]).installations
    store = ClusterStore(("all",), lambda _: None)
    store.set_server_version("v1.36.3")
    for each in objects:
        workload = project(each, each["kind"])
        if workload is not None:
            store.put(each["kind"], (NAMESPACE, each["metadata"]["name"]), workload)
    check = CHECK._replace(platform=Platform("v1.36.3"))
    one, other = _judge(written, check), _judge(store.installation(NAMESPACE), check)
    assert [finding._replace(location=None) for finding in one.findings] == list(other.findings)
    assert [finding._replace(location=None) for finding in one.upgrade_findings] == list(other.upgrade_findings)
    assert one._replace(findings=(), upgrade_findings=()) == other._replace(findings=(), upgrade_findings=())
    assert "CodeMounted" in [str(finding.code) for finding in other.findings]


def _changed(deployment: dict[str, Any]) -> dict[str, Any]:
    """A second Deployment, whose code is mounted over."""
    changed: dict[str, Any] = json.loads(json.dumps(deployment))
    changed["metadata"]["name"] += "-changed"
    pod = changed["spec"]["template"]["spec"]
    pod["volumes"] = [*(pod.get("volumes") or []), {"name": "patch", "configMap": {"name": "patch"}}]
    for container in pod["containers"]:
        container["volumeMounts"] = [{"name": "patch", "mountPath": "/app"}]
    return changed
