"""One namespace as a cluster holds it: an installation of Perfana, what stands beside it, and the pods of both."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tests.integration.support_objects import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object

RELEASE = "0.2.96.22"
COMPONENT_RELEASES = (RELEASE, "0.2.96.22-SNAPSHOT")
"""What a component's image is changed to, back and forth: released, and not supported."""

POLICY = "bench"
"""Name of the policy that all checks refer to."""

PODS_OF_EACH = 2
NODES = 50
HASH = "7d9f8c6b5d"
"""The pod template hash of all ReplicaSets: eight to ten letters and digits in a cluster."""


class Application(NamedTuple):
    """A workload of the namespace: its kind, its name (its container's as well), its image and where it listens.

    `instance` is what a chart was installed as: here the name of the namespace, so that not all namespaces are alike.
    """

    kind: str
    name: str
    image: str
    port: int
    instance: str = ""

    @property
    def is_component(self) -> bool:
        """Whether it is Perfana's own."""
        return self.image.startswith("perfana/")


_WEB = Application("Deployment", "perfana-web", f"perfana/perfana-web:{RELEASE}", 4001)
_WORKER = Application("Deployment", "perfana-worker", f"perfana/perfana-worker:{RELEASE}", 3002)
_APPLICATIONS = (
    _WEB,
    _WORKER,
    Application("Deployment", "perfana-api", f"perfana/perfana-api:{RELEASE}", 3001),
    Application("Deployment", "perfana-report", f"perfana/perfana-report:{RELEASE}", 3003),
    Application("Deployment", "perfana-grafana-sync", f"perfana/perfana-grafana-sync:{RELEASE}", 3004),
    Application("StatefulSet", "timescaledb", "timescale/timescaledb-ha:pg16.10-ts2.28.1", 5432),
    Application("StatefulSet", "redis", "docker.io/library/redis:7.4.2", 6379),
    Application("Deployment", "keycloak", "quay.io/keycloak/keycloak:24.0.5", 8080),
    Application("Deployment", "grafana", "docker.io/grafana/grafana:12.4.1", 3000),
    Application("StatefulSet", "prometheus", "quay.io/prometheus/prometheus:v3.7.3", 9090),
    Application("Deployment", "alertmanager", "quay.io/prometheus/alertmanager:v0.29.0", 9093),
    Application("Deployment", "oauth2-proxy", "quay.io/oauth2-proxy/oauth2-proxy:v7.12.0", 4180),
    Application("Deployment", "otel-collector", "docker.io/otel/opentelemetry-collector-contrib:0.139.0", 4317),
    Application("Deployment", "loki", "docker.io/grafana/loki:3.5.8", 3100),
    Application("Deployment", "tempo", "docker.io/grafana/tempo:2.9.0", 3200),
    Application("Deployment", "mailpit", "docker.io/axllent/mailpit:v1.27.11", 8025),
    Application("Deployment", "wiremock", "docker.io/wiremock/wiremock:3.13.1", 8443),
    Application("Deployment", "jmeter-controller", "registry.example.com/{}/jmeter:5.6.3", 1099),
    Application("Deployment", "shop-frontend", "registry.example.com/{}/frontend:2026.11.4", 8081),
    Application("Deployment", "shop-backend", "registry.example.com/{}/backend:2026.11.4", 8082),
)

WORKLOADS_OF_EACH = len(_APPLICATIONS)


def applications(namespace: str) -> list[Application]:
    """Return the workloads of a namespace; those of its own making have images of its own."""
    return [each._replace(image=each.image.format(namespace), instance=namespace) for each in _APPLICATIONS]


def web(namespace: str) -> Application:
    """Return the workload whose image is changed."""
    return _WEB._replace(instance=namespace)


def worker(namespace: str) -> Application:
    """Return the workload that is rolled out."""
    return _WORKER._replace(instance=namespace)


def with_tag(image: str, tag: str) -> str:
    """Return an image reference with another tag."""
    return f"{image.rpartition(':')[0]}:{tag}"


def support_check() -> Object:
    """Return the check of a namespace."""
    return check(policyRef={"name": POLICY}, maintenance={"plan": "Enterprise", "expiresOn": "2099-12-31"})


def workload(application: Application) -> Object:
    """Return a Deployment or StatefulSet as a chart writes it."""
    spec: Object = {
        "replicas": PODS_OF_EACH,
        "selector": {"matchLabels": _selector(application)},
        "template": {"metadata": {"labels": _labels(application)}, "spec": _pod_spec(application)},
    }
    if application.kind == "StatefulSet":
        spec["serviceName"] = application.name
    return {
        "apiVersion": "apps/v1",
        "kind": application.kind,
        "metadata": {"name": application.name, "labels": _labels(application)},
        "spec": spec,
    }


