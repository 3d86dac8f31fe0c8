"""Somebody who reads the documentation and pastes its blocks into a shell: the program, a folder and a cluster of theirs."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.cluster.processes import Processes
from tests.cluster.waiting import wait_for
from tests.integration.support_objects import API_VERSION, CHECK, check
from tests.snippets import ROOT, run_block

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from tests.cluster.server import Cluster

DAY = "2026-11-24"
"""The day that the pages were written for: what they show of the command line does not change by the calendar."""

ENDED_WITHIN_SECONDS = 60.0
"""What is told to end takes a second or two, a node some more."""

_NAME = "block"


class Reader(NamedTuple):
    """Their folder, and what they have exported."""

    folder: Path
    environment: Mapping[str, str]

    def having(self, **exported: str) -> Reader:
        """Return them with more exported."""
        return self._replace(environment={**self.environment, **exported})

    def run(self, block: str) -> subprocess.CompletedProcess[str]:
        """Paste a block."""
        return run_block(block, self.environment, folder=self.folder)

    def must(self, block: str) -> str:
        """Paste a block that has to succeed, and return what it prints."""
        done = self.run(block)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout

    def each(self, block: str) -> dict[str, int]:
        """Paste a block line by line, and return the exit code of each."""
        return {line: self.run(line).returncode for line in block.splitlines()}

    @contextlib.contextmanager
    def meanwhile(self, block: str, *, ends_with: int = 0) -> Iterator[Running]:
        """Paste a block that ends when it is told to, by its last command's own exit code.

        The shell waits for that command, as one at a terminal does on Ctrl-C.
        """
        with Processes("perfana-test-page-") as processes:
            processes.start(_NAME, ["sh", "-euc", f"trap : TERM\n{block}"], self.environment, self.folder)
            running = Running(processes)
            yield running
            assert processes.exit_code(_NAME) is None, running.said
            assert processes.stop(_NAME, ENDED_WITHIN_SECONDS) == ends_with, running.said


class Running(NamedTuple):
    """A block that runs."""

    processes: Processes

    @property
    def said(self) -> str:
        """What it printed so far."""
        log = self.processes.log(_NAME)
        return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""

    def wait_until_said(self, text: str, seconds: float) -> str:
        """Wait for it to print something, and return all that it has printed."""

        def is_there() -> str | None:
            said = self.said
            assert self.processes.exit_code(_NAME) is None or text in said, said
            return said if text in said else None

        return wait_for(is_there, seconds, f"{text!r} of a block")


def make_reader(folder: Path, cluster: Cluster | None = None) -> Reader:
    """Return a reader with nothing of ours in the environment but the program; with a cluster, it is theirs."""
    inherited = cluster.environment() if cluster else dict(os.environ)
    kept = {
        name: value for name, value in inherited.items() if not name.startswith(("PERFANA_SUPPORT_", "HELM_", "XDG_CONFIG"))
    }
    own = {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}
    if not cluster:
        own["KUBECONFIG"] = str(folder / "no-kubeconfig")
    return Reader(folder, kept | own)


def forget_verdicts(cluster: Cluster) -> None:
    """Make the checks of the documentation's cluster anew: the next operator is the first to judge them, and says so."""
    api = cluster.client()
    for namespace in ("legacy", "perfana"):
        spec = api.get(API_VERSION, CHECK, "perfana", namespace)["spec"]
        api.delete(API_VERSION, CHECK, "perfana", namespace)
        api.create(check("perfana", **spec), namespace)


def check_out(folder: Path) -> None:
    """Make a folder look like a checkout in which `make setup` was run, without anything being written into ours."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)


def table(text: str) -> list[list[str]]:
    """Return the cells of what `kubectl get` prints, row by row; no cell of ours has a blank in it."""
    return [line.split() for line in text.splitlines()]
