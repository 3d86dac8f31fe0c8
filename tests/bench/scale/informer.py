"""The official client's informers: one for each kind, and an evaluation of what they hold.

Run as `python -m tests.bench.scale.informer COUNT WORKLOADS PODS`, with $KUBECONFIG.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from kubernetes import client, config
from kubernetes.informer import ADDED, SharedInformer

from perfana_support.controller.names import CHECKS, GROUP, VERSION
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project
from tests.bench.scale.judging import KINDS, Judge


class Counter:
    """Counts objects until all are there. Informers call from threads of their own, once the list is in their cache."""

    def __init__(self, count: int) -> None:
        """So many are expected."""
        self._left = count
        self._lock = threading.Lock()
        self.is_complete = threading.Event()

    def take(self, _: object) -> None:
        """Count one."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.is_complete.set()


def main() -> None:
    """Inform until killed."""
    count, workloads, pods, nodes = map(int, sys.argv[1:])
    config.load_kube_config()
    apps, batch, core = client.AppsV1Api(), client.BatchV1Api(), client.CoreV1Api()
    lists = {
        "Deployment": apps.list_deployment_for_all_namespaces,
        "StatefulSet": apps.list_stateful_set_for_all_namespaces,
        "DaemonSet": apps.list_daemon_set_for_all_namespaces,
        "CronJob": batch.list_cron_job_for_all_namespaces,
        "Job": batch.list_job_for_all_namespaces,
        "Pod": core.list_pod_for_all_namespaces,
        "Node": core.list_node,
    }
    counter = Counter(workloads + pods + nodes)
    informers = {kind: SharedInformer(list_all) for kind, list_all in lists.items()}
    for informer in informers.values():
        informer.add_event_handler(ADDED, counter.take)
        informer.start()
    counter.is_complete.wait()
    _judge_all(informers, Judge(count))
    threading.Event().wait()


def _judge_all(informers: dict[str, Any], judge: Judge) -> None:
    """Judge all checks. The rules read plain objects, so the client's models are turned back into such, each once."""
    plain = client.ApiClient().sanitize_for_serialization
    nodes = {item.metadata.name: project_node(plain(item)) for item in informers["Node"].cache.list()}
    held: dict[str, list[tuple[str, Any]]] = {}
    for kind in KINDS:
        for item in informers[kind].cache.list():
            held.setdefault(item.metadata.namespace, []).append((kind, item))
    for item in client.CustomObjectsApi().list_cluster_custom_object(GROUP, VERSION, CHECKS)["items"]:
        namespace = item["metadata"]["namespace"]
        found = [project(plain(each), kind) for kind, each in held.get(namespace, ())]
        judge.judge(namespace, item.get("spec"), [each for each in found if each is not None], nodes)


if __name__ == "__main__":
    main()
