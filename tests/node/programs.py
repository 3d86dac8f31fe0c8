"""The programs of a node: found on this machine where Debian has them, else built from what go/ pins."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import pins
from tests.cluster.binaries import STRIPPED, Build, kubernetes_flags
from tests.cluster.tool import pin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

GO_FOLDER = Path(__file__).with_name("go")

CONTAINERD = "github.com/containerd/containerd/v2"
RUNC = "github.com/opencontainers/runc"

CONTAINERD_PROGRAMS = ("containerd", "containerd-shim-runc-v2", "ctr")
CONTAINERD_TAGS = ("no_btrfs", "no_devmapper", "no_zfs")
"""Storage that we do not use, and that needs libraries."""

CNI_FOLDER = Path("/usr/lib/cni")
"""Where Debian puts the programs that connect containers."""

DEBIAN_PACKAGES = {
    "containernetworking-plugins": str(CNI_FOLDER / "bridge"),
    "gcc": "gcc",
    "iproute2": "ip",
    "libc6-dev": "/usr/include/stdlib.h",
    "libseccomp-dev": "/usr/include/seccomp.h",
    "mount": "mount",
    "nftables": "nft",
    "util-linux": "nsenter",
}
"""What a node needs of Debian, and a file or a program on PATH that tells whether it is there."""

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the programs of a system are, also for a user whose PATH leaves some out."""


class ProgramsError(Exception):
    """This machine cannot run a node; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Folders of the programs: Kubernetes' own, containerd with its shim and ctr, runc."""

    kubernetes: Path
    containerd: Path
    runc: Path

    @property
    def path(self) -> str:
        """PATH of a program of the node: ours first, nothing of the user's."""
        return os.pathsep.join([str(self.containerd), str(self.runc), SYSTEM_PATH])


def missing_packages(beside: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of Debian's packages that a node needs, and those `beside`, as far as this machine lacks them."""
    return sorted(name for name, sign in (DEBIAN_PACKAGES | dict(beside or {})).items() if not _is_there(sign))


def _is_there(sign: str) -> bool:
    return Path(sign).is_file() if "/" in sign else shutil.which(sign, path=SYSTEM_PATH) is not None


def check_machine() -> None:
    """Raise `ProgramsError` that says how to make this machine fit, if it is not."""
    if os.geteuid() != 0:
        raise ProgramsError("a node needs root: it mounts, makes namespaces and control groups")
    missing = missing_packages()
    if missing:
        raise ProgramsError(f"a node needs what this machine lacks: apt-get install {' '.join(missing)}")


def find_programs(kubernetes: str | None = None) -> Programs:
    """Return the programs, built if need be: minutes, once. The version is one as in `tests.cluster.binaries.find`."""
    check_machine()
    return Programs(*(build.ensure() for build in builds(kubernetes)))


def builds(kubernetes: str | None) -> tuple[Build, Build, Build]:
    """Return the builds of Kubernetes' programs, of containerd's and of runc."""
    pin = pins.choose(kubernetes)
    ours = pins.packages(pins.NODE_PROGRAMS)
    containerd = pin_of(GO_FOLDER / "containerd", CONTAINERD)
    theirs = tuple(f"{CONTAINERD}/cmd/{program}" for program in CONTAINERD_PROGRAMS)
    version = f"{STRIPPED} -X {CONTAINERD}/version.Version=v{containerd.version}"
    return (
        Build(pin, pins.NODE_PROGRAMS, ours, kubernetes_flags(pin), "kubernetes-node"),
        Build(containerd, CONTAINERD_PROGRAMS, theirs, version, "containerd", CONTAINERD_TAGS),
        # It enters namespaces before Go's runtime starts, which only C can.
        Build(pin_of(GO_FOLDER / "runc", RUNC), ("runc",), (RUNC,), STRIPPED, "runc", ("seccomp",), with_c=True),
    )
