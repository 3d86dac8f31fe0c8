"""Whole installations, drawn: the objects that a user applies, as plain data.

`cluster_objects.py` makes of them what a cluster would hold, `manifest_text.py` what a file would say.
"""

from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Objects = list[Json]

# A release that is meant, and the components that it consists of; where most containers agree, verdicts are of all kinds.
_RELEASES = [
    (":0.2.96.22", ("web", "api", "worker", "grafana-sync", "report", "migration")),
    (":perfana-4.0.1", ("web", "api", "worker", "grafana-sync")),
    (":perfana-3.5.0", ("fe", "grafana", "check", "snapshot", "scheduler", "ds")),
    (":perfana-2.4.4", ("fe", "grafana", "check", "snapshot", "scheduler")),
]
_OTHER_TAGS = [
    ":0.2.96.20",
    ":0.2.61.61",
    ":0.2",
    ":0.1.0",
    ":0.3.0",
    ":0.2.99.1",
    ":perfana-3.2.0",
    ":perfana-3.1.0",
    ":2.46.1",
    ":0.2.96.22-SNAPSHOT",
    ":4.0.0-rc1",
    ":4.0.0-acme",
    ":0.2.96.22-ubi9",
    ":sha-5f668d8",
    ":latest",
    "",
    ":{{ x }}",
    ":0.2.96.22@sha256:" + "a" * 64,
    "@sha256:" + "b" * 64,
]
_ORIGINS = ["", "", "", "", "docker.io/", "harbor.example.com/dockerhub/", "eu.example.com/a/"]
_FOREIGN = ["nginx:1.29", "istio/proxyv2:1.24.1", "perfana/perfana-fixture:1.0", "perfana/perfana-fe-test:perfana-3.5.0"]
DATABASES = [
    "mongo:7.0.14",
    "mongo:4.4",
    "postgres:18.4",
    "postgres:15.2",
    "timescale/timescaledb-ha:pg18.6-ts2.30.2",
    "timescale/timescaledb-ha:pg15.4-ts2.29.0",
    "timescale/timescaledb:2.28.0-pg16-oss",
    "valkey/valkey:8.1",
    "redis:7.2",
    "redis",
    "ferretdb/ferretdb:2.0",
    "quay.io/keycloak/keycloak:24.0.5",
    "grafana/grafana:11.4.0",
    "grafana/grafana:12.4.1",
]
_DATABASE_IMAGES = [
    {"imageName": "ghcr.io/cloudnative-pg/postgresql:18.4"},
    {"imageName": "ghcr.io/acme/cnpg-timescaledb:18.4-ts2.30.2"},
    {"imageCatalogRef": {"apiGroup": "postgresql.cnpg.io", "kind": "ImageCatalog", "name": "c", "major": 16}},
    {},
]
_VARIABLES: Objects = [
    {"name": "NODE_OPTIONS", "value": "--max-old-space-size=3584"},
    {"name": "NODE_OPTIONS", "value": "--require=/tmp/a.js"},
    {"name": "JAVA_TOOL_OPTIONS", "valueFrom": {"configMapKeyRef": {"name": "java", "key": "options"}}},
    {"name": "PYTHONPATH", "value": ""},
    {"name": "LD_PRELOAD"},
    {"name": "MONGO_URL", "value": "mongodb://db:27017"},
]
_SOURCES: Objects = [{"configMapRef": {"name": "params"}}, {"secretRef": {"name": "keys"}, "prefix": "NODE_"}]
_MOUNTS: Objects = [
    {"name": "patch", "mountPath": "/app/x.js", "subPath": "x.js"},
    {"name": "patch", "mountPath": "/config"},
    {"name": "scratch", "mountPath": "/scratch"},
    {"name": "scratch", "mountPath": "/"},
    {"name": "claim", "mountPath": "/app/data"},
    {"name": "keys", "mountPath": "/secrets"},
]
_VOLUMES: Objects = [
    {"name": "patch", "configMap": {"name": "patch"}},
    {"name": "scratch", "emptyDir": {}},
    {"name": "keys", "secret": {"secretName": "keys"}},
]
_HOOKS: Objects = [
    {"preStop": {"exec": {"command": ["sleep", "1"]}}},
    {"postStart": {"httpGet": {"path": "/", "port": 80}}},
]


def _some(pool: list[Any], most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(range(len(pool))), max_size=most, unique=True).map(
        lambda places: [pool[at] for at in places]
    )


# Each is absent as a rule: what most containers set is nothing.
_SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "command": st.sampled_from([["node", "main.js"], ["sh", "-c", "node x.js"], []]),
    "args": st.sampled_from([["main.js"], ["--inspect"]]),
    "workingDir": st.sampled_from(["/app", "/scratch"]),
    "env": _some(_VARIABLES, 3),
    "envFrom": _some(_SOURCES),
    "volumeMounts": _some(_MOUNTS),
    "lifecycle": st.sampled_from(_HOOKS),
}


@st.composite
def _containers(draw: st.DrawFn, images: st.SearchStrategy[str], prefix: str, least: int, most: int) -> Objects:
    containers = []
    for place in range(draw(st.integers(least, most))):
        container: Json = {"name": f"{prefix}{place}", "image": draw(images)}
        for field in draw(st.lists(st.sampled_from(sorted(_SETTINGS)), max_size=2, unique=True)):
            container[field] = draw(_SETTINGS[field])
        if prefix == "i" and draw(st.booleans()):
            container["restartPolicy"] = "Always"
        containers.append(container)
    return containers


def _component_images(tag: str, names: tuple[str, ...]) -> st.SearchStrategy[str]:
    every = sorted({name for _, others in _RELEASES for name in others})
    return st.builds(
        "{}perfana/perfana-{}{}".format,
        st.sampled_from(_ORIGINS),
        st.sampled_from(list(names) * 3 + every),
        st.sampled_from([tag] * 40 + _OTHER_TAGS),
    )


@st.composite
def _workloads(draw: st.DrawFn, name: str, images: st.SearchStrategy[str]) -> Json:
    kind = draw(
        st.sampled_from(["Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"])
    )
    pod: Json = {"containers": draw(_containers(images, "c", 1, 2)), "volumes": _VOLUMES}
    init = draw(_containers(images, "i", 0, 1))
    if init:
        pod["initContainers"] = init
    metadata = {"name": name, "labels": {"app": name}}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    if kind in ("Job", "CronJob"):
        pod["restartPolicy"] = "Never"
        spec: Json = {"template": template}
        if kind == "CronJob":
            spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": spec}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "StatefulSet":
        spec |= {"serviceName": name, "volumeClaimTemplates": [{"metadata": {"name": "claim"}, "spec": {}}]}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


@st.composite
def installations(draw: st.DrawFn) -> Objects:
    """Draw the objects of one namespace, without naming it: components, databases, and some that run nothing."""
    tag, names = draw(st.sampled_from(_RELEASES))
    components = _component_images(tag, names)
    beside = st.sampled_from(_FOREIGN + DATABASES)
    images = st.one_of(components, components, components, beside)
    objects = [draw(_workloads(f"w{place}", images)) for place in range(draw(st.integers(0, 4)))]
    objects += [draw(_workloads(f"db{place}", st.sampled_from(DATABASES))) for place in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        spec = {"instances": 2, **draw(st.sampled_from(_DATABASE_IMAGES))}
        objects.append({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "pg"}, "spec": spec})
    if draw(st.booleans()) or not objects:
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "patch"}, "data": {"x.js": "a: [b"}})
        objects.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"app": "w0"}}})
    return objects
