"""Somebody with a shell who pastes what pages show: the folder they are in, what they have exported, a cluster of theirs."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.cluster.processes import Processes
from tests.cluster.waiting import wait_for
from tests.snippets import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from tests.cluster.server import Cluster

ENDED_WITHIN_SECONDS = 60.0
"""What is told to end takes a second or two, a node some more."""

ANY_SH, BASH = ("sh", "-euc"), ("bash", "-o", "pipefail", "-euc")
"""Both end with the first command that fails; the second one also where that is not the last of a pipe."""

_NAME = "block"


class CommandError(AssertionError):
    """A block failed that had to succeed; the message has both, it and what it said."""


class Shell(NamedTuple):
    """What they have exported, their folder, and which shell it is."""

    environment: Mapping[str, str]
    folder: Path = ROOT
    by: tuple[str, ...] = ANY_SH

    def having(self, **exported: str) -> Self:
        """Return them with more exported."""
        return self._replace(environment={**self.environment, **exported})

    def finding(self, *folders: Path) -> Self:
        """Return them with the programs of folders, before all others."""
        return self.having(PATH=os.pathsep.join([*map(str, folders), self.environment["PATH"]]))

    def at(self, folder: Path) -> Self:
        """Return them in another folder."""
        return self._replace(folder=folder)

    def run(self, block: str, *, stdin: str = "", within_seconds: float = 600.0) -> subprocess.CompletedProcess[str]:
        """Paste a block."""
        return subprocess.run(
            [*self.by, block],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_seconds,
        )

    def must(self, block: str, *, stdin: str = "", within_seconds: float = 600.0) -> str:
        """Paste a block that has to succeed, and return what it prints."""
        done = self.run(block, stdin=stdin, within_seconds=within_seconds)
        if done.returncode != 0:
            raise CommandError(f"{block}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl, which has to succeed, and return what it prints."""
        return self.must(shlex.join(["kubectl", *arguments]), stdin=stdin)

    def each(self, block: str) -> dict[str, int]:
        """Paste a block line by line, and return the exit code of each."""
        return {line: self.run(line).returncode for line in block.splitlines()}

    @contextlib.contextmanager
    def meanwhile(self, block: str, *, ends_with: int = 0) -> Iterator[Running]:
        """Paste a block that ends when it is told to, by its last command's own exit code.

        The shell waits for that command, as one at a terminal does on Ctrl-C.
        """
        with Processes("perfana-test-page-") as processes:
            processes.start(_NAME, [*self.by, f"trap : TERM\n{block}"], dict(self.environment), self.folder)
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


def user(cluster: Cluster | None = None, folder: Path = ROOT) -> Shell:
    """Return a user with nothing of ours in the environment but the program; with a cluster, it is theirs."""
    inherited = cluster.environment() if cluster else {**os.environ, "KUBECONFIG": str(folder / "no-kubeconfig")}
    others = ("PERFANA_SUPPORT_", "HELM_", "XDG_CONFIG")
    kept = {name: value for name, value in inherited.items() if not name.startswith(others)}
    return Shell(kept, folder).finding(Path(sys.executable).parent)


def helm_user(cluster: Cluster, helm: Path, home: Path) -> Shell:
    """Return a user with this Helm, who has nothing of Helm's in the home folder."""
    return user(cluster).finding(helm.parent).having(HOME=str(home))
