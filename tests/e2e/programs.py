"""kind, kubectl and Helm of `make kind`: those on the PATH, if they run for anybody; else the pinned ones, built on Linux."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.cluster import binaries
from tests.cluster.tool import find_tool
from tests.integration.helm_tool import find_helm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANSWERS_WITHIN_SECONDS = 60.0
PROBES: Mapping[str, tuple[str, ...]] = {
    "kind": ("version",),
    "kubectl": ("version", "--client"),
    "helm": ("version", "--short"),
}
"""What each of them is asked, to see that it runs."""


class ProgramError(Exception):
    """A program is neither on the PATH nor can it be built here; the message says what to do."""


@cache
def find_program(name: str) -> Path:
    """Return one of the three. Raises `ProgramError`."""
    on_path = shutil.which(name)
    if on_path and _runs_for_anybody(Path(on_path), *PROBES[name]):
        return Path(on_path)
    if sys.platform != "linux":
        raise ProgramError(f"make kind: {name} is needed on the PATH; building the pinned one takes Linux")
    builds: Mapping[str, Callable[[], Path]] = {
        "kind": lambda: find_tool(Path(__file__).with_name("go") / "kind").program,
        "kubectl": lambda: binaries.find().kubectl,
        "helm": lambda: find_helm(4),
    }
    return builds[name]()


def _runs_for_anybody(program: Path, *probe: str) -> bool:
    """Whether it runs with the PATH and HOME of the tests' user; what a version manager puts in its place does not."""
    with TemporaryDirectory(prefix="perfana-home-") as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        try:
            asked = subprocess.run(
                [program, *probe], env=environment, capture_output=True, check=False, timeout=ANSWERS_WITHIN_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return asked.returncode == 0
