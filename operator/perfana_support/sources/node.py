"""Nodes as facts: what rules about the platform read of them."""

from collections.abc import Mapping
from typing import Any

from perfana_support.model.installation import Node


def project_node(entity: Mapping[str, Any]) -> Node:
    """A node's name, kubelet version, architecture and operating system; "" for what it does not say."""
    information = (entity.get("status") or {}).get("nodeInfo") or {}
    return Node(
        entity["metadata"]["name"],
        information.get("kubeletVersion", ""),
        information.get("architecture", ""),
        information.get("operatingSystem", ""),
    )
