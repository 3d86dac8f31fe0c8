"""Objects of the API as workloads: every kind that runs containers, by its shape."""

import copy
from typing import Any

import pytest

from perfana_support.model.installation import Container, ContainerRole, Workload
from perfana_support.sources.errors import ShapeError
from perfana_support.sources.workload import MUST_HAVE_CONTAINERS, project

POD = {"containers": [{"name": "web", "image": "perfana/perfana-web:4.0.0"}]}
TEMPLATED = {"template": {"spec": POD}}

# Kind: apiVersion and where the pod's spec stands.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "Deployment": ("apps/v1", {"spec": TEMPLATED}),
    "StatefulSet": ("apps/v1", {"spec": TEMPLATED}),
    "DaemonSet": ("apps/v1", {"spec": TEMPLATED}),
    "ReplicaSet": ("apps/v1", {"spec": TEMPLATED}),
    "ReplicationController": ("v1", {"spec": TEMPLATED}),
    "Job": ("batch/v1", {"spec": TEMPLATED}),
    "CronJob": ("batch/v1", {"spec": {"jobTemplate": {"spec": TEMPLATED}}}),
    "Pod": ("v1", {"spec": POD}),
    "PodTemplate": ("v1", TEMPLATED),
    "DeploymentConfig": ("apps.openshift.io/v1", {"spec": TEMPLATED}),
    "Rollout": ("argoproj.io/v1alpha1", {"spec": TEMPLATED}),
    "Service": ("serving.knative.dev/v1", {"spec": TEMPLATED}),
    "CloneSet": ("apps.kruise.io/v1alpha1", {"spec": TEMPLATED}),
    "AdvancedCronJob": ("apps.kruise.io/v1alpha1", {"spec": {"template": {"jobTemplate": {"spec": TEMPLATED}}}}),
    "ScaledJob": ("keda.sh/v1alpha1", {"spec": {"jobTargetRef": TEMPLATED}}),
}
MUST = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"]
EMPTY: list[dict[str, Any]] = [{}, {"containers": None}, {"containers": []}, {"restartPolicy": "Always"}]


def _object(kind: str, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    api_version, fields = KINDS[kind]
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", **metadata}, **fields}


def _projected(entity: dict[str, Any]) -> Workload:
    workload = project(entity, entity["kind"])
    assert workload is not None
    return workload


def _owned(kind: str, owner_kind: str, name: str = "owner", **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    reference = {"apiVersion": "apps/v1", "kind": owner_kind, "name": name, "uid": "u", "controller": True}
    return _object(kind, ownerReferences=[reference], **metadata)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_that_runs_containers(kind: str) -> None:
    assert _projected(_object(kind, namespace="perfana", labels={"app": "web"})) == Workload(
        kind, "perfana", "x", (Container("web", "perfana/perfana-web:4.0.0"),), (("app", "web"),), None
    )


@pytest.mark.parametrize(
    "entity",
    [
        {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"containers": "none"}},
        {"apiVersion": "v1", "kind": "Secret"},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {"replicas": 1}},
        {"apiVersion": "example.com/v1", "kind": "Pod", "spec": {}},
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"workloadRef": {"name": "x"}}},
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {"names": {"kind": "Pod"}}},
    ],
)
def test_object_that_runs_no_containers_is_no_workload(entity: dict[str, Any]) -> None:
    assert project(entity, entity["kind"]) is None


def _with_pod_spec(kind: str, spec: object) -> dict[str, Any]:
    entity = copy.deepcopy(_object(kind))
    if kind == "Pod":
        entity["spec"] = spec
    elif kind == "CronJob":
        entity["spec"]["jobTemplate"]["spec"]["template"]["spec"] = spec
    else:
        entity["spec"]["template"]["spec"] = spec
    return entity


