"""What a process used: memory and processor time, as Linux counts them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

KIB_PER_MIB = 1024


class Usage(NamedTuple):
    """A process so far: processor seconds of all its threads, memory at its peak and now, in MiB."""

    cpu_seconds: float
    peak_mebibytes: float
    mebibytes: float


def usage(pid: int) -> Usage:
    """Return what a process that runs has used (`/proc`: utime and stime, VmHWM, VmRSS)."""
    folder = Path("/proc") / str(pid)
    # The name in parentheses may hold blanks; utime and stime are fields 14 and 15, counted from 1.
    fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    lines = (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    sizes = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    peak, now = (int(sizes[name].split()[0]) / KIB_PER_MIB for name in ("VmHWM", "VmRSS"))
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), peak, now)
