"""A cluster with real nodes that the tests of this folder run in, as a person with kubectl and Helm sees it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Protocol

from tests import shell
from tests.cluster.waiting import wait_for
from tests.shell import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.cluster.client import Object

SETTLED_WITHIN_SECONDS = 180.0
"""What a busy machine needs until pods run, or an operator has judged."""


class Place(Protocol):
    """Where the tests run: what differs between the node of `tests/node` and kind."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a user: KUBECONFIG, a PATH with kubectl and helm, an own HOME."""

    def load(self, archive: Path) -> None:
        """Put the images of an archive on each node."""

    def restart_nodes(self) -> None:
        """Let each node fail and boot again."""

    def publish(self, namespace: str, service: str) -> None:
        """Let pods reach a service at its address, where no proxy does that by itself."""


class Shell(shell.Shell):
    """A user of the place, who knows objects."""

    def get(self, *arguments: str) -> Object:
        """Return what `kubectl get` finds, an object or a list."""
        found: Object = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found

    def apply(self, *items: Object) -> None:
        """Make or change objects."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}))

    def wait_for_verdict(self, namespace: str, status: str, reason: str = "") -> Object:
        """Return the check `perfana` of a namespace once its condition Supported is so, by a verdict on its newest spec."""

        def look() -> Object | None:
            check = self.get("supportcheck", "perfana", "-n", namespace)
            found = next(each for each in check["status"]["conditions"] if each["type"] == "Supported")
            is_so = found["status"] == status and reason in ("", found["reason"])
            return check if is_so and found["observedGeneration"] == check["metadata"]["generation"] else None

        try:
            return wait_for(look, SETTLED_WITHIN_SECONDS, f"Supported={status} {reason}", ignoring=(CommandError, KeyError))
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.kubectl('describe', 'supportcheck', 'perfana', '-n', namespace)}") from None


def user_environment(kubeconfig: Path, home: Path, *programs: Path) -> dict[str, str]:
    """Return the environment of a user who has these programs, and nothing of this machine's user's."""
    (home / "bin").mkdir()
    for program in programs:
        (home / "bin" / program.name).symlink_to(program)
    return {"KUBECONFIG": str(kubeconfig), "HOME": str(home), "PATH": os.pathsep.join([str(home / "bin"), "/usr/bin", "/bin"])}