@pytest.mark.parametrize("spec", EMPTY)
@pytest.mark.parametrize("kind", MUST)
def test_workload_that_shows_no_containers_is_broken(kind: str, spec: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match="must be a list of containers in a"):
        project(_with_pod_spec(kind, spec), kind)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"containers": "web"}, "containers: must be a list"),
        ({"containers": {"name": "web"}}, "containers: must be a list"),
        ({"containers": ["web"]}, "containers[0]: must be a mapping"),
        ({"containers": [{"image": "a"}, {"image": ["a"]}]}, "containers[1].image: must be a text"),
        ({"containers": [{"image": {"repository": "a"}}]}, "containers[0].image: must be a text"),
        ({**POD, "initContainers": [7]}, "initContainers[0]: must be a mapping"),
    ],
)
def test_container_of_a_wrong_shape_is_named(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        project(_with_pod_spec("Deployment", spec), "Deployment")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("text", "metadata: must be a mapping"),
        ({"labels": "text"}, "metadata.labels: must be a mapping"),
        ({"ownerReferences": {}}, "metadata.ownerReferences: must be a list"),
        ({"ownerReferences": ["x"]}, "metadata.ownerReferences[]: must be a mapping"),
    ],
)
def test_metadata_of_a_wrong_shape_is_named(metadata: object, message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        project(_object("Deployment") | {"metadata": metadata}, "Deployment")
    assert str(caught.value) == message


def test_containers_of_every_role_are_read() -> None:
    spec = {
        "initContainers": [{"name": "i", "image": "a"}],
        "containers": [{"name": "c", "image": "b"}],
        "ephemeralContainers": [{"name": "e", "image": "c"}],
    }
    assert _projected(_with_pod_spec("Pod", spec)).containers == (
        Container("c", "b", ContainerRole.MAIN),
        Container("i", "a", ContainerRole.INIT),
        Container("e", "c", ContainerRole.EPHEMERAL),
    )


def test_container_without_image_has_an_empty_one() -> None:
    assert _projected(_with_pod_spec("Pod", {"containers": [{"name": "c"}]})).containers == (Container("c", ""),)


def test_generated_name_stands_for_a_name() -> None:
    entity = _object("Job") | {"metadata": {"generateName": "migrate-"}}
    assert _projected(entity).name == "migrate-"


def test_metadata_may_be_absent() -> None:
    entity = {field: value for field, value in _object("Deployment").items() if field != "metadata"}
    assert (_projected(entity).namespace, _projected(entity).name) == ("", "")


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        ("ReplicaSet", "Deployment"),
        ("ReplicaSet", "Rollout"),
        ("ReplicationController", "DeploymentConfig"),
        ("Job", "CronJob"),
    ],
)
def test_controller_below_another_one_is_skipped(kind: str, owner: str) -> None:
    assert project(_owned(kind, owner), kind) is None


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "CronJob", "DaemonSet"])
def test_workload_that_a_custom_resource_made_is_judged(kind: str) -> None:
    workload = project(_owned(kind, "PerfanaStack"), kind)
    assert workload is not None
    assert workload.containers


def test_owner_that_is_no_controller_does_not_count() -> None:
    reference = {"kind": "ConfigMap", "name": "x", "uid": "u"}
    assert _projected(_object("Deployment", ownerReferences=[reference, {**reference, "controller": False}])).owner is None


def test_pod_knows_its_owner() -> None:
    assert _projected(_owned("Pod", "StatefulSet", "db")).owner == ("StatefulSet", "db")


def test_pod_of_a_replica_set_belongs_to_the_deployment_behind_it() -> None:
    entity = _owned("Pod", "ReplicaSet", "web-5f668d8", labels={"pod-template-hash": "5f668d8"})
    assert _projected(entity).owner == ("Deployment", "web")


@pytest.mark.parametrize("labels", [{}, {"pod-template-hash": "other"}, {"pod-template-hash": ""}])
def test_pod_of_a_bare_replica_set_belongs_to_that(labels: dict[str, str]) -> None:
    assert _projected(_owned("Pod", "ReplicaSet", "web-5f668d8", labels=labels)).owner == ("ReplicaSet", "web-5f668d8")


PHASES = {"Pending": False, "Running": False, "Unknown": False, "Succeeded": True, "Failed": True}


