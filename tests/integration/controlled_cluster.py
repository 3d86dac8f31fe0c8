"""An API server with Kubernetes' own controllers and no node: namespaces end, Deployments make pods."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.cluster.client import ApiClient, ApiError
from tests.cluster.processes import Processes
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.node.programs import builds

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROLLERS = "kube-controller-manager"
STARTED_WITHIN_SECONDS = 120.0

PASSING = {"events", "componentstatuses", "endpointslices", "endpoints", "replicasets", "pods", "controllerrevisions"}
"""Resources of which objects come and go by themselves: they end with what owns them, or with their time."""

Found = tuple[str, str, str]


@contextlib.contextmanager
def controlled_cluster() -> Iterator[Cluster]:
    """Boot a cluster, start its controllers, and return it once they work."""
    with Cluster() as cluster, Processes("perfana-test-controllers-") as processes:
        authority = cluster.ca_file
        program = builds(cluster.binaries.kubernetes)[0].ensure() / CONTROLLERS
        flags = [
            f"--kubeconfig={cluster.kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--root-ca-file={authority}",
            f"--service-account-private-key-file={authority.with_suffix('.key')}",
        ]
        environment = {"HOME": str(processes.folder), "PATH": "/usr/bin:/bin"}
        processes.start(CONTROLLERS, [str(program), *flags], environment)
        wait_for(
            lambda: cluster.client().get("v1", "ServiceAccount", "default", "default"),
            STARTED_WITHIN_SECONDS,
            "controllers at work",
            ignoring=(ApiError,),
        )
        yield cluster


def everything(api: ApiClient) -> set[Found]:
    """Return resource, namespace and name of all objects that a cluster has, whatever their kind, but for `PASSING`.

    A kind that comes or goes meanwhile is refused for a moment: then all is read again.
    """
    return wait_for(lambda: set(_everything(api)), STARTED_WITHIN_SECONDS, "all lists", ignoring=(ApiError,))


def _everything(api: ApiClient) -> Iterator[Found]:
    groups = api.request("GET", "/apis")["groups"]
    for root in ("/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)):
        for resource in api.request("GET", root)["resources"]:
            name = resource["name"]
            if "/" not in name and "list" in resource["verbs"] and name not in PASSING:
                for item in api.request("GET", f"{root}/{name}")["items"]:
                    yield name, item["metadata"].get("namespace", ""), item["metadata"]["name"]
