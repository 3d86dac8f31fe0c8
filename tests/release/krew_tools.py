"""krew itself and the validator of its index, built from pinned modules: what the manifest is tried with."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.binaries import STRIPPED, Build
from tests.cluster.pins import Pin

FOLDER = Path(__file__).with_name("go") / "krew"
PROGRAMS = ("krew", "validate-krew-manifest")

_MODULE = "sigs.k8s.io/krew"
_VERSION = re.compile(r"^\s*sigs\.k8s\.io/krew v(\S+)", re.MULTILINE)


def krew_tools() -> dict[str, Path]:
    """Return the programs by their names, found in the cache or built: a minute, once."""
    found = _VERSION.search((FOLDER / "go.mod").read_text(encoding="utf-8"))
    assert found, f"{FOLDER} does not require krew"
    packages = tuple(f"{_MODULE}/cmd/{name}" for name in PROGRAMS)
    folder = Build(Pin(FOLDER, found[1]), PROGRAMS, packages, STRIPPED).ensure()
    return {name: folder / name for name in PROGRAMS}
