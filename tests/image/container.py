"""An image that runs as a pod would run it, without a runtime: read-only, as its own user, without network or rights.

Namespaces of the kernel by util-linux: what is mounted is gone when the program ends, however it ends.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.image.archive import ImageArchive, read_archive
from tests.unit.cli.program import Outcome

if TYPE_CHECKING:
    from types import TracebackType

_ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts")
_WITHOUT_NETWORK = "--net"
# From the outside: the image has no shell.
_ENTER = """
root=$1 user=$2
shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid,nodev "$root"
mount -t proc proc "$root/proc"
exec env -i "$@"
"""
# By their places: the PATH is the image's by then.
_SETPRIV, _CHROOT = "/usr/bin/setpriv", "/usr/sbin/chroot"
_WITHIN_SECONDS = 120


class Container:
    """A place for an image's file system, and its programs."""

    def __init__(self, path: Path) -> None:
        """Unpack the image of an archive."""
        self.image: ImageArchive = read_archive(path)
        self.root = Path(tempfile.mkdtemp(prefix="perfana-container-"))
        self.root.chmod(0o755)
        self.image.unpack(self.root)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Remove the file system."""
        shutil.rmtree(self.root)

    def command(self, *words: str, user: str = "", has_network: bool = False, **variables: str) -> list[str]:
        """Return the command that runs words within, with the image's own variables and more, as its own user or another."""
        user = user or self.image.config["config"]["User"]
        enter = [*_ALONE, *([] if has_network else [_WITHOUT_NETWORK]), "sh", "-euc", _ENTER, "enter", str(self.root), user]
        given = [*self.image.config["config"]["Env"], *(f"{name}={value}" for name, value in variables.items())]
        return [*enter, *given, _SETPRIV, "--no-new-privs", _CHROOT, f"--userspec={user}", str(self.root), *words]

    def start(self, *words: str, stdin: bytes = b"", user: str = "") -> Outcome:
        """Run words within until they end."""
        command = self.command(*words, user=user)
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=_WITHIN_SECONDS)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def run(self, *arguments: str, stdin: bytes = b"", user: str = "") -> Outcome:
        """Run the image's own program with arguments."""
        return self.start(*self.image.config["config"]["Entrypoint"], *arguments, stdin=stdin, user=user)
