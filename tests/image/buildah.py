"""Debian's buildah, on a machine without a daemon, without a registry, and with nothing of its user's."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from types import TracebackType

PACKAGES = {"buildah": "buildah"}
"""What building needs of Debian, and a program that tells whether it is there."""

_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'
_DRIVERS = ("overlay", "vfs")
"""Of the second there is one copy of everything for each layer, but it works on every file system."""

_ALONE = (*("setpriv", "--pdeathsig", "KILL"), *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"))
"""Its processes and mounts end with it, and it ends with the one who started it."""

_LAST_LINES = 25


class Buildah:
    """Images in a folder of their own, which is gone afterwards."""

    def __init__(self) -> None:
        """Make the folder, below the temporary one."""
        if os.geteuid() != 0:
            raise ReleaseError("an image is built here as root: its files belong to root")
        if shutil.which("buildah") is None:
            raise ReleaseError("buildah is missing: apt-get install buildah")
        self.folder = Path(tempfile.mkdtemp(prefix="perfana-buildah-"))
        (self.folder / "policy.json").write_text(_POLICY, encoding="utf-8")
        for driver in _DRIVERS:
            (self.folder / f"{driver}.conf").write_text(f'[storage]\ndriver = "{driver}"\n', encoding="utf-8")
        self._driver = next((each for each in _DRIVERS if self._is_fit(each)), _DRIVERS[-1])

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder)

    def run(self, *words: str | Path) -> str:
        """Run a command of buildah's and return what it prints. Raises `ReleaseError`."""
        done = self._call(self._driver, *words)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
            raise ReleaseError(f"buildah {words[0]} failed:\n{tail}")
        return done.stdout

    def build(self, name: str, context: Path, *options: str) -> None:
        """Build a folder's Dockerfile as `name`, from images that are here alone."""
        self.run("build", "--pull=never", "--tag", name, f"--signature-policy={self.folder}/policy.json", *options, context)

    def load_root(self, name: str, archive: Path, architecture: str) -> None:
        """Make an image of a file system."""
        context = Path(tempfile.mkdtemp(prefix="context-", dir=self.folder))
        shutil.copy(archive, context / "root.tar")
        text = 'FROM scratch\nADD root.tar /\nENV PATH=/usr/local/bin:/usr/bin:/bin\nENTRYPOINT ["/usr/bin/python3"]\n'
        (context / "Dockerfile").write_text(text, encoding="utf-8")
        self.build(name, context, f"--platform=linux/{architecture}", "--timestamp=0")
        shutil.rmtree(context)

    def write_layout(self, name: str, folder: Path) -> None:
        """Write an image as a folder of OCI's layout, with layers as a registry would get them."""
        self.run("push", f"--signature-policy={self.folder}/policy.json", name, f"oci:{folder}")

    def _is_fit(self, driver: str) -> bool:
        return self._call(driver, "images").returncode == 0

    def _call(self, driver: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        places = [f"--root={self.folder}/{driver}/root", f"--runroot={self.folder}/{driver}/run", f"--storage-driver={driver}"]
        environment = {name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ}
        environment |= {"BUILDAH_ISOLATION": "chroot", "CONTAINERS_STORAGE_CONF": f"{self.folder}/{driver}.conf"}
        command = [*_ALONE, "buildah", *places, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
