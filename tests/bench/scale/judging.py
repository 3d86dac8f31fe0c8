"""What the peers do with what they have read: the operator's own projection and evaluation, without writing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import read_check
from perfana_support.model.installation import Installation, Node, Platform, Workload
from perfana_support.sources.clock import today
from perfana_support.sources.policy import builtin_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
"""The namespaced kinds that the operator follows in a cluster without CloudNativePG; nodes come beside them."""


class Judge:
    """Judges checks, and tells on standard output of the first verdict and of the last."""

    def __init__(self, count: int) -> None:
        """So many checks are to be judged."""
        self._count = count
        self._judged: set[str] = set()

    def judge(self, namespace: str, spec: object, workloads: Iterable[Workload], nodes: Mapping[str, Node]) -> None:
        """Judge a check by what was read of its namespace."""
        if namespace in self._judged:
            return
        check, policy = read_check(spec), builtin_policy()
        found = tuple(workloads)
        names = sorted({workload.node for workload in found if workload.node})
        platform = Platform(server_version="v1.37.2", nodes=tuple(nodes[name] for name in names))
        verdict = evaluate(select(Installation(namespace, found, platform=platform), check, policy), policy, today(), check)
        assert verdict.components, f"nothing was found in {namespace}"
        self._judged.add(namespace)
        if len(self._judged) in {1, self._count}:
            mark: dict[str, Any] = {"judged": len(self._judged), "workloads": len(found), "at": time.monotonic()}
            print(json.dumps(mark), flush=True)
