"""Addresses of services on a node: what kube-proxy does, for those that a test names, in a table that is the node's alone.

kube-proxy itself writes a table of a fixed name into the machine's firewall, which nobody would dare to remove for an owner
that was killed. This one is named by its node's folder, like its bridge.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import socketserver
import subprocess
import threading
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from tests.cluster.server import SERVICE_NETWORK

if TYPE_CHECKING:
    from tests.node.network import Bridge

ADDRESS = str(ipaddress.ip_network(SERVICE_NETWORK)[1])
"""Of the service `kubernetes`, which is always the first of the network; its port is 443."""

CONNECTED_WITHIN_SECONDS = 10.0
"""A pod of this machine answers in milliseconds."""


class ServiceError(Exception):
    """The kernel would not have it."""


def publish(owner: Path, bridge: Bridge, port: int) -> None:
    """Send what pods of a bridge send to the service on to the API server; other nodes have the same service."""
    remove_orphans()
    sent_on = f"chain pods {{ type nat hook prerouting priority dstnat; {_rule(bridge, ADDRESS, 443, port)}; }}"
    # What is for a service that nobody published must not look for a way out of the machine.
    stays = f'iifname "{bridge.name}" ip daddr {SERVICE_NETWORK} drop'
    kept = f"chain others {{ type filter hook prerouting priority dstnat + 10; {stays}; }}"
    _nft("-f", "-", text=f"table ip {owner.name} {{\n{sent_on}\n{kept}\n}}\n")


def publish_also(owner: Path, bridge: Bridge, address: str, port: int, relay: Relay) -> None:
    """Send what pods of a bridge send to another service on to a relay."""
    _nft("-f", "-", text=f"add rule ip {owner.name} pods {_rule(bridge, address, port, relay.port)}\n")


def withdraw(owner: Path) -> None:
    """End that; more than once is harmless."""
    _nft("delete", "table", "ip", owner.name, check=False)


def remove_orphans() -> None:
    """Remove tables whose node was killed."""
    for entry in json.loads(_nft("-j", "list", "tables"))["nftables"]:
        name = entry.get("table", {}).get("name", "")
        if name.startswith("perfana-test-node-") and not Path(gettempdir(), name).exists():
            _nft("delete", "table", "ip", name, check=False)


def _rule(bridge: Bridge, address: str, port: int, ours: int) -> str:
    return f'iifname "{bridge.name}" ip daddr {address} tcp dport {port} dnat to {bridge.address}:{ours}'


class Relay:
    """Listens on the bridge and hands what it hears to a pod, until closed.

    The kernel could do it as well, where it forwards; whether it does is the machine's business.
    """

    def __init__(self, bridge: Bridge, pod: str, port: int) -> None:
        self._server = socketserver.ThreadingTCPServer((bridge.address, 0), _handler((pod, port)))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(pod: tuple[str, int]) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(pod, CONNECTED_WITHIN_SECONDS) as there:
                back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
                back.start()
                _copy(self.request, there)
                back.join()

    return Handler


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # an end that is gone ends it
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)


def _nft(*arguments: str, text: str = "", check: bool = True) -> str:
    command = ["nft", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/sbin"})
    if check and done.returncode != 0:
        raise ServiceError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
