"""How long `perfana-support check` takes on streams of thousands of documents, and how much memory, beside peers."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.bench.scale.objects import pod, pod_status, web
from tests.bench.tables import say, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.conftest_tool import Conftest
    from tests.bench.kubeconform import Kubeconform
    from tests.bench.kyverno import Kyverno

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "tests" / "data" / "charts"
DOCUMENTS = 10_000
GROWTH = (1_000, 10_000, 100_000)
GROWTH_ROUNDS = 2
LISTED = 3_000
WARM_UP_ROUNDS = 1
MIB = 1024

_SEPARATOR = re.compile(r"^---\n", re.MULTILINE)
_KIND = re.compile(r"^kind: (\S+)", re.MULTILINE)
_NAMESPACE = re.compile(r"^  namespace: .*\n", re.MULTILINE)
_BARE = "import sys, yaml\nwith open(sys.argv[1], 'rb') as stream:\n  for _ in yaml.compose_all(stream, yaml.CLoader): pass"
# A process begins with the peak of the one that it was forked from, so a small one stands between. It looks often at the memory
# of the command and of those that it started; that of one process alone, the kernel tells exactly.
_WATCH = """
import os, sys, threading, time

def resident(process):
    with open(f"/proc/{process}/statm") as state, open(f"/proc/{process}/task/{process}/children") as children:
        pages = int(state.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024 + sum(map(resident, children.read().split()))

def watch():
    while not ended.wait(0.01):
        try:
            seen = resident(process)
        except OSError:  # it or one of its own has just ended
            continue
        peaks.append(seen)

began, ended, peaks = time.perf_counter(), threading.Event(), [0]
nowhere = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[nowhere])
watching = threading.Thread(target=watch)
watching.start()
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - began
ended.set()
watching.join()
print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, max(usage.ru_maxrss, *peaks))
"""


class Run(NamedTuple):
    """What one run of a command took: wall time, CPU time, and the memory that all its processes had at their peak in KiB."""

    wall: float
    cpu: float
    memory: int


def measure(kubeconform: Kubeconform, conftest: Conftest, kyverno: Kyverno, folder: Path, rounds: int) -> str:
    """Return the tables. The commands take turns, so that whatever else the machine does meets them all."""
    streams = {number: folder / f"{number}.yaml" for number in GROWTH}
    for number, stream in streams.items():
        write_stream(stream, number)
    program = str(Path(sys.executable).with_name("perfana-support"))
    stream = streams[DOCUMENTS]
    runs = _in_turn(
        {
            "`perfana-support check`": [program, "check", "-f", str(stream)],
            "`kubeconform`": kubeconform.command(stream),
            "`conftest test`": conftest.command(stream),
            "`kyverno apply`": kyverno.command(stream),
            "bare `yaml.compose_all`, CLoader": [sys.executable, "-c", _BARE, str(stream)],
        },
        rounds,
    )
    ours, *theirs = (_median(each) for each in runs.values())
    ratios = [["1.0", "1.0"], *([f"{ours.wall / peer.wall:.2f}", f"{ours.cpu / peer.cpu:.2f}"] for peer in theirs)]
    rows = [[name, *_cells(_median(each)), *ratio] for (name, each), ratio in zip(runs.items(), ratios, strict=True)]
    size = stream.stat().st_size / 1e6
    caption = (
        f"One stream of {DOCUMENTS:,} documents of the vendor's charts in namespaces of their own, {size:.1f} MB; medians of "
        f"{rounds} rounds in turn. Aims: no slower than kubeconform, at most 0.25 times conftest with the rule of users, "
        "at most 2.5 times as long as composing alone, at most 60 MB."
    )
    listed = folder / "list.yaml"
    write_list(listed, LISTED)
    inputs = {f"{number:,} documents": stream for number, stream in streams.items()} | {f"a List of {LISTED:,} pods": listed}
    growth = _in_turn({name: [program, "check", "-f", str(file)] for name, file in inputs.items()}, GROWTH_ROUNDS, 0)
    header = ["command", "wall s", "CPU s", "peak memory MiB", "perfana-support: wall, times", "CPU, times"]
    per_document = [
        [name, *_cells(run := _median(each)), f"{run.cpu / number * 1000:.2f}"]
        for (name, each), number in zip(growth.items(), (*GROWTH, LISTED), strict=True)
    ]
    return (
        f"{caption}\n\n{table(header, rows)}\n\nGrowth:\n\n"
        f"{table(['stream', 'wall s', 'CPU s', 'peak memory MiB', 'CPU ms a document'], per_document)}"
    )


def write_stream(file: Path, documents: int) -> None:
    """Write the charts again and again, each time in a namespace of its own."""
    made = _documents()
    with file.open("w", encoding="utf-8") as stream:
        for _ in range(documents):
            stream.write(next(made))


def write_list(file: Path, pods: int) -> None:
    """Write pods as `kubectl get pods -o yaml` prints them: one document."""
    application = web("perfana")
    items = [pod(application, f"{number:05x}", 1) | {"status": pod_status(application)} for number in range(pods)]
    listed = {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}
    file.write_text(yaml.dump(listed, Dumper=yaml.CSafeDumper), encoding="utf-8")


def write_kinds(file: Path) -> None:
    """Write one document of each kind of the charts, for peers that are to know the kinds."""
    kinds: dict[str, str] = {}
    for chart in reversed(_charts()):
        for text in chart:
            found = _KIND.search(text)
            assert found, text
            kinds.setdefault(found[1], text)
    file.write_text("".join(f"---\n{text}" for text in kinds.values()), encoding="utf-8")


def _charts() -> list[list[str]]:
    charts = [_SEPARATOR.split(_NAMESPACE.sub("", file.read_text(encoding="utf-8"))) for file in sorted(CHARTS.glob("*.yaml"))]
    return [[text for text in chart if text.strip()] for chart in charts]


def _documents() -> Iterator[str]:
    charts, number = _charts(), 0
    while True:
        for chart in charts:
            number += 1
            for text in chart:
                yield "---\n" + text.replace("\nmetadata:\n", f"\nmetadata:\n  namespace: team-{number:06}\n", 1)


def _in_turn(commands: dict[str, list[str]], rounds: int, warm_up: int = WARM_UP_ROUNDS) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(-warm_up, rounds):
        for name, command in commands.items():
            run = _run(command)
            if number >= 0:
                runs[name].append(run)
        say(f"long streams: {number + 1} of {rounds} rounds")
    return runs


def _run(command: list[str]) -> Run:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    told = subprocess.check_output([sys.executable, "-S", "-c", _WATCH, *command], cwd=ROOT, env=environment, text=True)
    code, wall, cpu, memory = told.split()
    # All of them find something, and say so by codes of their own.
    assert int(code) in {0, 1, 3, 5}, command
    return Run(float(wall), float(cpu), int(memory))


def _median(runs: list[Run]) -> Run:
    walls, cpus, memories = zip(*runs, strict=True)
    return Run(statistics.median(walls), statistics.median(cpus), max(memories))


def _cells(run: Run) -> list[str]:
    return [f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{run.memory / MIB:.0f}"]
