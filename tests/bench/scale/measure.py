"""The tables about the operator at scale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.scale.loading import Load, load
from tests.bench.scale.objects import PODS_OF_EACH, WORKLOADS_OF_EACH
from tests.bench.scale.peers import LIMIT_SECONDS, PEERS, PeerRun, run_peer
from tests.bench.scale.scenario import (
    CHANGES_A_SECOND,
    QUIET_SECONDS,
    REPLACED_A_SECOND,
    REPLICAS,
    SETTLING_SECONDS,
    SUPPORTED,
    Edit,
    Latency,
    Quiet,
    Rollout,
    Site,
    Start,
)
from tests.bench.scale.watching import Watcher
from tests.bench.tables import load_average, milliseconds, percentile, say, table
from tests.cluster.crds import apply_crds
from tests.cluster.server import Cluster
from tests.integration.operator_process import shipped_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[3]
OURS = "perfana-support"
WHOLE = 5
"""How many times as large the largest cluster of `--whole` is as the one that all is measured in."""

SMALL = 10
"""How many times smaller the small one is."""


class Answers(NamedTuple):
    """What was measured of one operator beside its start."""

    latency: Latency
    rollout: Rollout
    edit: Edit
    quiet: Quiet


class Size(NamedTuple):
    """One filled cluster: the operator's start, and that of its peers."""

    loaded: Load
    start: Start
    answers: Answers | None
    peers: dict[str, PeerRun]


