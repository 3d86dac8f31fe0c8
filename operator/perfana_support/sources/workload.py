"""Objects of the Kubernetes API as workloads: the one projection that manifests and clusters share."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from sys import intern

from perfana_support.model.document import Json
from perfana_support.model.installation import Container, ContainerRole, Location, Workload
from perfana_support.sources.container_settings import Volumes, read_settings
from perfana_support.sources.errors import ShapeError, Unquoted, mapping, sequence
from perfana_support.sources.nested import may_nest, nested_pod_spec

# Where a pod's spec stands, by the fields on the way. Of custom workloads (Argo Rollouts, OpenKruise, Knative, KEDA,
# OpenShift's DeploymentConfig) shape decides, so that they are judged like the built-in ones.
_TEMPLATE = ("spec", "template", "spec")
_CRON_TEMPLATE = ("spec", "jobTemplate", "spec", "template", "spec")
_POD_SPECS = (
    _TEMPLATE,
    _CRON_TEMPLATE,
    ("spec", "template", "jobTemplate", "spec", "template", "spec"),
    ("spec", "jobTargetRef", "template", "spec"),
    ("spec",),
    ("template", "spec"),
)
# Kinds that cannot be without containers: one that shows none is broken, not empty. Theirs stand in one place alone; what looks
# like a pod's spec elsewhere in them is dropped by the API server.
MUST_HAVE_CONTAINERS = {
    ("", "Pod"): ("spec",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): _CRON_TEMPLATE,
}
# What a built-in controller makes: its template, which is judged, says all that these say. What a custom resource makes is
# judged itself, for nobody else reads that resource.
_MADE_FROM_TEMPLATES = frozenset(
    {
        ("ReplicaSet", "Deployment"),
        ("ReplicaSet", "Rollout"),
        ("Job", "CronJob"),
        ("ReplicationController", "DeploymentConfig"),
        ("Deployment", "Revision"),
        ("Revision", "Configuration"),
        ("Configuration", "Service"),
    }
)
_ROLES = (
    ("containers", ContainerRole.MAIN),
    ("initContainers", ContainerRole.INIT),
    ("ephemeralContainers", ContainerRole.EPHEMERAL),
)
DATABASE = ("postgresql.cnpg.io", "Cluster")
# What CloudNativePG calls the container of a database's pods.
DATABASE_CONTAINER = "postgres"
# What CloudNativePG deploys by itself; which version that is depends on the version of the operator.
_DATABASE_IMAGE = "ghcr.io/cloudnative-pg/postgresql"
_HASH_LABEL = "pod-template-hash"

Locate = Callable[[Json, str], Location | None]


def project(
    entity: Json,
    kind: str,
    locate: Locate = lambda _mapping, _field: None,
    api_version: str = "",
    *,
    keeps_made: bool = False,
) -> Workload | None:
    """The workload that an object is, None for anything that runs no containers of its own.

    None as well for what is over (a pod or Job that ended) and for what a built-in controller made of a template that is
    judged itself (a Deployment's ReplicaSets), unless `keeps_made`: then it has an owner, like a pod, for a source that may
    lack the template. `api_version` is that of a list whose items name none. Raises `ShapeError`.
    """
    api_version = entity.get("apiVersion") or api_version
    group = api_version.rpartition("/")[0] if isinstance(api_version, str) else ""
    if (group, kind) == DATABASE:
        return _project_database(entity, locate)
    own = MUST_HAVE_CONTAINERS.get((group, kind))
    pod_spec = _find_pod_spec(entity, (own,) if own else _POD_SPECS)
    if pod_spec is None and own:
        raise ShapeError(".".join((*own, "containers")), f"must be a list of containers in a {kind}")
    if may_nest(group):
        pod_spec = _joined(pod_spec, nested_pod_spec(entity))
    if pod_spec is None:
        return None
    metadata = mapping(entity.get("metadata"), "metadata")
    owner = _owner(metadata)
    is_pod = kind == "Pod"
    is_made = owner is not None and (kind, owner[0]) in _MADE_FROM_TEMPLATES
    if (is_made and not (keeps_made and _is_in_use(entity))) or _is_over(kind, metadata, entity.get("status")):
        return None
    image_ids = _image_ids(entity.get("status")) if is_pod else {}
    volumes = Volumes(pod_spec)
    containers = tuple(
        _container(entry, f"{field}[{index}]", role, locate, volumes, image_ids)
        for field, role in _ROLES
        for index, entry in enumerate(sequence(pod_spec.get(field), field))
    )
    return Workload(
        kind=kind,
        namespace=_text(metadata, "namespace"),
        name=_text(metadata, "name") or _text(metadata, "generateName"),
        containers=containers,
        labels=_labels(metadata),
        owner=owner if is_pod or is_made else None,
        node=_text(pod_spec, "nodeName") if is_pod else "",
    )


def _project_database(entity: Json, locate: Locate) -> Workload:
    """A CloudNativePG Cluster: its image stands in a field of its own, and is the operator's choice where it is absent."""
    metadata = mapping(entity.get("metadata"), "metadata")
    spec = mapping(entity.get("spec"), "spec")
    major = mapping(spec.get("imageCatalogRef"), "spec.imageCatalogRef").get("major")
    location = locate(spec, "imageName")
    image = _image(spec, "imageName", "spec.imageName", location) or (
        f"{_DATABASE_IMAGE}:{major}" if major else _DATABASE_IMAGE
    )
    return Workload(
        kind="Cluster",
        namespace=_text(metadata, "namespace"),
        name=_text(metadata, "name"),
        containers=(Container(DATABASE_CONTAINER, image, location=location),),
        labels=_labels(metadata),
    )


def _joined(pod_spec: Json | None, nested: Json | None) -> Json | None:
    """A pod's spec with the containers that the object has elsewhere besides: a canary, another role of a job."""
    if pod_spec is None or nested is None:
        return pod_spec or nested
    known = {
        (entry.get("name"), entry.get("image"))
        for field, _ in _ROLES
        for entry in sequence(pod_spec.get(field), field)
        if isinstance(entry, Mapping)
    }
    more = {
        field: [entry for entry in entries if (entry.get("name"), entry.get("image")) not in known]
        for field, entries in nested.items()
    }
    if not any(more.values()):
        return pod_spec
    return {**pod_spec, **{field: [*sequence(pod_spec.get(field), field), *entries] for field, entries in more.items()}}


def _find_pod_spec(entity: Json, paths: tuple[tuple[str, ...], ...]) -> Json | None:
    for path in paths:
        found: object = entity
        for field in path:
            found = found.get(field) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping) and any(found.get(field) for field, _ in _ROLES):
            return found
    return None


