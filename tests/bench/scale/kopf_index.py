"""Kopf as its documentation shows: an index of each kind, and an event handler that reads them.

Run as `python -m tests.bench.scale.kopf_index COUNT`, with $KUBECONFIG.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import kopf

from perfana_support.controller.names import CHECKS, GROUP, VERSION
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project
from tests.bench.scale.judging import KINDS, Judge

if TYPE_CHECKING:
    from perfana_support.model.installation import Node, Workload

_GROUPS = {"Pod": "", "CronJob": "batch", "Job": "batch"}


def main() -> None:
    """Index until killed."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.queueing.idle_timeout = 0.5
    registry = _registry(Judge(int(sys.argv[1])))
    asyncio.run(kopf.operator(registry=registry, settings=settings, standalone=True, clusterwide=True))


def _registry(judge: Judge) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(id="login", registry=registry)
    async def login(**context: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - Kopf's own interface
        return kopf.login_with_kubeconfig(**context)

    for kind in KINDS:

        @kopf.index(_GROUPS.get(kind, "apps"), "v1", f"{kind.lower()}s", id=kind.lower(), registry=registry, param=kind)
        async def workloads(body: kopf.Body, namespace: str | None, param: Any = kind, **_: Any) -> dict[str, Workload | None]:  # noqa: ANN401
            return {str(namespace): project(body, str(param))}

    @kopf.index("", "v1", "nodes", id="nodes", registry=registry)
    async def nodes(body: kopf.Body, name: str, **_: Any) -> dict[str, Node]:  # noqa: ANN401
        return {name: project_node(body)}

    @kopf.on.event(GROUP, VERSION, CHECKS, id="judge", registry=registry)
    async def take(body: kopf.Body, namespace: str | None, **indices: Any) -> None:  # noqa: ANN401
        found = [each for kind in KINDS for each in indices[kind.lower()].get(namespace, ()) if each is not None]
        nodes = {name: next(iter(held)) for name, held in indices["nodes"].items()}
        judge.judge(str(namespace), body.get("spec"), found, nodes)

    return registry


if __name__ == "__main__":
    main()
