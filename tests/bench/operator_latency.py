"""How long it takes from a changed workload to the condition that a watching client sees."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from tests.bench.tables import milliseconds, percentile, say, table
from tests.bench.usage import usage
from tests.integration.operator_process import ACCOUNT, OperatorProcess, shipped_identity
from tests.integration.support_objects import API_VERSION, CHECK, RELEASED, SNAPSHOT, Site, check, conditions, deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

NAMESPACE = "bench"
WARM_UP_CHANGES = 10
"""Until connections are open and code was run once."""

DEADLINE_SECONDS = 600.0
VERDICTS = ((SNAPSHOT, "False"), (RELEASED, "True"))


def measure(cluster: Cluster, changes: int) -> str:
    """Return the table: one check, one Deployment, its image changed back and forth, under the rights that ship."""
    api = cluster.client()
    identity = shipped_identity(cluster)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    with OperatorProcess(cluster, identity.kubeconfig, "--http-port", "0", "--lease-namespace", ACCOUNT) as operator:
        operator.start()
        site = Site(api, NAMESPACE, operator)
        site.create(deployment(RELEASED), check())
        site.wait_for_verdict("True")
        flips = _flips(site, changes)
        peak = usage(operator.pid).peak_mebibytes
    gets = _gets(api, changes)
    rows = [
        ["change of an image → condition seen", *_figures(flips)],
        ["for orientation: one GET of the check", *_figures(gets)],
    ]
    caption = (
        f"Change of a Deployment's image → condition seen by a watching client: one check, {changes} changes, one after the "
        f"other, counted from before the change is sent. Aim: a median of at most 30 ms. The operator's memory at its peak: "
        f"{peak:.0f} MiB."
    )
    return f"{caption}\n\n" + table(["", "median ms", "p90 ms", "p99 ms", "most ms"], rows)


def _flips(site: Site, changes: int) -> list[float]:
    seen = _statuses(site)
    next(seen)
    taken = []
    for number in range(-WARM_UP_CHANGES, changes):
        image, wanted = VERDICTS[number % 2]
        began = time.perf_counter()
        site.set_image(image)
        while next(seen) != wanted:
            pass
        taken.append(time.perf_counter() - began)
        if number >= 0 and (number + 1) % 50 == 0:
            say(f"operator: {number + 1} of {changes} changes")
    return taken[WARM_UP_CHANGES:]


def _statuses(site: Site) -> Iterator[str]:
    """Yield what `Supported` says whenever the check changes."""
    for event in site.api.watch(API_VERSION, CHECK, site.namespace, deadline_seconds=DEADLINE_SECONDS):
        item: Object = event["object"]
        yield conditions(item)["Supported"]["status"]


def _gets(api: ApiClient, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        api.get(API_VERSION, CHECK, "perfana", NAMESPACE)
        taken.append(time.perf_counter() - began)
    return taken


def _figures(taken: list[float]) -> list[str]:
    worst = (percentile(taken, 90), percentile(taken, 99), max(taken))
    return [milliseconds(each) for each in (statistics.median(taken), *worst)]
