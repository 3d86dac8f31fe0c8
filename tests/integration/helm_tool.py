"""Helm, as users have it: the two major versions that are in use, built from pinned modules."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.tool import find_tool

FOLDER = Path(__file__).with_name("go")
MAJORS = (4, 3)
"""In the order in which they are built: the second is made of what the first compiled."""


def find_helm(major: int) -> Path:
    """Return the program, found in the cache or built: a minute or two, once."""
    return find_tool(FOLDER / f"helm-{major}").program
