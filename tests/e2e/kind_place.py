"""A cluster of kind as a place: for people who have Docker. CI has none, and runs the same tests on `NodePlace`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.e2e.place import user_environment
from tests.e2e.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

HERE = Path(__file__).parent
CONFIGURATION = HERE / "kind.yaml"
NAME = "perfana-support-test"

MADE_WITHIN_SECONDS = 900.0
"""Most of it is the download of kind's node image, the first time."""


class KindError(Exception):
    """kind or Docker would not do it; the message has what they said."""


def kind(*arguments: str) -> str:
    """Run kind and return what it prints."""
    return _run([str(find_program("kind")), *arguments])


class KindPlace:
    """A cluster of its own, gone at the end."""

    def __init__(self, home: Path, *programs: Path) -> None:
        """Make the cluster; raises `KindError` if there is no Docker, or a cluster of that name."""
        kubeconfig = home / "kubeconfig"
        wanted = ("--name", NAME, "--config", str(CONFIGURATION), "--kubeconfig", str(kubeconfig), "--wait", "5m")
        kind("create", "cluster", *wanted)
        self._environment = user_environment(kubeconfig, home, *programs)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a user."""
        return self._environment

    def load(self, archive: Path) -> None:
        """Put the images of an archive on every node."""
        kind("load", "image-archive", str(archive), "--name", NAME)

    def restart_nodes(self) -> None:
        """End the containers that are the nodes, and start them again."""
        _run(["docker", "restart", "-t", "0", *kind("get", "nodes", "--name", NAME).split()])

    def publish(self, namespace: str, service: str) -> None:
        """Nothing: kind has a kube-proxy."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Remove the cluster."""
        kind("delete", "cluster", "--name", NAME, "--kubeconfig", self._environment["KUBECONFIG"])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MADE_WITHIN_SECONDS)
    if done.returncode != 0:
        raise KindError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout
