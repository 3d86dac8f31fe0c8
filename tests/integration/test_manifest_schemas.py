"""Every manifest and every rendering is what the API server knows, by kubeconform in its strict mode; typos are found."""

from __future__ import annotations

import copy
import json
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.api_schemas import TEMPLATE, write_schemas
from tests.cluster.crds import apply_crds
from tests.cluster.tool import find_tool
from tests.integration.chart_rendering import OVERLAY_VALUES, helm_template, overlay
from tests.rendered_manifests import MANIFESTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object

KUBECONFORM = ROOT / "tests" / "bench" / "go" / "kubeconform"
TYPO = "typpo"
FREE = {
    "labels",
    "annotations",
    "matchLabels",
    "requests",
    "limits",
    "nodeSelector",
    "data",
    "properties",
    "selector",
    "default",
}
"""Maps whose keys are up to their author."""

MOST_TYPOS = 60
"""In one object: definitions have thousands of places."""

NO_OBJECTS = {"kustomization.yaml", "rules.yaml"}
"""Of kustomize and of Prometheus itself."""

FILES = sorted(
    path
    for folder in ("manifests", "crds")
    for path in (ROOT / folder).rglob("*.yaml")
    if path.name not in NO_OBJECTS and not {"resource_customizations", "overlays"} & set(path.parts)
)
EVERYTHING: Object = {
    "replicas": 3,
    "imagePullSecrets": [{"name": "harbor"}],
    "settings": {"verbose": True, "resync_seconds": 600},
    "checks": [{"name": "perfana", "namespace": "perfana", "spec": {"enforcement": "Gate"}}],
    "admission": {"enabled": True, "actions": ["Audit", "Deny"]},
    "policyReports": {"enabled": True},
    "registries": {
        "usePullSecrets": True,
        "secrets": [{"namespace": "perfana", "names": ["harbor"]}],
        "caConfigMap": "authorities",
    },
    "serviceAccount": {"annotations": {"example.com/role": "reader"}},
    "service": {"annotations": {"prometheus.io/scrape": "true"}},
    "networkPolicy": {
        "apiServer": {"cidrs": ["10.0.0.1/32"]},
        "registries": {"enabled": True, "cidrs": ["10.2.0.0/16"]},
        "extraIngress": [{"ports": [{"port": 8081}]}],
        "extraEgress": [{"ports": [{"port": 3128}]}],
    },
    "monitoring": {each: {"enabled": True, "labels": {"a": "b"}} for each in ("serviceMonitor", "prometheusRule", "dashboard")},
    "priorityClass": {"create": True, "name": "perfana-support"},
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]}}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "platform"},
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
}
"""A value for all that the chart has templates for."""

VALUES: dict[str, Object] = {
    **OVERLAY_VALUES,
    "everything": EVERYTHING,
    "some-namespaces": {
        "watch": {"namespaces": ["shop", "more"]},
        "policyReports": {"enabled": True},
        "registries": EVERYTHING["registries"],
    },
    "given-elsewhere": {
        "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "theirs"},
        "networkPolicy": {"enabled": False},
        "crds": {"install": False},
    },
}
SETS = [
    *(str(path.relative_to(ROOT)) for path in FILES),
    *(f"overlay {name}" for name in OVERLAY_VALUES),
    *(f"chart {name}" for name in VALUES),
]


class Validator(NamedTuple):
    """kubeconform, with a folder of schemas that it asks."""

    api: ApiClient
    folder: Path

    def problems(self, items: list[Object]) -> list[str]:
        """Return what kubeconform says of each object, "" for one that is right."""
        write_schemas(self.api, {(item["apiVersion"], item["kind"]) for item in items}, self.folder, is_strict=True)
        location = f"{self.folder}/{TEMPLATE}"
        command = [str(find_tool(KUBECONFORM).program), "-strict", "-verbose", "-output", "json", "-schema-location", location]
        # One kubeconform at a time reads standard input in order, one object a document.
        text = "\n---\n".join(json.dumps(item) for item in items)
        done = subprocess.run([*command, "-n", "1"], input=text, capture_output=True, text=True, check=False)
        found = json.loads(done.stdout)["resources"]
        assert len(found) == len(items), done.stdout + done.stderr
        assert {each["status"] for each in found} <= {"statusValid", "statusInvalid"}, found
        return sorted(each["msg"] for each in found)


@pytest.fixture(scope="module")
def validator(api: ApiClient, install_crds: list[str], tmp_path_factory: pytest.TempPathFactory) -> Validator:
    assert install_crds
    apply_crds(api, ROOT / "tests" / "data" / "monitoring-crds")
    return Validator(api, tmp_path_factory.mktemp("schemas"))


def _objects(name: str, folder: Path) -> list[Object]:
    kind, _, rest = name.partition(" ")
    if kind == "overlay":
        return overlay(rest)
    if kind == "chart":
        return helm_template(VALUES[rest], folder).objects
    return [document for document in yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")) if document]


def _places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each mapping whose keys a schema names."""
    if isinstance(value, dict):
        is_selector_of_pods = path[-1:] == ("selector",) and "matchLabels" in value
        is_open = path[-1:] and path[-1] in FREE and not is_selector_of_pods
        if not is_open and path[-2:] != ("subresources", "status"):
            yield path
        for key, each in value.items():
            yield from _places(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _places(each, (*path, number))


def _with_typo(item: Object, path: tuple[str | int, ...]) -> Object:
    spoiled = copy.deepcopy(item)
    place: Any = spoiled
    for key in path:
        place = place[key]
    place[TYPO] = "x"
    return spoiled


@pytest.mark.parametrize("name", SETS)
def test_objects_are_what_the_server_knows_and_every_typo_is_found(name: str, validator: Validator, tmp_path: Path) -> None:
    items = _objects(name, tmp_path)
    assert items
    assert set(validator.problems(items)) == {""}
    for item in items:
        places = list(_places(item))
        spoiled = [_with_typo(item, path) for path in places[:: len(places) // MOST_TYPOS + 1]]
        problems = validator.problems(spoiled)
        assert len(problems) == len(spoiled)
        assert [told for told in problems if TYPO not in told] == [], (item["kind"], item["metadata"]["name"])


def test_all_files_are_among_them() -> None:
    assert MANIFESTS / "install.yaml" in FILES
    assert len(FILES) >= 10
