"""The objects in which planted secrets stand: a Perfana installation as a real API server takes it, one object or two a shape.

All of them can stand in one namespace together. Where one has a `status`, the API server takes that by the subresource only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.planted import LOG_LINE, SERVER_ADDRESS, Shape, shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

IMAGE = "perfana/perfana-web:0.2.96.22"
SIDECAR_IMAGE = "acme/agent:1.0"
DATABASE_IMAGE = "mongo:7.0.14"
UNHOUSED = frozenset({"Node"})
"""Kinds that stand in no namespace."""

SUPPORT_API = "support.perfana.io/v1alpha1"
_SETTLED_AT = "2026-11-25T08:00:00Z"
_UID = "5b1a3c1e-6f2d-4c57-9d9c-0c4a4f0f7a12"


def objects(shape: Shape, namespace: str) -> list[Json]:
    """Return what has to be created for a shape; nothing for those that stand in no object."""
    if shape.where in {LOG_LINE, SERVER_ADDRESS}:
        return []
    made = _MAKERS[shape.where](shape)
    for item in made:
        if item["kind"] not in UNHOUSED:
            item["metadata"]["namespace"] = namespace
        if item["kind"] == "Event":
            item["involvedObject"]["namespace"] = namespace
    return made


def every_object(namespace: str) -> list[Json]:
    """Return the objects of all shapes."""
    return [item for shape in shapes() for item in objects(shape, namespace)]


def log_lines() -> list[str]:
    """Return what a container writes to leak all that containers write."""
    return [shape.text for shape in shapes() if shape.where == LOG_LINE]


def _workload(
    shape: Shape,
    container: Json,
    *beside: Json,
    pod: Json | None = None,
    metadata: Json | None = None,
    template: Json | None = None,
) -> list[Json]:
    """Make a workload around a container: of another kind for each shape, so that every kind holds many of them."""
    name = shape.name
    spec = {"containers": [{"name": "web", "image": IMAGE} | container, *beside], **(pod or {})}
    labels = {"app": name}
    meta = {"name": name, **(metadata or {})}
    meta["labels"] = labels | meta.get("labels", {})
    inner = {**(template or {})}
    inner["labels"] = labels | inner.get("labels", {})
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
    kind = kinds[[each.name for each in shapes()].index(name) % (len(kinds) if template is None else 3)]
    if kind == "Pod":
        return [{"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec}]
    if kind in {"Job", "CronJob"}:
        spec["restartPolicy"] = "Never"
        of_job = {"template": {"metadata": inner, "spec": spec}}
        whole = of_job if kind == "Job" else {"schedule": "0 3 * * *", "jobTemplate": {"spec": of_job}}
        return [{"apiVersion": "batch/v1", "kind": kind, "metadata": meta, "spec": whole}]
    of_set: Json = {"selector": {"matchLabels": labels}, "template": {"metadata": inner, "spec": spec}}
    if kind == "StatefulSet":
        of_set["serviceName"] = name
    return [{"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": of_set}]


def _shell(shape: Shape) -> Json:
    return {"command": ["sh", "-c", shape.text]}


def _pod(shape: Shape, container: Json, **fields: Any) -> list[Json]:  # noqa: ANN401 - plain data
    spec = {"containers": [{"name": "web", "image": IMAGE} | container]}
    return [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": shape.name}, "spec": spec, **fields}]


def _variable(shape: Shape) -> Json:
    return {"env": [{"name": shape.at, "value": shape.text}]}


def _words(shape: Shape) -> Json:
    return {"args": ["main.js", *filter(None, [shape.at]), shape.text]}


def _sidecar(**fields: Any) -> Json:  # noqa: ANN401 - plain data
    return {"name": "agent", "image": SIDECAR_IMAGE, **fields}


def _database(shape: Shape, container: Json) -> list[Json]:
    return _workload(shape, {"name": "mongo", "image": DATABASE_IMAGE} | container)


def _probe(shape: Shape, action: Json) -> list[Json]:
    probe = ("livenessProbe", "readinessProbe", "startupProbe")[len(shape.name) % 3]
    return _workload(shape, {probe: action})


def _request(shape: Shape) -> Json:
    return {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": shape.at, "value": shape.text}]}}


def _volume(shape: Shape, source: Json, **mount: str) -> list[Json]:
    mounts = [{"name": "data", "mountPath": "/data", **mount}]
    return _workload(shape, {"volumeMounts": mounts}, pod={"volumes": [{"name": "data", **source}]})


def _stored(shape: Shape, kind: str = "Secret", **fields: Any) -> list[Json]:  # noqa: ANN401 - plain data
    return [{"apiVersion": "v1", "kind": kind, "metadata": {"name": shape.name}, **fields}]


def _token(shape: Shape) -> list[Json]:
    (secret,) = _stored(shape, type="kubernetes.io/service-account-token", data={"token": shape.text})
    secret["metadata"]["annotations"] = {"kubernetes.io/service-account.name": shape.name}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": shape.name}}
    return [account, secret]


def _helm_release(shape: Shape) -> list[Json]:
    (secret,) = _stored(shape, type="helm.sh/release.v1", data={"release": shape.text})
    secret["metadata"] = {
        "name": "sh.helm.release.v1.perfana.v1",
        "labels": {"owner": "helm", "name": "perfana", "version": "1"},
    }
    return [secret]


def _event(shape: Shape) -> list[Json]:
    about = {"apiVersion": "v1", "kind": "Pod", "name": "perfana-web-0", "uid": _UID}
    said = {"reason": "Failed", "message": shape.text, "type": "Warning", "count": 1}
    times = {"firstTimestamp": _SETTLED_AT, "lastTimestamp": _SETTLED_AT}
    metadata = {"name": shape.name}
    return [{"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": about, **said, **times}]


def _condition(shape: Shape) -> list[Json]:
    condition = {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": shape.text}
    return _pod(shape, {}, status={"phase": "Running", "conditions": [condition]})


def _state(shape: Shape, state: Json, field: str = "state") -> list[Json]:
    status = {"name": "web", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 1, field: state}
    return _pod(shape, {}, status={"phase": "Running", "containerStatuses": [status]})


def _ended(shape: Shape) -> list[Json]:
    return _state(shape, {"terminated": {"exitCode": 1, "reason": "Error", "message": shape.text}}, "lastState")


def _waiting(shape: Shape) -> list[Json]:
    return _state(shape, {"waiting": {"reason": "ImagePullBackOff", "message": shape.text}})


def _refused(shape: Shape) -> list[Json]:
    return _pod(shape, {}, status={"phase": "Failed", "reason": "AdmissionError", "message": shape.text})


def _node(shape: Shape, metadata: Json | None = None, **spec: str) -> list[Json]:
    facts = {"kubeletVersion": "v1.36.3", "architecture": "amd64", "operatingSystem": "linux"}
    more = dict.fromkeys(("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion"), "")
    status = {"nodeInfo": {**facts, **more, "kubeProxyVersion": ""}}
    meta = {"name": shape.name, **(metadata or {})}
    return [{"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": spec, "status": status}]


def _check(shape: Shape, metadata: Json | None = None, **waiver: str) -> list[Json]:
    meta = {"name": shape.name, **(metadata or {})}
    whole = {
        "code": "ApproachingEndOfLife",
        "reason": "planned",
        "agreedBy": "platform team",
        "expiresOn": "2027-01-31",
        **waiver,
    }
    return [{"apiVersion": SUPPORT_API, "kind": "SupportCheck", "metadata": meta, "spec": {"waivers": [whole]}}]


def _policy(shape: Shape) -> list[Json]:
    registries = [{"name": "registry.example.com", "endpoint": shape.text}]
    spec = {"publishedOn": "2026-11-24", "images": {"registries": registries}}
    return [{"apiVersion": SUPPORT_API, "kind": "SupportPolicy", "metadata": {"name": shape.name}, "spec": spec}]


def _service(shape: Shape) -> list[Json]:
    metadata = {"name": shape.name, "annotations": {shape.at: shape.text}}
    return [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}]


_MAKERS: Mapping[str, Callable[[Shape], list[Json]]] = {
    "env-value": lambda shape: _workload(shape, _variable(shape)),
    "env-of-sidecar": lambda shape: _workload(shape, {}, _sidecar(**_variable(shape))),
    "env-of-init": lambda shape: _workload(shape, {}, pod={"initContainers": [_sidecar(**_variable(shape))]}),
    "env-of-database": lambda shape: _database(shape, _variable(shape)),
    "command-argument": lambda shape: _workload(shape, _words(shape)),
    "argument-of-database": lambda shape: _database(shape, _words(shape)),
    "argument-of-sidecar": lambda shape: _workload(shape, {}, _sidecar(**_words(shape))),
    "command": lambda shape: _workload(shape, _shell(shape)),
    "hook-command": lambda shape: _workload(shape, {"lifecycle": {"preStop": {"exec": _shell(shape)}}}),
    "hook-header": lambda shape: _workload(shape, {"lifecycle": {"postStart": _request(shape)}}),
    "probe-header": lambda shape: _probe(shape, _request(shape)),
    "probe-command": lambda shape: _probe(shape, {"exec": _shell(shape)}),
    "probe-path": lambda shape: _probe(shape, {"httpGet": {"path": shape.text, "port": 80}}),
    "annotation": lambda shape: _workload(shape, {}, metadata={"annotations": {shape.at: shape.text}}),
    "template-annotation": lambda shape: _workload(shape, {}, template={"annotations": {shape.at: shape.text}}),
    "check-annotation": lambda shape: _check(shape, {"annotations": {shape.at: shape.text}}),
    "service-annotation": _service,
    "label": lambda shape: _workload(shape, {}, metadata={"labels": {shape.at: shape.text}}),
    "template-label": lambda shape: _workload(shape, {}, template={"labels": {shape.at: shape.text}}),
    "configmap-value": lambda shape: _stored(shape, "ConfigMap", data={shape.at: shape.text}),
    "configmap-key": lambda shape: _stored(shape, "ConfigMap", data={shape.text: ""}),
    "secret-data": lambda shape: _stored(shape, data={shape.at: shape.text}),
    "helm-release-secret": _helm_release,
    "pull-secret": lambda shape: _stored(shape, type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": shape.text}),
    "token-secret": _token,
    "image": lambda shape: _workload(shape, {"image": shape.text}),
    "image-of-sidecar": lambda shape: _workload(shape, {}, _sidecar() | {"image": shape.text}),
    "csi-volume": lambda shape: _volume(
        shape, {"csi": {"driver": "files.example.com", "volumeAttributes": {shape.at: shape.text}}}
    ),
    "flex-volume": lambda shape: _volume(
        shape, {"flexVolume": {"driver": "example.com/cifs", "options": {shape.at: shape.text}}}
    ),
    "nfs-path": lambda shape: _volume(shape, {"nfs": {"server": "nas.example.com", "path": shape.text}}),
    "host-path": lambda shape: _volume(shape, {"hostPath": {"path": shape.text}}),
    "sub-path": lambda shape: _volume(shape, {"emptyDir": {}}, subPath=shape.text),
    "event-message": _event,
    "pod-condition": _condition,
    "termination-message": _ended,
    "waiting-message": _waiting,
    "pod-status-message": _refused,
    "node-annotation": lambda shape: _node(shape, {"annotations": {shape.at: shape.text}}),
    "node-label": lambda shape: _node(shape, {"labels": {shape.at: shape.text}}),
    "node-provider-id": lambda shape: _node(shape, providerID=shape.text),
    "waiver-reason": lambda shape: _check(shape, reason=shape.text),
    "waiver-agreed-by": lambda shape: _check(shape, agreedBy=shape.text),
    "policy-endpoint": _policy,
}
