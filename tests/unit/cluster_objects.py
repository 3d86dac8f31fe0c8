"""What a cluster makes of the objects that a user applied: defaults, status, pods with their owners, nodes.

As the API server and the controllers of Kubernetes 1.37 do it, as far as anything that the projections look at.
"""

import copy
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hypothesis import strategies as st

from perfana_support.model.image import parse_image
from perfana_support.model.installation import Installation
from perfana_support.sources.cluster.reflector import NODES, WORKLOADS
from perfana_support.sources.cluster.store import ClusterStore
from perfana_support.sources.node import project_node
from perfana_support.sources.workload import project
from tests.unit.builders import NAMESPACE
from tests.unit.installations import Json, Objects

SERVER_VERSION = "v1.36.3"
GOOD_NODE = ("v1.36.2", "amd64", "linux")
_RESOURCES = {resource.kind: resource for resource in WORKLOADS}
_POD_DEFAULTS: Json = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
_CONTAINER_DEFAULTS: Json = {
    "imagePullPolicy": "IfNotPresent",
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_TOKEN_VOLUME: Json = {
    "name": "kube-api-access-x7k2p",
    "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]},
}
_TOKEN_MOUNT: Json = {
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "name": "kube-api-access-x7k2p",
    "readOnly": True,
}
# A Job of a CronJob bears its name and the minute that it was scheduled for.
_MINUTE = "29390580"


class Circumstances(NamedTuple):
    """What a cluster adds of its own: how many pods, on what nodes, with which digests, debugged with which image.

    `has_pods` False is a namespace whose controllers are all scaled to nothing.
    """

    has_pods: bool = True
    replicas: int = 2
    nodes: tuple[tuple[str, str, str], ...] = (GOOD_NODE,)
    digests: int = 1
    debugged_with: str = ""


GOOD = st.builds(
    Circumstances,
    st.booleans(),
    st.integers(1, 3),
    st.sampled_from([(GOOD_NODE,), (GOOD_NODE, ("v1.36.1", "arm64", "linux"))]),
    st.just(1),
    st.just(""),
)
CIRCUMSTANCES = st.builds(
    Circumstances,
    st.booleans(),
    st.integers(1, 3),
    st.lists(
        st.tuples(
            st.sampled_from(["v1.36.2", "v1.35.0", "v1.20.1", ""]),
            st.sampled_from(["amd64", "arm64", "mips"]),
            st.sampled_from(["linux", "linux", "windows"]),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.integers(0, 2),
    st.sampled_from(["", "", "busybox:1.37", "postgres:18.4"]),
)


def held(objects: Objects, circumstances: Circumstances) -> Objects:
    """All objects that a cluster holds when these were applied and had time to become what they say."""
    stored = []
    for each in objects:
        stored.append(_stored(each))
        if circumstances.has_pods or each["kind"] == "Pod":
            stored.extend(_made_by(stored[-1], circumstances))
    nodes = [_node(place, *facts) for place, facts in enumerate(circumstances.nodes)]
    return [_finished(each, circumstances) for each in stored] + nodes


def observed(objects: Iterable[Json], server_version: str = SERVER_VERSION) -> Installation:
    """The installation that the operator judges when a cluster holds these objects."""
    store = ClusterStore((*(resource.plural for resource in (*WORKLOADS, NODES)), "version"), lambda _: None)
    store.set_server_version(server_version)
    for each in objects:
        place = each["metadata"].get("namespace", ""), each["metadata"]["name"]
        entry = project_node(each) if each["kind"] == "Node" else None
        if each["kind"] in _RESOURCES:
            entry = project(_listed(each), each["kind"])  # type: ignore[assignment] # either is an entry
        if entry is not None:
            store.put(each["kind"], place, entry)
    return store.installation(NAMESPACE)


def _listed(entity: Json) -> Json:
    """The object as a list holds it: those of built-in kinds do not repeat their kind."""
    is_custom = "." in entity["apiVersion"].partition("/")[0]
    return entity if is_custom else {field: value for field, value in entity.items() if field not in ("kind", "apiVersion")}


def _stored(entity: Json) -> Json:
    """The object as the API server keeps it: empty fields are gone, defaults stand there."""
    stored = copy.deepcopy(entity)
    stored["metadata"] |= {"namespace": NAMESPACE, "managedFields": [{"manager": "kubectl", "operation": "Apply"}]}
    if entity["kind"] == "Pod":
        _default(stored["spec"])
    elif entity["kind"] == "CronJob":
        _default(stored["spec"]["jobTemplate"]["spec"]["template"]["spec"])
    elif "template" in entity.get("spec", {}):
        stored["spec"].setdefault("replicas", 1)
        _default(stored["spec"]["template"]["spec"])
    return stored


def _default(pod: Json) -> None:
    for field, value in _POD_DEFAULTS.items():
        pod.setdefault(field, copy.deepcopy(value))
    for volume in pod.get("volumes", ()):
        for source in ("configMap", "secret"):
            if source in volume:
                volume[source]["defaultMode"] = 420
    for field in ("containers", "initContainers"):
        for container in pod.get(field, ()):
            for variable in container.get("env", ()):
                if not variable.get("value", "?"):
                    del variable["value"]
            for empty in [name for name, value in container.items() if value in (None, [], {})]:
                del container[empty]
            container.update(copy.deepcopy(_CONTAINER_DEFAULTS))


def _made_by(owner: Json, circumstances: Circumstances) -> Iterator[Json]:
    """What controllers make of an object."""
    kind, name = owner["kind"], owner["metadata"]["name"]
    if kind == "Deployment":
        replica_set = _child(owner, "apps/v1", "ReplicaSet", f"{name}-5d9f7c6b8d")
        replica_set["metadata"]["labels"] = {"app": name, "pod-template-hash": "5d9f7c6b8d"}
        replica_set["spec"] = {"template": copy.deepcopy(owner["spec"]["template"])}
        yield replica_set
        for place in range(circumstances.replicas):
            pod = _pod(replica_set, f"{name}-5d9f7c6b8d-{place}", owner["spec"]["template"]["spec"])
            pod["metadata"]["labels"]["pod-template-hash"] = "5d9f7c6b8d"
            yield pod
    elif kind == "StatefulSet":
        for place in range(circumstances.replicas):
            pod = _pod(owner, f"{name}-{place}", owner["spec"]["template"]["spec"])
            claim = {"name": "claim", "persistentVolumeClaim": {"claimName": f"claim-{name}-{place}"}}
            pod["spec"] |= {"hostname": f"{name}-{place}", "volumes": [*pod["spec"].get("volumes", ()), claim]}
            yield pod
    elif kind in ("DaemonSet", "Job"):
        for place in range(circumstances.replicas):
            yield _pod(owner, f"{name}-{place}", owner["spec"]["template"]["spec"])
    elif kind == "CronJob":
        job = _child(owner, "batch/v1", "Job", f"{name}-{_MINUTE}")
        job["spec"] = copy.deepcopy(owner["spec"]["jobTemplate"]["spec"])
        yield job
        yield _pod(job, f"{name}-{_MINUTE}-k2x9d", job["spec"]["template"]["spec"])
    elif kind == "Cluster":
        # An operator's own choice where nothing is stated; here it is what the catalogue's or the operator's default says.
        image = owner["spec"].get("imageName", "")
        for place in range(owner["spec"]["instances"]) if image else ():
            init = {"name": "bootstrap-controller", "image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0"}
            yield _pod(
                owner, f"{name}-{place + 1}", {"containers": [{"name": "postgres", "image": image}], "initContainers": [init]}
            )


def _child(owner: Json, api_version: str, kind: str, name: str) -> Json:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = dict(owner["metadata"].get("labels", {}))
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels, "ownerReferences": [reference]}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _pod(owner: Json, name: str, spec: Json) -> Json:
    return {**_child(owner, "v1", "Pod", name), "spec": copy.deepcopy(spec)}


def _finished(entity: Json, circumstances: Circumstances) -> Json:
    """The object with what scheduler, kubelet and controllers write into it."""
    metadata = entity["metadata"]
    metadata |= {"uid": _hash(entity["kind"] + metadata["name"])[:36], "resourceVersion": "4711", "generation": 1}
    if entity["kind"] == "Pod":
        _run(entity, circumstances)
    elif entity["kind"] in ("Deployment", "StatefulSet", "ReplicaSet"):
        entity["status"] = {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}
    elif entity["kind"] == "Job":
        entity["status"] = {"active": 1, "conditions": [{"type": "SuccessCriteriaMet", "status": "False"}]}
    return entity


def _run(pod: Json, circumstances: Circumstances) -> None:
    spec, name = pod["spec"], pod["metadata"]["name"]
    spec["nodeName"] = f"node-{int(_hash(name), 16) % len(circumstances.nodes)}"
    spec["volumes"] = [*spec.get("volumes", ()), copy.deepcopy(_TOKEN_VOLUME)]
    if circumstances.debugged_with:
        debugger = {"name": "debugger-x2p4q", "image": circumstances.debugged_with, "targetContainerName": "c0"}
        spec["ephemeralContainers"] = [debugger]
    status: Json = {"phase": "Running", "hostIP": "10.0.0.1"}
    for field, prefix in (("containers", "c"), ("initContainers", "initC"), ("ephemeralContainers", "ephemeralC")):
        for container in spec.get(field, ()):
            if field != "ephemeralContainers":
                container["volumeMounts"] = [*container.get("volumeMounts", ()), copy.deepcopy(_TOKEN_MOUNT)]
            image_id = (
                image_id_of(container["image"], int(_hash(name), 16) % circumstances.digests) if circumstances.digests else ""
            )
            status.setdefault(f"{prefix}ontainerStatuses", []).append({"name": container["name"], "imageID": image_id})
    pod["status"] = status


def image_id_of(image: str, edition: int = 0) -> str:
    """What the runtime reports for an image; another edition is what was pushed under the tag another time."""
    reference = parse_image(image)
    if reference is None:
        return ""  # no runtime starts it
    name = f"{reference.path.removeprefix('dockerhub/')}:{reference.tag or 'latest'}"
    return f"{reference.repository}@{reference.digest or f'sha256:{_hash(name + str(edition))}'}"


def _node(place: int, kubelet: str, architecture: str, operating_system: str) -> Json:
    information: dict[str, Any] = {"architecture": architecture, "operatingSystem": operating_system, "kubeletVersion": kubelet}
    metadata = {"name": f"node-{place}", "labels": {"kubernetes.io/arch": architecture}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"nodeInfo": information}}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
