"""How long `perfana-support check` takes on one chart, beside an empty Python and kubeconform."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.tables import milliseconds, percentile, say, table

if TYPE_CHECKING:
    from tests.bench.kubeconform import Kubeconform

ROOT = Path(__file__).parents[2]
CHART = Path("tests/data/charts/perfana-4.0.3.yaml")
WARM_UP_ROUNDS = 3
"""Until files are in memory and clocks are up."""


def measure(peer: Kubeconform, rounds: int) -> str:
    """Return the table. The commands take turns, so that whatever else the machine does meets them all."""
    program = str(Path(sys.executable).with_name("perfana-support"))
    commands = {
        "`python -c pass`": [sys.executable, "-c", "pass"],
        f"`perfana-support check -f {CHART}`": [program, "check", "-f", str(CHART)],
        f"`kubeconform {CHART.name}`": peer.command(CHART),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(-WARM_UP_ROUNDS, rounds):
        for name, command in commands.items():
            took = _run(command)
            if number >= 0:
                times[name].append(took)
        if number >= 0 and (number + 1) % 10 == 0:
            say(f"command line: {number + 1} of {rounds} rounds")
    empty, ours, theirs = (statistics.median(times[name]) for name in commands)
    rows = [
        [name, milliseconds(statistics.median(each)), milliseconds(min(each)), milliseconds(percentile(each, 90)), ratio]
        for (name, each), ratio in zip(times.items(), ("1.0", f"{ours / empty:.1f}", f"{theirs / empty:.1f}"), strict=True)
    ]
    caption = (
        f"Wall time of one chart, warm, {rounds} rounds in turn. perfana-support takes {ours / empty:.1f} times as long as an "
        f"empty Python (aim: at most 6) and {ours / theirs:.1f} times as long as kubeconform, which validates the same file "
        "against the test cluster's own schemas, read from local files."
    )
    return f"{caption}\n\n" + table(["command", "median ms", "least ms", "p90 ms", "ratio to empty Python"], rows)


def _run(command: list[str]) -> float:
    # An installed program has its modules compiled; a shell that forbids that to Python would have each run do it anew.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True, env=environment)
    return time.perf_counter() - began
