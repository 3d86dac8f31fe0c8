"""The files that containerd, CNI and kubelet read: what they need where a node is a guest on somebody's machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cluster.server import SERVICE_NETWORK
from tests.node.programs import CNI_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.node.network import Bridge

PAUSE_IMAGE = "perfana.example/pause:1"
"""What holds a pod's namespaces; ours, so that no pod needs a download."""

NOBODY = "http://127.0.0.1:1"
"""Where nobody listens: what containerd asks for images of registries that nobody told it of."""

UNWANTED_PLUGINS = (
    "io.containerd.internal.v1.opt",  # it makes /opt/containerd
    "io.containerd.nri.v1.nri",
    "io.containerd.tracing.processor.v1.otlp",
)


def write_containerd_settings(folder: Path) -> Path:
    """Write containerd's settings, for a folder of its own."""
    images, runtime = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
    tables: dict[str, dict[str, Any]] = {
        "": {
            "version": 3,
            "root": str(folder / "root"),
            "state": str(folder / "state"),
            "disabled_plugins": list(UNWANTED_PLUGINS),
        },
        "grpc": {"address": str(folder / "containerd.sock")},
        f"plugins.'{images}'.pinned_images": {"sandbox": PAUSE_IMAGE},
        f"plugins.'{images}'.registry": {"config_path": str(folder / "registries")},
        f"plugins.'{runtime}'": {"restrict_oom_score_adj": True},  # lowering it takes a right that containers lack
        f"plugins.'{runtime}'.cni": {"bin_dirs": [str(CNI_FOLDER)], "conf_dir": str(folder / "cni")},
        f"plugins.'{runtime}'.containerd.runtimes.runc": {"runtime_type": "io.containerd.runc.v2"},
        f"plugins.'{runtime}'.containerd.runtimes.runc.options": {"SystemdCgroup": False},
    }
    path = folder / "containerd.toml"
    path.write_text("\n".join(_table(name, content) for name, content in tables.items()), encoding="utf-8")
    write_registry(folder, "_default", NOBODY)
    return path


def write_registry(folder: Path, host: str, address: str) -> None:
    """Let containerd pull images of a registry's host name from an address, and from nowhere else.

    It reads this at each pull.
    """
    hosts = folder / "registries" / host / "hosts.toml"
    hosts.parent.mkdir(parents=True, exist_ok=True)
    hosts.write_text(_table("", {"server": address}) + _table(f'host."{address}"', {"capabilities": ["pull", "resolve"]}))


def write_cni_settings(folder: Path, bridge: Bridge) -> None:
    """Write how containers are connected: to the bridge, with a route to the addresses of services and to nothing else.

    So nothing of theirs leaves the machine, whether or not it forwards.
    """
    plugin = {
        "type": "bridge",
        "bridge": bridge.name,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": bridge.subnet}]],
            "routes": [{"dst": SERVICE_NETWORK}],
            "dataDir": str(folder / "addresses"),
        },
    }
    conflist = {"cniVersion": "1.0.0", "name": bridge.name, "plugins": [plugin]}
    path = folder / "cni" / "10-bridge.conflist"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(conflist, indent=2), encoding="utf-8")


def write_kubelet_settings(folder: Path, *, address: str, port: int, socket: Path, control_group: str) -> Path:
    """Write kubelet's settings, for a folder of its own."""
    resolver = folder / "resolv.conf"
    resolver.write_text("# Nobody: pods of this node know no names.\n")
    settings = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": address,
        "port": port,
        "healthzPort": 0,
        # It listens on a bridge that only this machine and its own pods reach.
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "containerRuntimeEndpoint": f"unix://{socket}",
        "podLogsDir": str(folder / "pod-logs"),
        "staticPodPath": "",
        "volumePluginDir": str(folder / "volume-plugins"),
        "resolvConf": str(resolver),
        # The machine may have control groups of either version, and they are its own business but for one of ours.
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{control_group}",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        # What the machine lacks of memory and disk is no concern of a test.
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "1Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
        # The machine's firewall is its own.
        "makeIPTablesUtilChains": False,
        "registryPullQPS": 0,
        "shutdownGracePeriod": "0s",
    }
    path = folder / "kubelet.json"
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    return path


def _table(name: str, content: dict[str, Any]) -> str:
    """Return a table of TOML; JSON writes strings, numbers, truth and lists of them as TOML does."""
    lines = [f"[{name}]"] if name else []
    return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in content.items())]) + "\n"
