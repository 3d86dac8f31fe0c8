"""Tables in Markdown, figures in them, and the machine that they were measured on."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from perfana_support import __version__
from perfana_support.sources.clock import today

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KIB_PER_GIB = 1024 * 1024


def say(line: str) -> None:
    """Tell on standard error what goes on: standard output is for the tables."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, all others are figures."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def milliseconds(seconds: float) -> str:
    """Return a duration as people read it: `7.1`, `123`."""
    number = seconds * 1000
    return f"{number:.1f}" if number < 100 else f"{number:.0f}"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def load_average() -> str:
    """Return how many processes ran or wanted to, over the last minute: what else the machine was doing."""
    return f"{os.getloadavg()[0]:.1f}"


def machine(*programs: str) -> str:
    """Return a sentence about this machine, the day and the versions; `programs` are further names with versions."""
    cores = len(os.sched_getaffinity(0))
    gib = int(_field("/proc/meminfo", "MemTotal").split()[0]) / KIB_PER_GIB
    model = _field("/proc/cpuinfo", "model name") or platform.machine()
    ours = [f"perfana-support {__version__}", f"Python {platform.python_version()}"]
    libraries = [f"{name} {version(name)}" for name in ("kopf", "aiohttp", "PyYAML")]
    return (
        f"Measured {today()} on {cores} cores of {model}, {gib:.0f} GiB, Linux {platform.release()}; "
        f"{', '.join([*ours, *libraries, *programs])}."
    )


def _field(file: str, name: str) -> str:
    """Return a field of one of Linux's files of `name: value`, empty if it has none."""
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
