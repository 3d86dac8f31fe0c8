"""The Kubernetes versions that can be built here, each pinned by a go.mod and go.sum under go/.

`k8s.io/kubernetes` is not meant to be a dependency: its go.mod asks for `k8s.io/X v0.0.0` and replaces those
by folders of its own checkout. A pin is a module of ours that requires it, with its whole list of
requirements so that nothing floats, and with each such X replaced by the module of the same release. `python
-m tests.cluster pin --kubernetes 1.38.0` makes one.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.golang import Go, find_go

GO_FOLDER = Path(__file__).with_name("go")

PROGRAMS = ("kube-apiserver", "kubectl")
"""Built together, in one `go build`: apart, Go would compile nearly everything that they share twice."""

NODE_PROGRAMS = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
"""What a whole node needs besides (tests/node): the same pin, another build."""

_REQUIREMENT = re.compile(r"^\s*k8s\.io/kubernetes v(\d+\.\d+\.\d+)\b", re.MULTILINE)
_ETCD_REQUIREMENT = re.compile(r"^\s*go\.etcd\.io/etcd/server/v3 v(\d+\.\d+\.\d+)\b", re.MULTILINE)
_ASKED = re.compile(r"v?(?P<minor>\d+\.\d+)(?P<patch>\.\d+)?(?P<suffix>[-+][0-9A-Za-z.+-]+)?")
_GO_DIRECTIVE = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """A module folder and the version of the program that it pins."""

    folder: Path
    version: str

    @property
    def go_version(self) -> tuple[int, ...]:
        """Oldest Go that builds it."""
        return needed_go((self.folder / "go.mod").read_text(encoding="utf-8"))


def kubernetes_pins() -> dict[str, Pin]:
    """Return the pins by minor version (`1.37`), oldest first."""
    pins = {}
    for go_mod in GO_FOLDER.glob("kubernetes-*/go.mod"):
        found = _REQUIREMENT.search(go_mod.read_text(encoding="utf-8"))
        assert found, f"{go_mod} does not require k8s.io/kubernetes"
        pins[_minor(found[1])] = Pin(go_mod.parent, found[1])
    return dict(sorted(pins.items(), key=lambda item: _numbers(item[0])))


def etcd_pin() -> Pin:
    """Return the one pin of etcd: it stores for every version of Kubernetes here."""
    folder = GO_FOLDER / "etcd"
    found = _ETCD_REQUIREMENT.search((folder / "go.mod").read_text(encoding="utf-8"))
    assert found, f"{folder} does not require etcd"
    return Pin(folder, found[1])


def choose(asked: str | None) -> Pin:
    """Return the pin of a version such as `1.35` or `1.35.4`, by default the newest.

    A suffix is kept in the pin's version, `1.35.4-eks-1a2b3c` or `1.35+k3s1`: the server then says that it is
    such a one, which is all that sets some distributions apart.
    """
    pins = kubernetes_pins()
    if not asked:
        return list(pins.values())[-1]
    parts = _ASKED.fullmatch(asked)
    pin = pins.get(parts["minor"]) if parts else None
    if not parts or not pin or parts["patch"] not in {None, f".{pin.version.rsplit('.', 1)[1]}"}:
        known = ", ".join(pin.version for pin in pins.values())
        raise ValueError(f"Kubernetes {asked!r}: pinned are {known}; add one with `python -m tests.cluster pin`")
    return Pin(pin.folder, pin.version + (parts["suffix"] or ""))


def make(version: str) -> Path:
    """Write the pin of a released version such as `1.38.0`, in place of another of that minor version."""
    go = find_go((1, 21))  # any with toolchain lines; the build asks for what the module needs
    folder = GO_FOLDER / f"kubernetes-{_minor(version)}"
    folder.mkdir(exist_ok=True)
    upstream = json.loads(_run(go, folder.parent, "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"))
    module = json.loads(_run(go, folder.parent, "mod", "edit", "-json", upstream["GoMod"]))
    (folder / "go.mod").write_text(_go_mod(module, version), encoding="utf-8")
    (folder / "go.sum").unlink(missing_ok=True)
    # Listing what the programs import fetches the modules and writes their sums. Not `go mod tidy`, which
    # wants the modules that only tests of dependencies need, and drops requirements that keep versions where
    # they are.
    builder = find_go(needed_go(f"go {module['Go']}"))
    _run(builder, folder, "list", "-mod=mod", "-deps", *packages(PROGRAMS + NODE_PROGRAMS))
    return folder


def packages(programs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the import paths of Kubernetes' programs."""
    return tuple(f"k8s.io/kubernetes/cmd/{program}" for program in programs)


def needed_go(go_mod: str) -> tuple[int, ...]:
    """Return the Go that a go.mod asks for."""
    found = _GO_DIRECTIVE.search(go_mod)
    assert found, "no go directive"
    return tuple(int(part or 0) for part in found.groups())


def _go_mod(module: dict[str, Any], version: str) -> str:
    staging = f"v0.{version.split('.', 1)[1]}"
    required = sorted((each["Path"], each["Version"]) for each in module["Require"])
    staged = [path for path, wanted in required if wanted == "v0.0.0"]
    lines = [
        "// Made by `python -m tests.cluster pin`; see tests/cluster/pins.py.",
        f"module perfana.example/test-cluster/kubernetes-{_minor(version)}",
        "",
        f"go {module['Go']}",
        "",
        "require (",
        *(f"\t{path} {staging if path in staged else wanted} // indirect" for path, wanted in required),
        f"\tk8s.io/kubernetes v{version} // indirect",
        ")",
        "",
        "replace (",
        *(f"\t{path} => {path} {staging}" for path in staged),
        ")",
        "",
    ]
    return "\n".join(lines)


def _run(go: Go, folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [str(go.program), *arguments],
        cwd=folder,
        env=go.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def _minor(version: str) -> str:
    return version.rsplit(".", 1)[0]


def _numbers(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))
