"""Pod specs inside kinds that nobody listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from perfana_support.sources.errors import ShapeError
from perfana_support.sources.nested import may_nest, nested_pod_spec
from tests.unit.sources.manifests import WEB, deployment, faults, images, workloads, write

POD = {"containers": [{"name": "web", "image": WEB}]}


def _entity(api_version: str, kind: str, spec: object) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "perfana"}, "spec": spec}


NESTED = [
    _entity("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"template": {"spec": {"template": {"spec": POD}}}}]}),
    _entity("work.open-cluster-management.io/v1", "ManifestWork", {"workload": {"manifests": [deployment()]}}),
    _entity("kubernetes.crossplane.io/v1alpha2", "Object", {"forProvider": {"manifest": deployment()}}),
    _entity("argoproj.io/v1alpha1", "Workflow", {"templates": [{"container": {"image": WEB}}, {"script": {"image": WEB}}]}),
    _entity("tekton.dev/v1", "Task", {"steps": [{"name": "a", "image": WEB}]}),
    _entity("apps.example.com/v1", "Fleet", {"a": {"b": [[{"initContainers": [{"name": "i", "image": WEB}]}]]}}),
]


@pytest.mark.parametrize("entity", NESTED, ids=lambda entity: str(entity["kind"]))
def test_component_inside_an_unknown_kind_is_seen(tmp_path: Path, entity: dict[str, Any]) -> None:
    found = workloads(write(tmp_path, json.dumps(entity)))
    assert set(images(found)) == {WEB}
    assert found[0].kind == entity["kind"]


@pytest.mark.parametrize(
    "entity",
    [
        _entity("kyverno.io/v1", "ClusterPolicy", {"rules": [{"pattern": {"spec": {"containers": [{"image": "!*:latest"}]}}}]}),
        _entity("monitoring.coreos.com/v1", "PrometheusRule", {"groups": [{"rules": [{"expr": "up", "containers": "all"}]}]}),
        _entity("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"versions": [{"containers": [{"image": WEB}]}]}),
        _entity("v1", "ConfigMap", {"containers": [{"image": WEB}], "nested": {"containers": [{"image": WEB}]}}),
    ],
    ids=lambda entity: str(entity["kind"]),
)
def test_what_only_looks_like_containers_is_left_out(tmp_path: Path, entity: dict[str, Any]) -> None:
    entity["data"] = entity.pop("spec") if entity["kind"] == "ConfigMap" else {}
    assert not workloads(write(tmp_path, json.dumps(entity)))


@pytest.mark.parametrize("image", ["perfana/perfana-web:{{tag}}", "${IMAGE}", "PERFANA/web", ""])
@pytest.mark.parametrize("field", ["containers", "steps", "container"])
def test_container_whose_image_is_a_template_is_not_missed(tmp_path: Path, image: str, field: str) -> None:
    container = {"image": image} | ({} if field == "container" else {"name": "web"})
    spec = {"jobs": [{field: container if field == "container" else [container]}]}
    (found,) = workloads(write(tmp_path, json.dumps(_entity("jobset.x-k8s.io/v1alpha2", "JobSet", spec))))
    assert [each.image for each in found.containers] == [image]


def test_aliases_do_not_make_it_endless(tmp_path: Path) -> None:
    levels = "\n".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12))
    head = "apiVersion: a.example.com/v1\nkind: Fleet\nmetadata: {name: x}\nspec:\n  l0: &l0 [1]\n"
    (fault,) = faults(write(tmp_path, head + levels + "\n"))
    assert "its aliases make" in fault.problem


def test_object_too_deep_to_look_through_is_an_error_and_not_empty() -> None:
    value: Any = POD
    for _ in range(100):
        value = {"a": value}
    with pytest.raises(ShapeError, match="too deep"):
        nested_pod_spec(value)


@pytest.mark.parametrize(
    ("group", "may"),
    [
        ("", False),
        ("apps", False),
        ("rbac.authorization.k8s.io", False),
        ("jobset.x-k8s.io", True),
        ("sparkoperator.k8s.io", True),
        ("argoproj.io", True),
    ],
)
def test_groups_of_kubernetes_itself_nest_none(group: str, *, may: bool) -> None:
    assert may_nest(group) is may


def test_containers_beside_the_template_are_seen_as_well(tmp_path: Path) -> None:
    template = {"spec": {"containers": [{"name": "proxy", "image": "nginx:1.29"}]}}
    entity = _entity("rollouts.example.com/v1", "Rollout", {"template": template, "canary": {"template": {"spec": POD}}})
    found = workloads(write(tmp_path, json.dumps(entity)))
    assert images(found) == ["nginx:1.29", WEB]
