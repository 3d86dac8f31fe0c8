"""Tools of others that tests and measurements run: each built from the one package that a module of ours pins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tests.cluster.binaries import STRIPPED, Build
from tests.cluster.pins import Pin

if TYPE_CHECKING:
    from pathlib import Path

_TOOL = re.compile(r"^tool (\S+)$", re.MULTILINE)
_REQUIREMENT = re.compile(r"^(?:require)?\s*(\S+) v(\S+)(?: // indirect)?$", re.MULTILINE)


class Tool(NamedTuple):
    """A built program and its version."""

    program: Path
    version: str


def find_tool(folder: Path) -> Tool:
    """Return the tool that the folder's `go.mod` names, from the cache or built: minutes, once."""
    named = _TOOL.search((folder / "go.mod").read_text(encoding="utf-8"))
    assert named, f"{folder}/go.mod names no tool"
    package = named[1]
    name, pin = package.rpartition("/")[2], pin_of(folder, package)
    return Tool(Build(pin, (name,), (package,), STRIPPED).ensure() / name, pin.version)


def pin_of(folder: Path, package: str) -> Pin:
    """Return the folder's pin, with the version of the one module that has the package."""
    text = (folder / "go.mod").read_text(encoding="utf-8")
    versions = [version for module, version in _REQUIREMENT.findall(text) if f"{package}/".startswith(f"{module}/")]
    assert len(versions) == 1, f"{folder}/go.mod requires no module of {package}, or several"
    return Pin(folder, versions[0])
