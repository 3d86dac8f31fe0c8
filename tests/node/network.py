"""The node's network: a bridge of our own with an address of its own, to which containers are connected.

Nothing listens on an address that others could reach: the kernel calls the bridge's `local`, and no card is on it.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

POOL = ipaddress.ip_network("10.192.0.0/10")
"""Where networks of nodes are taken from: private, and far from the services of the test cluster."""

PREFIX_LENGTH = 24
"""Of a node's network: 253 pods, more than kubelet takes."""

ATTEMPTS = 20
"""A network that is in use already is one of 16384: this many times never."""


class NetworkError(Exception):
    """The bridge could not be made."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A network device, its address, and the network of the pods."""

    name: str
    address: str
    subnet: str

    def remove(self) -> None:
        """Remove the device; more than once is harmless."""
        _ip("link", "delete", self.name, check=False)


def make_bridge(owner: Path) -> Bridge:
    """Make a bridge that belongs to this folder."""
    remove_orphans()
    name = f"node-{secrets.token_hex(4)}"
    network = _free_network()
    address = str(network[1])
    _ip("link", "add", name, "type", "bridge")
    bridge = Bridge(name, address, str(network))
    try:
        # By this its orphans are told from bridges of others.
        _ip("link", "set", name, "alias", str(owner))
        _ip("address", "add", f"{address}/{network.prefixlen}", "dev", name)
        _ip("link", "set", name, "up")
        _check_is_local(address)
    except BaseException:
        bridge.remove()
        raise
    return bridge


def remove_orphans() -> None:
    """Remove bridges whose folder is gone: their owner was killed."""
    for device in json.loads(_ip("-json", "link", "show", "type", "bridge") or "[]"):
        owner = device.get("ifalias", "")
        if device.get("ifname", "").startswith("node-") and "perfana-test-node-" in owner and not Path(owner).exists():
            _ip("link", "delete", device["ifname"], check=False)


def _check_is_local(address: str) -> None:
    route = json.loads(_ip("-json", "route", "get", address))[0]
    if route.get("type") != "local":
        raise NetworkError(f"what is sent to {address} would leave the machine: {route}")


def _free_network() -> ipaddress.IPv4Network:
    taken = [
        ipaddress.ip_network(route["dst"], strict=False)
        for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all"))
        if route["dst"] != "default"
    ]
    for _ in range(ATTEMPTS):
        start = secrets.randbelow(2 ** (PREFIX_LENGTH - POOL.prefixlen)) << (32 - PREFIX_LENGTH)
        network = ipaddress.IPv4Network((int(POOL.network_address) + start, PREFIX_LENGTH))
        if not any(network.overlaps(other) for other in taken if other.version == network.version):
            return network
    raise NetworkError(f"no free network in {POOL}")


def _ip(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
