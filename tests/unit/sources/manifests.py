"""Builders of manifests as text, and a reader that needs no file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perfana_support.model.installation import Workload
from perfana_support.sources.errors import Fault
from perfana_support.sources.manifest import read_manifests

WEB = "perfana/perfana-web:4.0.0"


def deployment(name: str = "web", image: str = WEB, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    """Build a Deployment of one container as plain data."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, **metadata},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
    }


def text(name: str = "web", image: str = WEB) -> str:
    """Write a Deployment of one container on one line."""
    return json.dumps(deployment(name, image), ensure_ascii=False) + "\n"


def write(folder: Path, content: str | bytes, name: str = "f.yaml") -> str:
    """Write a file below a folder and return its path."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def workloads(*paths: str) -> list[Workload]:
    """Read paths into workloads, whatever their namespace."""
    return [workload for installation in read_manifests(list(paths)).installations for workload in installation.workloads]


def names(found: Sequence[Workload]) -> list[str]:
    """List kinds and names."""
    return [f"{workload.kind}/{workload.name}" for workload in found]


def images(found: Sequence[Workload]) -> list[str]:
    """List all images."""
    return [container.image for workload in found for container in workload.containers]


def faults(*paths: str) -> list[Fault]:
    """Read paths that cannot all be read."""
    found = list(read_manifests(list(paths)).faults)
    assert found
    return found
