"""Helm, as users have it: the two major versions that are in use, built from pinned modules."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.binaries import STRIPPED, Build
from tests.cluster.pins import Pin

FOLDER = Path(__file__).with_name("go")
MAJORS = (4, 3)
"""Newest first: it is the one that most tests are made with."""


def helm_build(major: int) -> Build:
    """Return the build of a major version of Helm."""
    folder = FOLDER / f"helm-{major}"
    required = re.compile(rf"^\s*helm\.sh/helm/v{major} v(\S+)", re.MULTILINE)
    found = required.search((folder / "go.mod").read_text(encoding="utf-8"))
    assert found, f"{folder} does not require Helm {major}"
    return Build(Pin(folder, found[1]), ("helm",), (f"helm.sh/helm/v{major}/cmd/helm",), STRIPPED)


def find_helm(major: int) -> Path:
    """Return the program, found in the cache or built: a minute or two, once."""
    return helm_build(major).ensure() / "helm"
