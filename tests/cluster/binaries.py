"""The programs of the test cluster: etcd, kube-apiserver and kubectl, found or built."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import pins
from tests.cluster.cache import cache_folder, locked
from tests.cluster.golang import Go, find_go
from tests.cluster.processes import Processes

if TYPE_CHECKING:
    from tests.cluster.pins import Pin

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
"""Folder of ready programs, as everyone knows it who uses envtest."""

VERSION_VARIABLE = "PERFANA_TEST_KUBERNETES"
"""Version to test with where the caller names none."""

PROGRESS_SECONDS = 10.0
"""A build takes minutes; a line this often shows that it lives, and fits on a screen."""

BUILT_WITHIN_SECONDS = 3600.0
"""Fifteen times what it takes on two cores: then something hangs, most likely a download."""

STRIPPED = "-s -w"
"""No symbols: the linker is faster and the files are a third smaller."""

_SERVER_VERSION = re.compile(r"Kubernetes v(\S+)")


class BinariesError(Exception):
    """The programs could neither be found nor built; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Paths of the programs, and the version of Kubernetes that they are."""

    kubernetes: str
    etcd: Path
    kube_apiserver: Path
    kubectl: Path


def find(kubernetes: str | None = None) -> Binaries:
    """Return the programs for a version such as `1.35` or `1.35.4`, built if need be.

    By default the version of `$PERFANA_TEST_KUBERNETES`, else whatever `$KUBEBUILDER_ASSETS` has, else the
    newest that is pinned. Assets of another version than the one asked for are passed over. Raises
    `BinariesError`, or `ValueError` for a version that is not pinned.
    """
    asked = (kubernetes or os.environ.get(VERSION_VARIABLE) or "").removeprefix("v")
    assets = os.environ.get(ASSETS_VARIABLE)
    if assets:
        found = _in_assets(Path(assets))
        if not asked or found.kubernetes == asked or found.kubernetes.startswith(f"{asked}."):
            return found
        _say(f"{ASSETS_VARIABLE} has Kubernetes {found.kubernetes}, not {asked}: not used")
    programs, etcd = kubernetes_build(pins.choose(asked)), etcd_build()
    folder, etcd_folder = programs.ensure(), etcd.ensure()
    return Binaries(programs.pin.version, etcd_folder / "etcd", folder / "kube-apiserver", folder / "kubectl")


@dataclass(frozen=True, slots=True)
class Build:
    """Programs to build together from one pinned module.

    One of several builds of a module has a name of its own. With C means that parts of a program are written in it.
    """

    pin: Pin
    programs: tuple[str, ...]
    packages: tuple[str, ...]
    linker_flags: str
    name: str = ""
    tags: tuple[str, ...] = ()
    with_c: bool = False

    def __str__(self) -> str:
        """Name the programs and the version."""
        return f"{' and '.join(self.programs)} {self.pin.version}"

    @property
    def entry(self) -> Path:
        """Folder in the cache; its name has a hash of all that the programs are made of."""
        digest = hashlib.sha256(self.linker_flags.encode())
        if self.name:
            digest.update(" ".join([*self.packages, *self.tags]).encode())
        for source in sorted(self.pin.folder.iterdir()):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
        module = self.name or self.pin.folder.name.partition("-")[0]
        architecture = f"{platform.system()}-{platform.machine()}".lower()
        return cache_folder() / f"{module}-{self.pin.version}-{architecture}-{digest.hexdigest()[:12]}"

    def ensure(self) -> Path:
        """Return the folder of the programs, built if they are not there yet."""
        with locked(self.entry):
            if not self.entry.exists():
                self._build()
        return self.entry

    def _build(self) -> None:
        go = find_go(self.pin.go_version)
        _say(f"building {self} with {go.version} ({go.program}); this takes minutes, once")
        with Processes("build-", self.entry.parent) as processes:
            output = processes.folder / "bin"
            output.mkdir()
            argv = [str(go.program), "build", "-mod=readonly", "-buildvcs=false"]
            argv += [f"-tags={','.join(self.tags)}", f"-ldflags={self.linker_flags}", "-o", f"{output}/", *self.packages]
            # Go's work folder is in ours, so that it goes away even if the build is killed.
            environment = go.environment() | {"GOTMPDIR": str(processes.folder), "CGO_ENABLED": str(int(self.with_c))}
            processes.start("go", argv, environment, cwd=self.pin.folder)
            code = self._wait(processes)
            if code != 0:
                raise BinariesError(_failure(str(self), code, go, processes.log_tail("go")))
            output.rename(self.entry)

    def _wait(self, processes: Processes) -> int:
        began = time.monotonic()
        while True:
            try:
                return processes.wait("go", PROGRESS_SECONDS)
            except TimeoutError:
                elapsed = time.monotonic() - began
                if elapsed > BUILT_WITHIN_SECONDS:
                    tail = processes.log_tail("go")
                    raise BinariesError(f"building {self} did not end in {elapsed:.0f} s:\n{tail}") from None
                _say(f"building {self}: {elapsed:.0f} s")


def kubernetes_build(pin: Pin) -> Build:
    """Return the build of the API server and kubectl, which say that they are the version of the pin."""
    return Build(pin, pins.PROGRAMS, pins.packages(pins.PROGRAMS), kubernetes_flags(pin))


def kubernetes_flags(pin: Pin) -> str:
    """Return the linker flags of Kubernetes' programs."""
    major, minor = pin.version.split(".")[:2]
    values = {"gitVersion": f"v{pin.version}", "gitMajor": major, "gitMinor": minor}
    settings = [f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items()]
    return " ".join([STRIPPED, *settings])


def etcd_build() -> Build:
    """Return the build of etcd."""
    return Build(pins.etcd_pin(), ("etcd",), (".",), STRIPPED)


def _in_assets(folder: Path) -> Binaries:
    programs = [folder / name for name in ("etcd", "kube-apiserver", "kubectl")]
    missing = [program.name for program in programs if not os.access(program, os.X_OK)]
    if missing:
        raise BinariesError(f"{ASSETS_VARIABLE}={folder} has no {', '.join(missing)}: complete it, or unset it to build them")
    said = subprocess.run([str(programs[1]), "--version"], capture_output=True, text=True, check=True).stdout
    version = _SERVER_VERSION.search(said)
    if not version:
        raise BinariesError(f"{programs[1]} --version says {said!r}")
    return Binaries(version[1], *programs)


def _failure(what: str, code: int, go: Go, tail: str) -> str:
    return (
        f"building {what} with {go.version} failed (exit code {code}):\n{tail}\n"
        "It needs the Go module proxy that `go env GOPROXY` names, 4 GB of disk for Go's caches and 2 GB of "
        f"memory. Instead, {ASSETS_VARIABLE} may name a folder with etcd, kube-apiserver and kubectl. "
        "Try again with `python -m tests.cluster build`."
    )


def _say(line: str) -> None:
    print(f"test cluster: {line}", file=sys.stderr, flush=True)
