"""The node of `tests/node` as a place: what CI has, for it needs no Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.place import user_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.node.node import Node


class NodePlace:
    """A single node that is a guest on this machine."""

    def __init__(self, node: Node, home: Path, *programs: Path) -> None:
        self._node = node
        self._environment = user_environment(node.kubeconfig, home, node.cluster.binaries.kubectl, *programs)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a user."""
        return self._environment

    def load(self, archive: Path) -> None:
        """Import an image into containerd."""
        self._node.import_image(archive)

    def restart_nodes(self) -> None:
        """End all that runs on the node at once, and start it again."""
        self._node.restart()

    def publish(self, namespace: str, service: str) -> None:
        """Do for one service what kube-proxy does for all."""
        self._node.publish(namespace, service)