def _container(  # noqa: PLR0913 - one container, and what the pod says about it elsewhere
    entry: object, path: str, role: ContainerRole, locate: Locate, volumes: Volumes, image_ids: Mapping[str, str]
) -> Container:
    container = mapping(entry, path)
    location = locate(container, "image")
    image = _image(container, "image", f"{path}.image", location)
    name = _text(container, "name")
    settings = read_settings(container, volumes, locate)
    if role is ContainerRole.INIT and container.get("restartPolicy") == "Always":
        role = ContainerRole.MAIN  # a sidecar since Kubernetes 1.29: it starts before the others and stays
    return Container(name, image, role, location, settings, image_ids.get(name, ""))


def _image(owner: Json, field: str, path: str, location: Location | None) -> str:
    """An image as written, "" where there is none. Raises `ShapeError` for what the API server would refuse."""
    image = owner.get(field)
    line = location.line if location else 0
    if isinstance(image, Unquoted):
        raise ShapeError(path, f"must be a text, is {image}; put it into quotes if an image is called so", line)
    if image is not None and not isinstance(image, str):
        raise ShapeError(path, "must be a text", line)
    return intern(image) if image else ""


# What stands for the image id of a running container whose runtime reports none.
_UNTOLD = "nothing"


def _image_ids(status: object) -> dict[str, str]:
    """What the runtime reports for each container of a pod, by the container's name."""
    if not isinstance(status, Mapping):
        return {}
    found: dict[str, str] = {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for entry in sequence(status.get(field), f"status.{field}"):
            if isinstance(entry, Mapping) and isinstance(entry.get("imageID"), str):
                # Of what does not run yet nobody can tell; of what runs a runtime that tells nothing says so.
                is_running = isinstance(entry.get("state"), Mapping) and "running" in entry["state"]
                found[_text(entry, "name")] = entry["imageID"] or (_UNTOLD if is_running else "")
    return found


def _owner(metadata: Json) -> tuple[str, str] | None:
    """The controller that manages the object; a Deployment where a ReplicaSet's name shows that one is behind it."""
    for reference in sequence(metadata.get("ownerReferences"), "metadata.ownerReferences"):
        owner = mapping(reference, "metadata.ownerReferences[]")
        if str(owner.get("controller")).lower() != "true":
            continue
        kind, name = _text(owner, "kind"), _text(owner, "name")
        suffix = "-" + _text(mapping(metadata.get("labels"), "metadata.labels"), _HASH_LABEL)
        if kind == "ReplicaSet" and len(suffix) > 1 and name.endswith(suffix):
            return "Deployment", name.removesuffix(suffix)
        return kind, name
    return None


def _is_in_use(entity: Json) -> bool:
    """Whether what a controller made runs anything: of a Deployment's ReplicaSets, the older ones stay at none."""
    return str(mapping(entity.get("spec"), "spec").get("replicas")) != "0"


def _is_over(kind: str, metadata: Json, status: object) -> bool:
    """Whether a pod or Job has ended: it runs nothing any more, however long its object stays.

    Only what an API server wrote says so: a status in a manifest is dropped when that is applied.
    """
    if not isinstance(status, Mapping) or not metadata.get("uid"):
        return False
    if kind == "Pod":
        return status.get("phase") in ("Succeeded", "Failed")
    return kind == "Job" and any(
        isinstance(condition, Mapping) and condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True"
        for condition in sequence(status.get("conditions"), "status.conditions")
    )


def _text(owner: Json, field: str) -> str:
    """A field's text, "" where it is none. Equal texts are one object: names recur in every pod and every namespace."""
    value = owner.get(field)
    return intern(value) if value.__class__ is str else value if isinstance(value, str) else ""


def _labels(metadata: Json) -> tuple[tuple[str, str], ...]:
    labels = mapping(metadata.get("labels"), "metadata.labels")
    found = [(key, labels[key]) for key in labels]
    for key, value in found:
        if value.__class__ is not str and (
            isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str))
        ):
            raise ShapeError(f"metadata.labels.{key}", "must be a text")
    return _shared(tuple((key, str(value)) for key, value in found))


@lru_cache(maxsize=2048)
def _shared(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Labels, equal ones as one object, like settings (`container_settings.py`)."""
    return labels