@pytest.mark.parametrize(("phase", "is_over"), PHASES.items())
def test_pod_that_ended_is_skipped(phase: str, *, is_over: bool) -> None:
    assert (project(_written(_object("Pod"), {"phase": phase}), "Pod") is None) is is_over


@pytest.mark.parametrize(
    ("conditions", "is_over"),
    [
        (None, False),
        ([], False),
        ([{"type": "Complete", "status": "True"}], True),
        ([{"type": "Suspended", "status": "True"}, {"type": "Failed", "status": "True"}], True),
        ([{"type": "Complete", "status": "False"}], False),
        (["Complete"], False),
    ],
)
def test_job_that_ended_is_skipped(conditions: list[Any] | None, *, is_over: bool) -> None:
    assert (project(_written(_object("Job"), {"conditions": conditions}), "Job") is None) is is_over


@pytest.mark.parametrize(
    ("kind", "status"),
    [("Pod", {"phase": "Succeeded"}), ("Job", {"conditions": [{"type": "Complete", "status": "True"}]})],
)
def test_status_that_no_server_wrote_ends_nothing(kind: str, status: dict[str, Any]) -> None:
    """It is dropped when the manifest is applied, and then the pod runs."""
    assert project(_object(kind) | {"status": status}, kind) is not None


def _written(entity: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """An object as an API server gives it out."""
    return entity | {"metadata": entity["metadata"] | {"uid": "5f668d8"}, "status": status}


def test_status_of_another_kind_does_not_count() -> None:
    status = {"phase": "Failed", "conditions": [{"type": "Complete", "status": "True"}]}
    assert _projected(_object("Deployment") | {"status": status}).containers
    assert _projected(_object("Pod") | {"status": None}).containers


def test_init_container_that_stays_is_a_container_beside_the_others() -> None:
    entity = copy.deepcopy(_object("Deployment"))
    entity["spec"]["template"]["spec"]["initContainers"] = [
        {"name": "cache", "image": "redis:7.2", "restartPolicy": "Always"},
        {"name": "wait", "image": "busybox:1"},
    ]
    found = project(entity, "Deployment")
    assert found is not None
    assert {container.name: container.role for container in found.containers if container.name in ("cache", "wait")} == {
        "cache": ContainerRole.MAIN,
        "wait": ContainerRole.INIT,
    }


PLACED = [(group, kind) for group, kind in MUST_HAVE_CONTAINERS]


@pytest.mark.parametrize(("group", "kind"), PLACED, ids=[kind for _, kind in PLACED])
def test_what_stands_in_another_kinds_place_is_nothing(group: str, kind: str) -> None:
    """The API server drops fields that a kind does not have, and runs what stands in its own place."""
    own = MUST_HAVE_CONTAINERS[(group, kind)]
    entity: dict[str, Any] = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": {"name": "x"}}
    for place, image in [*((other, "decoy:1") for other in set(MUST_HAVE_CONTAINERS.values()) - {own}), (own, "own:1")]:
        found = entity
        for field in place:
            found = found.setdefault(field, {})
        found["containers"] = [{"name": "c", "image": image}]
    assert [container.image for container in _projected(entity).containers] == ["own:1"]


@pytest.mark.parametrize(
    ("status", "image_id"),
    [
        ({"imageID": "sha256:abc", "state": {"running": {}}}, "sha256:abc"),
        ({"imageID": "", "state": {"waiting": {"reason": "ContainerCreating"}}}, ""),
        ({"imageID": "", "state": {"running": {"startedAt": "2026-11-25T12:00:00Z"}}}, "nothing"),
        ({"imageID": "", "state": "running"}, ""),
        ({"imageID": ""}, ""),
        ({}, ""),
    ],
)
def test_running_container_of_which_the_runtime_tells_nothing_is_known_as_such(status: dict[str, Any], image_id: str) -> None:
    pod = _object("Pod") | {"status": {"containerStatuses": [{"name": "c", **status}]}}
    pod["spec"] = {"containers": [{"name": "c", "image": "perfana/perfana-web:4.0.0"}]}
    assert [container.image_id for container in _projected(pod).containers] == [image_id]
