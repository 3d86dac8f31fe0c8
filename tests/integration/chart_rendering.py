"""What the chart and the overlays render, as objects that can be compared."""

from __future__ import annotations

import copy
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.integration.helm_tool import find_helm
from tests.rendered_manifests import CHART, OVERLAYS, kustomize

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.cluster.client import Object

NAME = "perfana-support"
KUBERNETES = "1.37.2"
"""What is rendered for: a Helm built here knows of no version by itself."""

HELMS_LABELS = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "perfana-support-"}
"""What Helm's objects bear by their nature, with what the value begins with."""

HELMS_ANNOTATIONS = {"helm.sh/resource-policy": "keep"}

OVERLAY_VALUES: dict[str, Object] = {
    "cluster-wide": {},
    "namespaced": {"watch": {"namespaces": ["perfana"]}, "crds": {"install": False}},
    "high-availability": {"replicas": 2},
    "monitoring": {
        "monitoring": {each: {"enabled": True} for each in ("serviceMonitor", "prometheusRule", "dashboard")},
    },
}
"""What the chart takes to be an overlay."""

Key = tuple[str, str, str]


class Rendered(NamedTuple):
    """How `helm template` ended."""

    code: int
    text: str
    error: str

    @property
    def objects(self) -> list[Object]:
        """What it rendered."""
        assert self.code == 0, self.error
        return [document for document in yaml.safe_load_all(self.text) if document]


def helm_template(
    values: object, folder: Path, *flags: str, major: int = 4, release: str = NAME, namespace: str = NAME
) -> Rendered:
    """Render the chart with values, by a Helm of that major version."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    command = [str(find_helm(major)), "template", release, str(CHART), "--namespace", namespace, "--values", str(file)]
    command += ["--kube-version", KUBERNETES, *flags]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return Rendered(done.returncode, done.stdout, done.stderr)


def overlay(name: str) -> list[Object]:
    """Return what an overlay renders."""
    return list(yaml.safe_load_all(kustomize(OVERLAYS / name)))


def key(item: Object) -> Key:
    """Return what an object is called."""
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def by_key(items: Iterable[Object]) -> dict[Key, Object]:
    """Return objects by what they are called; none may be there twice."""
    found = list(items)
    named = {key(item): item for item in found}
    assert len(named) == len(found), "an object is there twice"
    return named


def without_helms(item: Object) -> Object:
    """Return an object of a chart without what Helm's objects bear by their nature, which has to be there."""
    item = copy.deepcopy(item)
    labels, annotations = item["metadata"]["labels"], item["metadata"].get("annotations", {})
    for label, begin in HELMS_LABELS.items():
        assert labels.pop(label).startswith(begin), label
    for annotation, value in HELMS_ANNOTATIONS.items():
        if item["kind"] == "CustomResourceDefinition":
            assert annotations.pop(annotation) == value
    if not annotations:
        item["metadata"].pop("annotations", None)
    return item


def is_test(item: Object) -> bool:
    """Whether an object is there for `helm test` only."""
    return bool(item["metadata"].get("annotations", {}).get("helm.sh/hook") == "test")


def one(items: Iterable[Object], kind: str) -> Object:
    """Return the only object of a kind."""
    (found,) = (item for item in items if item["kind"] == kind)
    return found