def measure(namespaces: int, changes: int, *, is_whole: bool) -> str:
    """Return the tables."""
    before = load_average()
    sizes = [_measure(max(namespaces // SMALL, 10), 0, has_peers=True), _measure(namespaces, changes, has_peers=True)]
    if is_whole:
        sizes.append(_measure(namespaces * WHOLE, 0, has_peers=False))
    return f"{_answers(sizes[1], before)}\n\n{_costs(sizes)}"


def _measure(namespaces: int, changes: int, *, has_peers: bool) -> Size:
    say(f"scale: a cluster of {namespaces:,} namespaces")
    with Cluster(audit_policy=None) as cluster:
        apply_crds(cluster.client(), ROOT / "crds")
        loaded = load(cluster, namespaces, SUPPORTED)
        kubeconfig = shipped_identity(cluster).kubeconfig
        answers = None
        with Watcher(cluster.client()) as watcher:
            site = Site(cluster, kubeconfig, loaded, watcher)
            with site.operator:
                start = site.start()
                say(f"scale: all verdicts after {start.seconds:.1f} s")
                if changes:
                    answers = Answers(site.change(changes), site.roll_out(), site.edit_policy(), site.stay_quiet())
        runs = {}
        for name, module in PEERS.items() if has_peers else ():
            say(f"scale: {module}")
            runs[name] = run_peer(cluster, kubeconfig, module, loaded)
        return Size(loaded, start, answers, runs)


def _answers(size: Size, before: str) -> str:
    """Return the table of all but what depends on size."""
    assert size.answers
    start, (latency, rollout, edit, quiet) = size.start, size.answers
    of_workloads, of_pods = (
        f"{milliseconds(percentile(each, 50))} / {milliseconds(percentile(each, 99))} ms"
        for each in (latency.workloads, latency.pods)
    )
    requests = f"{milliseconds(percentile(latency.requests, 50))} / {milliseconds(percentile(latency.requests, 99))} ms"
    rows = [
        ["start → all conditions written", f"{start.seconds:.1f} s", "≤ 15 s"],
        ["start → the first of them", f"{start.first_seconds:.1f} s", ""],
        ["memory at its peak", f"{start.used.peak_mebibytes:.0f} MiB", "≤ 160 MB (152 MiB)"],
        [f"memory {SETTLING_SECONDS:.0f} s later", f"{start.settled.mebibytes:.0f} MiB", "≤ 140 MB (133 MiB)"],
        ["change → condition seen, p50", f"{milliseconds(latency.percentile(50))} ms", "≤ 25 ms"],
        ["change → condition seen, p99", f"{milliseconds(latency.percentile(99))} ms", "≤ 80 ms"],
        ["of workloads alone, p50 / p99", of_workloads, ""],
        ["of pods alone, p50 / p99", of_pods, ""],
        ["for orientation: the request that changes, p50 / p99", requests, ""],
        [f"rollout of {REPLICAS} pods: writes of the check", f"{rollout.writes}", "few"],
        ["last pod replaced → last write seen", f"{milliseconds(rollout.settled_after_seconds)} ms", ""],
        ["policy edited → all verdicts by it", f"{edit.seconds:.1f} s", "≤ 15 s"],
        ["verdicts by the old policy after that", f"{edit.relapses}", "0"],
        [f"writes in {QUIET_SECONDS:.0f} s without changes", f"{quiet.unchanged}", "0"],
        [f"writes while pods report {CHANGES_A_SECOND} restarts a second", f"{quiet.heartbeats}", "0"],
        ["writes when the operator starts anew", f"{quiet.restart}", "0"],
        [f"writes while everything is judged again {QUIET_SECONDS:.0f} times, once a second", f"{quiet.resyncs}", "0"],
    ]
    caption = (
        f"One operator under the rights that ship, in {size.loaded} with a check each; API server, etcd and the watching "
        f"client on the same machine, whose load average was {before} before. Each pod has about 8 KB of JSON, managedFields "
        f"and status included. {len(latency.requests)} changes of an image, {CHANGES_A_SECOND} a second whatever became of "
        "earlier ones, counted from before each is sent; every second one of a pod. The rollout replaces "
        f"{REPLACED_A_SECOND} pods a second and took {rollout.seconds:.1f} s. The edited policy turns all verdicts from True "
        f"to False. Memory is VmHWM and VmRSS. Filling the cluster took {size.loaded.seconds:.0f} s and is not counted."
    )
    return f"{caption}\n\n" + table(["", "measured", "aim"], rows)


def _costs(sizes: Sequence[Size]) -> str:
    """Return the table of what a start costs, by size and beside others."""
    rows = [row for size in sizes for row in _cost_rows(size)]
    small, large = sizes[0], sizes[-1]
    thousands = (large.loaded.workloads - small.loaded.workloads) / 1000
    seconds = (large.start.seconds - small.start.seconds) / thousands
    cpu = (large.start.used.cpu_seconds - small.start.used.cpu_seconds) / thousands
    mebibytes = (large.start.used.peak_mebibytes - small.start.used.peak_mebibytes) / thousands
    caption = (
        f"A start, by size of the cluster ({WORKLOADS_OF_EACH} workloads a namespace, {PODS_OF_EACH} pods each, a check in "
        "every namespace), each in a cluster of its own. From the smallest to the largest, a further 1,000 workloads cost the "
        f"operator {seconds:.2f} s, {cpu:.2f} s of processor and {mebibytes:.1f} MiB. Peers run in the same clusters after it, "
        f"one at a time, and are stopped after {LIMIT_SECONDS:.0f} s. Equal: machine, rights, objects, the kinds that are "
        "read, projection, evaluation. Not equal, in their favour: they judge by the built-in policy, write no status and "
        "repair nothing. Kopf projects in its index functions. The informer has no hook before its cache, which keeps the "
        "client's models; they are turned into plain objects when they are judged, and it reads the checks by one list."
    )
    header = ["", "workloads", "first verdict s", "all verdicts s", "CPU s", "peak MiB", "MiB", "s / 1,000", "CPU s / 1,000"]
    return f"{caption}\n\n" + table([*header, "peak MiB / 1,000"], rows)


def _cost_rows(size: Size) -> Iterator[list[str]]:
    start = size.start
    own = PeerRun(start.first_seconds, start.seconds, start.used._replace(mebibytes=start.settled.mebibytes))
    for name, run in {f"**{OURS}**": own, **size.peers}.items():
        thousands = size.loaded.workloads / 1000
        per_thousand = "-" if run.seconds is None else f"{run.seconds / thousands:.2f}"
        yield [
            name,
            f"{size.loaded.workloads:,}",
            _seconds(run.first_seconds),
            _seconds(run.seconds),
            f"{run.used.cpu_seconds:.1f}",
            f"{run.used.peak_mebibytes:.0f}",
            f"{run.used.mebibytes:.0f}",
            per_thousand,
            f"{run.used.cpu_seconds / thousands:.2f}",
            f"{run.used.peak_mebibytes / thousands:.1f}",
        ]


def _seconds(value: float | None) -> str:
    return f"not in {LIMIT_SECONDS:.0f}" if value is None else f"{value:.1f}"
