"""The API server's service address on a node: what kube-proxy does, for this one service, in a table that is the node's alone.

kube-proxy itself writes a table of a fixed name into the machine's firewall, which nobody would dare to remove for an owner
that was killed. This one is named by its node's folder, like its bridge.
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from tests.cluster.server import SERVICE_NETWORK

if TYPE_CHECKING:
    from tests.node.network import Bridge

ADDRESS = str(ipaddress.ip_network(SERVICE_NETWORK)[1])
"""Of the service `kubernetes`, which is always the first of the network; its port is 443."""


class ServiceError(Exception):
    """The kernel would not have it."""


def publish(owner: Path, bridge: Bridge, port: int) -> None:
    """Send what pods of a bridge send to the service on to the API server; other nodes have the same service."""
    remove_orphans()
    rule = f'iifname "{bridge.name}" ip daddr {ADDRESS} tcp dport 443 dnat to {bridge.address}:{port}'
    chain = f"chain pods {{ type nat hook prerouting priority dstnat; {rule}; }}"
    _nft("-f", "-", text=f"table ip {owner.name} {{\n{chain}\n}}\n")


def withdraw(owner: Path) -> None:
    """End that; more than once is harmless."""
    _nft("delete", "table", "ip", owner.name, check=False)


def remove_orphans() -> None:
    """Remove tables whose node was killed."""
    for entry in json.loads(_nft("-j", "list", "tables"))["nftables"]:
        name = entry.get("table", {}).get("name", "")
        if name.startswith("perfana-test-node-") and not Path(gettempdir(), name).exists():
            _nft("delete", "table", "ip", name, check=False)


def _nft(*arguments: str, text: str = "", check: bool = True) -> str:
    command = ["nft", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/sbin"})
    if check and done.returncode != 0:
        raise ServiceError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
