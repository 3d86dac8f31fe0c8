"""What a release is made of, as people have it: in a folder of its own, with a home of their own, without our environment."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.release.making import single_files
from tests.release.platforms import this_platform
from tests.shell import Shell
from tests.unit.cli.program import CHARTS, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUPPORTED = ("check", "-f", str(CHARTS / "perfana-4.0.3.yaml"), "--as-of", "2026-11-24")
OLD = ("check", "-f", str(CHARTS / "perfana-3.1.2.yaml"), "--as-of", "2026-11-24")
WITHIN_SECONDS = 120
MANIFESTS_FILE, CLUSTER_FILE = single_files(this_platform())
# The Python that the environment of the tests was made with: it has none of the libraries.
BARE_PYTHON = getattr(sys, "_base_executable", sys.executable)


class Machine(NamedTuple):
    """Somebody's machine: a home, a current folder, a folder of programs on the PATH with nothing of ours in it."""

    home: Path
    folder: Path
    programs: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a process there finds."""
        path = f"{self.programs}:{os.defpath}"
        return {"HOME": str(self.home), "PATH": path, "TMPDIR": str(self.folder.parent / "tmp"), "LANG": "C.UTF-8", **more}

    def shell(self, **more: str) -> Shell:
        """Return somebody at it."""
        return Shell(self.environment(**more), self.folder)

    def run(self, command: Sequence[str | Path], **more: str) -> Outcome:
        """Run a command there."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            check=False,
            timeout=WITHIN_SECONDS,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def unpacked(self) -> list[str]:
        """Return what the cache of single files holds."""
        return sorted(entry.name for entry in (self.home / ".cache" / "perfana-support").glob("*"))

    def leftovers(self) -> list[str]:
        """Return what was left in the folder for temporary files."""
        return [entry.name for entry in (self.folder.parent / "tmp").iterdir()]


def make_machine(below: Path) -> Machine:
    """Make one, with an empty home and a Python."""
    machine = Machine(below / "home", below / "work", below / "bin")
    for folder in (*machine, below / "tmp"):
        folder.mkdir()
    (machine.programs / "python3").symlink_to(BARE_PYTHON)
    return machine
