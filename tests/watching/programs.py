"""Prometheus and promtool, built together from the module that go/ pins, so that rules are tested by what evaluates them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.cluster.binaries import STRIPPED, Build
from tests.cluster.tool import pin_of

GO_FOLDER = Path(__file__).with_name("go") / "prometheus"
MODULE = "github.com/prometheus/prometheus"
NAMES = ("prometheus", "promtool")

TAGS = ("remove_all_sd", "enable_kubernetes_sd")
"""Of all ways to find targets only the one that our page shows: the clients of two dozen clouds are most of the build."""


class Programs(NamedTuple):
    """The server and its tool, and their version."""

    prometheus: Path
    promtool: Path
    version: str


def find_programs() -> Programs:
    """Return both, from the cache or built: minutes, once."""
    packages = tuple(f"{MODULE}/cmd/{name}" for name in NAMES)
    build = Build(pin_of(GO_FOLDER, packages[0]), NAMES, packages, STRIPPED, "prometheus", TAGS)
    folder = build.ensure()
    return Programs(folder / "prometheus", folder / "promtool", build.pin.version)