def workload_status(application: Application) -> Object:
    """Return the status that a controller gives to what runs as wanted."""
    status: Object = {
        "observedGeneration": 1,
        **dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), PODS_OF_EACH),
    }
    if application.kind == "Deployment":
        status["conditions"] = [
            _condition("Available", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            _condition("Progressing", "NewReplicaSetAvailable", f'ReplicaSet "{application.name}-{HASH}" has progressed.'),
        ]
    return status


def pods(application: Application, node: int) -> Iterator[Object]:
    """Yield a workload's pods, the first on that node."""
    for number in range(PODS_OF_EACH):
        suffix = str(number) if application.kind == "StatefulSet" else f"x2x4{number}"
        yield pod(application, suffix, node + number)


def pod(application: Application, suffix: str, node: int, template_hash: str = HASH) -> Object:
    """Return a pod as a controller makes it, on a node as if it had been scheduled."""
    is_direct = application.kind == "StatefulSet"
    owner = application.name if is_direct else f"{application.name}-{template_hash}"
    extra = {} if is_direct else {"pod-template-hash": template_hash}
    reference = {
        "apiVersion": "apps/v1",
        "kind": application.kind if is_direct else "ReplicaSet",
        "name": owner,
        "uid": _uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        "name": f"{owner}-{suffix}",
        "labels": _labels(application) | extra,
        "annotations": {"kubernetes.io/config.seen": "2026-11-20T08:00:00.000000000Z"},
        "ownerReferences": [reference],
    }
    spec = {**_pod_spec(application), "nodeName": node_name(node), "enableServiceLinks": True}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def pod_status(application: Application, restarts: int = 0) -> Object:
    """Return what a kubelet reports of a running pod."""
    image = application.image
    return {
        "phase": "Running",
        "hostIP": "10.1.0.7",
        "podIP": "10.2.3.4",
        "podIPs": [{"ip": "10.2.3.4"}],
        "startTime": _TIME,
        "qosClass": "Burstable",
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": _TIME}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "containerStatuses": [
            {
                "name": application.name,
                "image": image,
                "imageID": f"{image.rpartition(':')[0]}@sha256:{_digest(image)}",
                "containerID": f"containerd://{_digest(application.name)}",
                "ready": True,
                "started": True,
                "restartCount": restarts,
                "state": {"running": {"startedAt": _TIME}},
            }
        ],
    }


def node_name(number: int) -> str:
    """Return the name of a node; numbers go round."""
    return f"node-{number % NODES:03}"


def node(number: int) -> Object:
    """Return a node."""
    labels = {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": node_name(number)}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node_name(number), "labels": labels}}


def node_status(version: str) -> Object:
    """Return what the kubelet of a node reports."""
    return {
        "capacity": {"cpu": "16", "memory": "64Gi", "pods": "500"},
        "allocatable": {"cpu": "15800m", "memory": "60Gi", "pods": "500"},
        "conditions": [_condition("Ready", "KubeletReady", "kubelet is posting ready status")],
        "nodeInfo": {
            "architecture": "amd64",
            "operatingSystem": "linux",
            "kubeletVersion": f"v{version}",
            "kubeProxyVersion": "",
            "containerRuntimeVersion": "containerd://2.2.0",
            "kernelVersion": "6.12.0",
            "osImage": "Debian GNU/Linux 13 (trixie)",
            "machineID": _digest("machine")[:32],
            "systemUUID": _uid("system"),
            "bootID": _uid("boot"),
        },
    }


_TIME = "2026-11-20T08:00:00Z"


def _pod_spec(application: Application) -> Object:
    container = {
        "name": application.name,
        "image": application.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": application.port, "protocol": "TCP"}],
        "env": [
            {"name": "NODE_ENV", "value": "production"},
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "DB_HOST", "value": "timescaledb"},
            {"name": "DB_PORT", "value": "5432"},
            {"name": "DB_NAME", "value": "perfana"},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
            {"name": "REDIS_HOST", "value": "redis"},
            {"name": "REDIS_PORT", "value": "6379"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "livenessProbe": _probe("/health/live", 30),
        "readinessProbe": _probe("/health/ready", 10),
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "512Mi"}},
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - in a pod, not on this machine
            {"name": "settings", "mountPath": "/etc/settings", "readOnly": True},
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "containers": [container],
        "serviceAccountName": "default",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
        "terminationGracePeriodSeconds": 30,
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "settings", "configMap": {"name": f"{application.name}-settings"}},
        ],
    }


def _probe(path: str, delay_seconds: int) -> Object:
    return {
        "httpGet": {"path": path, "port": "http"},
        "initialDelaySeconds": delay_seconds,
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }


def _selector(application: Application) -> dict[str, str]:
    return {"app.kubernetes.io/name": application.name, "app.kubernetes.io/instance": application.instance}


def _labels(application: Application) -> dict[str, str]:
    chart = "perfana" if application.is_component else "platform"
    return _selector(application) | {
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/part-of": chart,
        "helm.sh/chart": f"{chart}-4.0.3",
    }


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": _TIME}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _uid(text: str) -> str:
    found = _digest(text)
    return "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:32]))
