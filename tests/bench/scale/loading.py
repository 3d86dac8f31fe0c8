"""Filling a cluster with thousands of namespaces in seconds.

The API server of two cores takes a minute for 30,000 objects, and would spend it on what is not measured. So it makes one
namespace, and etcd is given copies of what it stored for that one: the same bytes, with other names and uids of the same
length. The API server is stopped meanwhile and reads them when it starts, as after any restart.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import re
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tests.bench.scale import objects
from tests.bench.tables import say
from tests.cluster.client import ApiClient, ApiError, Object
from tests.cluster.server import Cluster, ClusterError
from tests.cluster.waiting import wait_for
from tests.integration.support_objects import API_VERSION, policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

READY_WITHIN_SECONDS = 300.0

_OPERATIONS = 100
"""Writes in one transaction: etcd takes 128 (its `--max-txn-ops`), and 1.5 MiB (`--max-request-bytes`)."""

_COPIED = re.compile(rb"bench-(\d{5})|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-)[0-9a-f]{12}|node-(\d{3})")
"""What differs between one namespace and the next: its name, uids, and the nodes that its pods are on."""

Pair = tuple[bytes, bytes]


class Load(NamedTuple):
    """What a cluster was filled with, and how long that took."""

    namespaces: int
    workloads: int
    pods: int
    seconds: float

    def __str__(self) -> str:
        """Say so."""
        return f"{self.workloads:,} workloads and {self.pods:,} pods in {self.namespaces:,} namespaces"


def namespace_name(number: int) -> str:
    """Return the name of a namespace."""
    return f"bench-{number:05}"


def load(cluster: Cluster, namespaces: int, policy_spec: Object) -> Load:
    """Fill a cluster that has the definitions; when this returns, its API server has started anew and serves all."""
    began = time.monotonic()
    api = cluster.client()
    for number in range(objects.NODES):
        _create(api, objects.node(number), objects.node_status(cluster.binaries.kubernetes), "kubelet")
    api.create(policy(objects.POLICY, **policy_spec))
    _create_template(api, namespace_name(0))
    etcd = _Etcd(cluster.etcd_address)
    template = [pair for pair in etcd.read(b"/registry/") if namespace_name(0).encode() in pair[0]]
    cluster.stop()
    etcd.write(itertools.chain.from_iterable(_copy(template, number) for number in range(1, namespaces)))
    _start(cluster)
    workloads = namespaces * objects.WORKLOADS_OF_EACH
    loaded = Load(namespaces, workloads, workloads * objects.PODS_OF_EACH, time.monotonic() - began)
    _verify(cluster.client(), loaded)
    say(f"loaded {loaded} in {loaded.seconds:.1f} s")
    return loaded


def _create_template(api: ApiClient, namespace: str) -> None:
    """Make one namespace as its users, controllers and kubelets would, each under its own name."""
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    api.create(objects.support_check(), namespace, fieldManager="kubectl-client-side-apply")
    for number, application in enumerate(objects.applications(namespace)):
        status = objects.workload_status(application)
        _create(api, objects.workload(application), status, "kube-controller-manager", namespace, fieldManager="helm")
        for item in objects.pods(application, 2 * number):
            _create(api, item, objects.pod_status(application), "kubelet", namespace, fieldManager="kube-controller-manager")


def create_pod(api: ApiClient, application: objects.Application, item: Object, namespace: str) -> None:
    """Make a pod that runs."""
    _create(api, item, objects.pod_status(application), "kubelet", namespace, fieldManager="kube-controller-manager")


def _create(
    api: ApiClient, item: Object, status: Object, status_manager: str, namespace: str | None = None, **query: object
) -> None:
    """Create an object and write its status, which creation leaves out."""
    created = api.create(item, namespace, **query)
    path = api.path(item["apiVersion"], item["kind"], item["metadata"]["name"], namespace, "status")
    api.request("PUT", path, body={**created, "status": status}, query={"fieldManager": status_manager})


def _copy(template: Iterable[Pair], number: int) -> Iterator[Pair]:
    """Yield the template's keys and values as those of another namespace."""
    name = namespace_name(number).encode()
    tail = b"%012x" % number

    def other(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return name
        return found[2] + tail if found[2] else objects.node_name(int(found[3]) + 7 * number).encode()

    for key, value in template:
        yield _COPIED.sub(other, key), _COPIED.sub(other, value)


def _start(cluster: Cluster) -> None:
    """Start the API server, which before it is ready reads all pods: for 100,000 that takes longer than tests wait."""
    try:
        cluster.start()
    except ClusterError:
        if not cluster.is_running:
            raise
        say("scale: the API server still reads what it holds")
        ready = cluster.client()
        wait_for(
            lambda: ready.request("GET", "/readyz"), READY_WITHIN_SECONDS, "API server ready", ignoring=(OSError, ApiError)
        )


def _verify(api: ApiClient, loaded: Load) -> None:
    """See that the API server counts and reads all that was written behind its back."""
    wanted = {
        ("v1", "Pod"): loaded.pods,
        ("v1", "Namespace"): loaded.namespaces,
        (API_VERSION, "SupportCheck"): loaded.namespaces,
    }
    for (api_version, kind), count in wanted.items():
        page = api.list(api_version, kind, limit=1)
        found = len(page["items"]) + page["metadata"].get("remainingItemCount", 0)
        assert found >= count, f"{found} of {count} {kind}s"
    last = namespace_name(loaded.namespaces - 1)
    for item in api.list("v1", "Pod", last)["items"]:
        assert item["metadata"]["namespace"] == last
        assert item["status"]["containerStatuses"][0]["imageID"]


class _Etcd:
    """etcd by its JSON gateway."""

    def __init__(self, address: str) -> None:
        """Open a connection, to be used by one thread."""
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)

    def read(self, prefix: bytes) -> list[Pair]:
        """Return keys and values below a prefix that ends in a slash."""
        answer = self._post("/v3/kv/range", {"key": _text(prefix), "range_end": _text(prefix[:-1] + b"0")})
        return [(base64.b64decode(each["key"]), base64.b64decode(each["value"])) for each in answer["kvs"]]

    def write(self, pairs: Iterable[Pair]) -> None:
        """Write keys and values, many in one transaction."""
        remaining = iter(pairs)
        while batch := list(itertools.islice(remaining, _OPERATIONS)):
            puts = [{"requestPut": {"key": _text(key), "value": _text(value)}} for key, value in batch]
            answer = self._post("/v3/kv/txn", {"success": puts})
            assert answer.get("succeeded"), answer

    def _post(self, path: str, body: object) -> Object:
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer: Object = json.loads(response.read())
        assert response.status == http.client.OK, answer
        return answer


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
