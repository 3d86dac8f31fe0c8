"""A Kubernetes node on this machine: start, images, end."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.cluster import binaries
from tests.cluster.client import ApiClient, ApiError, Object
from tests.cluster.processes import Processes
from tests.cluster.server import SERVICE_NETWORK, Cluster, free_ports
from tests.cluster.waiting import wait_for
from tests.node import control_groups, service
from tests.node.image import make_image, write_archive
from tests.node.network import make_bridge
from tests.node.programs import find_programs
from tests.node.settings import (
    PAUSE_IMAGE,
    write_cni_settings,
    write_containerd_settings,
    write_kubelet_settings,
    write_registry,
)
from tests.registry.images import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from tests.node.network import Bridge

FOLDER_PREFIX = "perfana-test-node-"

NAME = "node"
"""What the node is called."""

USERS = {
    f"system:node:{NAME}": ["system:nodes"],
    "system:kube-scheduler": [],
}
"""Who the programs are: under the rights that Kubernetes gives them."""

SPACE = Path(__file__).with_name("space.py")

READY_WITHIN_SECONDS = 180.0
"""Ten times what a node takes on an idle machine."""

ENDED_WITHIN_SECONDS = 60.0
"""The kernel ends the processes of a space in milliseconds, with hundreds of mounts in a second."""

IMPORT_SECONDS = 120.0
"""An image of hundreds of megabytes on a slow disk."""

_SPACE, _CONTAINERD, _KUBELET = "space", "containerd", "kubelet"
_CONTROLLERS, _SCHEDULER = "kube-controller-manager", "kube-scheduler"


class NodeError(Exception):
    """A program of the node did not do what it should; the message has the ends of the logs."""


class Node:
    """An API server with controllers, scheduler and one node, whose kubelet runs real containers.

    Nothing of it outlives this process: containers and mounts are in a space of their own that ends with it
    (`space.py`). Its control groups and its bridge are removed at the end, or by the next node if this process is killed.
    """

    def __init__(self, kubernetes: str | None = None, *, flags: Sequence[str] = ()) -> None:
        """Start a node and return when it is ready.

        `kubernetes` is a version as in `binaries.find`; `flags` are further ones of the API server. Raises `NodeError`,
        or `ClusterError` of the API server, if it does not get ready; `ProgramsError` if this machine lacks something.
        """
        version = binaries.find(kubernetes).kubernetes
        self._programs = find_programs(version)
        began = time.monotonic()
        control_groups.remove_orphans(FOLDER_PREFIX)
        self._cluster: Cluster | None = None
        self._bridge: Bridge | None = None
        self._started: list[str] = []
        self._relays: list[service.Relay] = []
        self._processes = Processes(FOLDER_PREFIX)
        try:
            self._bridge = make_bridge(self.folder)
            # The addresses of a machine's own bridge are all that server and kubelet find each other by.
            ours = ["--kubelet-preferred-address-types=InternalIP", *flags]
            self._cluster = Cluster(kubernetes, address=self._bridge.address, users=USERS, flags=ours)
            service.publish(self.folder, self._bridge, self._cluster.port)
            self._start_controllers()
            self._write_settings()
            self._start_space()
            self._start_containerd()
            self.import_image(write_archive(self.folder / "pause.tar", PAUSE_IMAGE, alone(make_image("pause"))))
            self._start_kubelet()
            self._wait_until("node ready", self._is_ready)
        except BaseException:
            self.close()
            raise
        self.start_seconds = time.monotonic() - began

    # What others need to know

    @property
    def folder(self) -> Path:
        """Folder of everything that the node writes, gone after `close`; `<program>.log` are the programs' outputs."""
        return self._processes.folder

    @property
    def cluster(self) -> Cluster:
        """The API server: clients, identities, kubeconfig, kubectl."""
        assert self._cluster
        return self._cluster

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the admin."""
        return self.cluster.kubeconfig

    @property
    def bridge(self) -> Bridge:
        """The node's network."""
        assert self._bridge
        return self._bridge

    @property
    def ctr_command(self) -> list[str]:
        """The command that speaks to containerd as kubelet's images and containers are kept."""
        return [str(self._programs.containerd / "ctr"), "--address", str(self._socket), "--namespace", "k8s.io"]

    @property
    def is_running(self) -> bool:
        """Whether all programs run."""
        return self.cluster.is_running and all(self._processes.exit_code(name) is None for name in self._started)

    def client(self) -> ApiClient:
        """Return a client as admin."""
        return self.cluster.client()

    def log_tails(self) -> str:
        """Return the last lines that the programs wrote, for an error message."""
        tails = [f"{name}:\n{self._processes.log_tail(name)}" for name in self._started]
        return "\n".join([*([self._cluster.log_tails()] if self._cluster else []), *tails])

    # Services

    def publish(self, namespace: str, name: str) -> None:
        """Let pods reach the first port of a service at its address: one pod of it, that which is ready now."""
        spec: Object = self.client().get("v1", "Service", name, namespace)["spec"]
        found = self.client().list(
            "discovery.k8s.io/v1", "EndpointSlice", namespace, labelSelector=f"kubernetes.io/service-name={name}"
        )
        pod = next(each["addresses"][0] for item in found["items"] for each in item["endpoints"] if each["conditions"]["ready"])
        relay = service.Relay(self.bridge, pod, found["items"][0]["ports"][0]["port"])
        self._relays.append(relay)
        service.publish_also(self.folder, self.bridge, spec["clusterIP"], spec["ports"][0]["port"], relay)

    # Images

    def import_image(self, archive: Path, *options: str) -> None:
        """Put an image of an archive on the node, as somebody does who has no registry."""
        self.ctr("images", "import", *options, str(archive))

    def remove_image(self, name: str) -> None:
        """Remove a name of an image, such as `docker.io/perfana/perfana-web:1`."""
        self.ctr("images", "remove", "--sync", name)

    def use_registry(self, host: str, address: str) -> None:
        """Let the node pull images of this host (`docker.io`, `127.0.0.1:5000`) from an address (`http://127.0.0.1:5000`).

        Without a call for it a registry is out of reach.
        """
        write_registry(self._containerd_folder, host, address)

    def ctr(self, *arguments: str) -> str:
        """Run containerd's own command and return its output."""
        command = [*self.ctr_command, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False)
        if done.returncode != 0:
            raise NodeError(f"{' '.join(command)}: {done.stderr.strip()}\n{self._processes.log_tail(_CONTAINERD)}")
        return done.stdout

    # Life cycle

    def restart(self) -> None:
        """Let the node fail and boot again: all of its processes and mounts end at once, its disk and the API server stay.

        Returns when containerd and kubelet run again, not when the node is found ready: `is_ready` says that of now.
        """
        for name in (_KUBELET, _CONTAINERD, _SPACE):
            self._processes.kill(name)
            self._started.remove(name)
        # What a boot empties: /run, where containerd keeps what runs.
        shutil.rmtree(self._containerd_folder / "state")
        (self.folder / "space-is-ready").unlink()
        self._start_space()
        self._start_containerd()
        self._start_kubelet()

    def close(self) -> None:
        """End everything and leave nothing behind. More than once is harmless."""
        try:
            if _KUBELET in self._started:
                self._processes.kill(_KUBELET)  # first, so that it starts no containers anew
            if _SPACE in self._started:
                self._processes.stop(_SPACE, ENDED_WITHIN_SECONDS)  # and with it containers and mounts
            self._started.clear()
        finally:
            name = self.folder.name
            self._processes.close()
            if self._cluster:
                self._cluster.close()
            for relay in self._relays:
                relay.close()
            self._relays.clear()
            if self._bridge:
                service.withdraw(self.folder)
                self._bridge.remove()
            control_groups.remove_groups(name)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close."""
        self.close()

    @property
    def _containerd_folder(self) -> Path:
        return self.folder / "containerd"

    @property
    def _socket(self) -> Path:
        return self._containerd_folder / "containerd.sock"

    def _start(self, name: str, argv: Sequence[str]) -> int:
        environment = {"HOME": str(self.folder), "PATH": self._programs.path}
        pid = self._processes.start(name, argv, environment)
        self._started.append(name)
        return pid

    def _start_controllers(self) -> None:
        authority = self.cluster.ca_file
        controllers = [
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--root-ca-file={authority}",
            f"--service-account-private-key-file={authority.with_suffix('.key')}",
            f"--service-cluster-ip-range={SERVICE_NETWORK}",
        ]
        self._start(_CONTROLLERS, [str(self._programs.kubernetes / _CONTROLLERS), *controllers])
        kubeconfig = self.cluster.user("system:kube-scheduler").kubeconfig
        scheduler = [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
        self._start(_SCHEDULER, [str(self._programs.kubernetes / _SCHEDULER), *scheduler])

    def _write_settings(self) -> None:
        """Write what containerd, CNI and kubelet read; kubelet's port stays when it starts anew."""
        for folder in (self._containerd_folder, self.folder / "kubelet"):
            folder.mkdir()
        write_containerd_settings(self._containerd_folder)
        write_cni_settings(self._containerd_folder, self.bridge)
        (port,) = free_ports(1)
        address, group = self.bridge.address, self.folder.name
        write_kubelet_settings(self.folder / "kubelet", address=address, port=port, socket=self._socket, control_group=group)

    def _start_space(self) -> None:
        unshare = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        pid = self._start(_SPACE, [*unshare, sys.executable, "-I", "-S", str(SPACE), str(self.folder)])
        self._wait_until("space ready", (self.folder / "space-is-ready").exists)
        self._space_pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())

    def _start_inside(self, name: str, argv: Sequence[str]) -> None:
        self._start(name, ["nsenter", f"--target={self._space_pid}", "--mount", "--pid", *argv])

    def _start_containerd(self) -> None:
        settings = self._containerd_folder / "containerd.toml"
        self._start_inside(_CONTAINERD, [str(self._programs.containerd / "containerd"), f"--config={settings}"])
        self._wait_until("containerd ready", lambda: self.ctr("plugins", "list"), ignoring=(NodeError,))

    def _start_kubelet(self) -> None:
        folder = self.folder / "kubelet"
        flags = [
            f"--config={folder / 'kubelet.json'}",
            f"--kubeconfig={self.cluster.user(f'system:node:{NAME}').kubeconfig}",
            f"--hostname-override={NAME}",
            f"--node-ip={self.bridge.address}",
            f"--root-dir={folder / 'root'}",
            f"--cert-dir={folder / 'certificates'}",
        ]
        self._start_inside(_KUBELET, [str(self._programs.kubernetes / _KUBELET), *flags])

    def _is_ready(self) -> bool:
        """Whether pods run: the node says so, it may be used, and a pod finds its account."""
        api = self.client()
        node: Object = api.get("v1", "Node", NAME)
        is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"]["conditions"])
        api.get("v1", "ServiceAccount", "default", "default")
        return is_ready and not node["spec"].get("taints")

    def _wait_until(
        self, what: str, predicate: Callable[[], object], ignoring: tuple[type[Exception], ...] = (ApiError, OSError, KeyError)
    ) -> None:
        def look() -> bool:
            for name in self._started:
                code = self._processes.exit_code(name)
                if code is not None:
                    raise RuntimeError(f"{name} ended with code {code}")
            return bool(predicate())

        try:
            wait_for(look, READY_WITHIN_SECONDS, what, ignoring=ignoring)
        except (TimeoutError, RuntimeError) as error:
            raise NodeError(f"{error}\n{self.log_tails()}") from error
