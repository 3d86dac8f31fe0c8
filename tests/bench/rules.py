"""How long the rules take for one installation, and the projection of its objects before them."""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance
from perfana_support.model.code import ConditionType, Status
from perfana_support.sources.policy import builtin_policy
from tests.bench.tables import milliseconds, percentile, say, table
from tests.unit.builders import TODAY
from tests.unit.cluster_objects import Circumstances, held, observed

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfana_support.model.installation import Installation

WORKLOADS = 20
PODS_EACH = 3
GROWTH = 10
AIM_MILLISECONDS = 2.0
WARM_UP_ROUNDS = 5
"""Until the policy's indexes are made and images were read once, as in a program that has judged before."""

_RELEASE = "0.2.96.22"
_COMPONENTS = [f"perfana/perfana-{name}:{_RELEASE}" for name in ("web", "api", "worker", "grafana-sync", "report")]
_DEPENDENCIES = [
    "timescale/timescaledb-ha:pg18.6-ts2.30.2",
    "valkey/valkey:8.1",
    "quay.io/keycloak/keycloak:24.0.5",
    "grafana/grafana:12.4.1",
]
_OTHERS = ["nginx:1.29", "otel/opentelemetry-collector:0.139.0"]
CHECK = Check(maintenance=Maintenance("Team", TODAY.replace(year=2030)))


def measure(rounds: int) -> str:
    """Return the table. One installation and one ten times as large, judged and projected in turn."""
    once, grown = _objects(1), _objects(GROWTH)
    rows, medians = [], []
    for work in ("evaluate", "read from JSON, project and store"):
        for objects, size in ((once, 1), (grown, GROWTH)):
            say(f"rules: {work}, {WORKLOADS * size} workloads, {rounds} rounds")
            times = _time(_evaluation(objects) if work == "evaluate" else _projection(objects), rounds)
            medians.append(statistics.median(times))
            name = f"{work}: {_size(size)}"
            rows.append([name, milliseconds(medians[-1]), milliseconds(percentile(times, 95)), milliseconds(max(times))])
    judging, projecting = medians[1] / medians[0], medians[3] / medians[2]
    caption = (
        "CPU time of one process, which a shared machine disturbs least; the policy loaded once, "
        f"{rounds} rounds, everything evaluated anew in each. Aim: a median of at most {AIM_MILLISECONDS:.0f} ms for "
        f"{_size(1)}. {GROWTH} times as much takes {judging:.1f} times as long to judge and {projecting:.1f} times as long to "
        "read and project."
    )
    return f"{caption}\n\n" + table(["", "median ms", "p95 ms", "most ms"], rows)


def _size(factor: int) -> str:
    workloads, pods = WORKLOADS * factor, WORKLOADS * PODS_EACH * factor
    return f"{workloads} workloads, {pods} pods, {workloads + pods} containers"


def _objects(factor: int) -> list[dict[str, Any]]:
    """The objects that an API server holds: Deployments with their ReplicaSets and pods, and the nodes."""
    images = _COMPONENTS + _DEPENDENCIES
    images += [(_COMPONENTS + _OTHERS)[place % 7] for place in range(WORKLOADS * factor - len(images))]
    applied = [_deployment(f"w{place}", image) for place, image in enumerate(images)]
    return held(applied, Circumstances(replicas=PODS_EACH))


def _deployment(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": image,
        "env": [{"name": f"SETTING_{place}", "value": "x"} for place in range(10)]
        + [{"name": "NODE_OPTIONS", "value": "--max-old-space-size=3584"}],
        "envFrom": [{"configMapRef": {"name": "perfana-params"}}],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [{"name": "provisioning", "mountPath": "/data/provisioning"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "provisioning", "configMap": {"name": "provisioning"}}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"replicas": PODS_EACH, "selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "labels": {"app": name}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _evaluation(objects: list[dict[str, Any]]) -> Callable[[], object]:
    installation: Installation = observed(objects)
    verdict = evaluate(installation, builtin_policy(), TODAY, CHECK)
    if verdict.condition(ConditionType.TICKET_ELIGIBLE).status is not Status.TRUE:
        raise RuntimeError(f"the measured installation is meant to be supported: {verdict.findings[0]}")
    return lambda: evaluate(installation, builtin_policy(), TODAY, CHECK)


def _projection(objects: list[dict[str, Any]]) -> Callable[[], object]:
    texts = [json.dumps(each) for each in objects]  # one by one, as a watch brings them
    return lambda: observed(json.loads(text) for text in texts)


def _time(work: Callable[[], object], rounds: int) -> list[float]:
    times = []
    for number in range(-WARM_UP_ROUNDS, rounds):
        began = time.process_time()
        work()
        if number >= 0:
            times.append(time.process_time() - began)
    return times
