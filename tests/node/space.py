"""The first process of a node's own space: namespaces for processes and mounts.

Run as a script under `unshare`, never imported: it uses the standard library only.

Why a space: containers outlive containerd, mounts outlive those who made them, and programs of a node write to fixed
places. Here all of that ends when this process ends, by the kernel and in any case: the processes are killed, and the
last of them takes the mounts along. What programs write to those places goes to memory, and settings of the kernel that
a node would change for the whole machine are files of our own that lie over them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

MS_BIND = 4096
"""Number of the mount flag, from Linux's <sys/mount.h>."""

COVERED = ("/var/lib", "/var/log", "/run")
"""Where programs of a node write whatever their settings say: sockets, logs' names, results of CNI."""

KERNEL_SETTINGS = {
    "kernel/keys/root_maxbytes": 25000000,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "net/ipv4/ip_forward": 1,
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
}
"""What kubelet and the CNI plugin `bridge` set, with the values that they want to read."""


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount, or raise `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (source.encode(), target.encode(), kind.encode() or None, flags, options.encode() or None)
    if libc.mount(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def cover(folder: Path) -> None:
    """Let writes to fixed places go to memory, and leave the node's own folder what it is."""
    own = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    memory = folder / "covers"
    memory.mkdir(exist_ok=True)  # a node that boots again
    mount("tmpfs", str(memory), "tmpfs")
    for place in COVERED:
        upper, work = (memory / f"{kind}{place.replace('/', '-')}" for kind in ("upper", "work"))
        upper.mkdir()
        work.mkdir()
        mount("overlay", place, "overlay", options=f"lowerdir={place},upperdir={upper},workdir={work}")
        if folder.is_relative_to(place):
            mount(f"/proc/self/fd/{own}", str(folder), flags=MS_BIND)
    os.close(own)


def keep_kernel_settings(folder: Path) -> None:
    """Let the node believe that it has set them."""
    for name, value in KERNEL_SETTINGS.items():
        setting = Path("/proc/sys", name)
        if setting.exists():
            ours = folder / "kernel-settings" / name
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.write_text(f"{value}\n")
            mount(str(ours), str(setting), flags=MS_BIND)


def reap() -> None:
    """Bury what others leave behind; return when there is nothing now."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> None:
    """Prepare the space, say so by a file, and hold it until SIGTERM."""
    signals = {signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    folder = Path(sys.argv[1])
    cover(folder)
    keep_kernel_settings(folder)
    (folder / "space-is-ready").touch()
    while signal.sigwait(signals) != signal.SIGTERM:
        reap()


if __name__ == "__main__":
    main()
