"""Facts written as the Kubernetes objects that they were read from: with the fields that rules read, and with no other.

What is written is made from the facts and never copied from an object, so nothing slips in that no rule reads. Read by
`sources/workload.py` again, each gives the same facts, which a property test holds for all of them.
"""

from collections.abc import Iterator, Sequence
from itertools import count

from perfana_support.model.document import NewJson
from perfana_support.model.installation import Container, ContainerRole, Node, Setting, Workload
from perfana_support.sources.container_settings import ENV_FROM, SOURCE_NAMES, WORKING_DIR
from perfana_support.sources.workload import DATABASE, MUST_HAVE_CONTAINERS

_GROUPS = {kind: (group, path) for (group, kind), path in MUST_HAVE_CONTAINERS.items()}
_VERSION = "v1"
_REFERENCES = {"configMap": "configMapRef", "secret": "secretRef"}
_UNDECLARED = "volume "


def workload_object(workload: Workload) -> NewJson:
    """The object that a workload was read from, as far as rules read it."""
    metadata: NewJson = {"name": workload.name, "namespace": workload.namespace}
    if workload.labels:
        metadata["labels"] = dict(workload.labels)
    if workload.owner:
        kind, name = workload.owner
        metadata["ownerReferences"] = [{"controller": True, "kind": kind, "name": name}]
    if workload.kind == DATABASE[1]:
        spec = {"imageName": workload.containers[0].image}
        return {"apiVersion": f"{DATABASE[0]}/{_VERSION}", "kind": workload.kind, "metadata": metadata, "spec": spec}
    group, path = _GROUPS.get(workload.kind, ("", ("spec",)))
    entity: NewJson = {"apiVersion": f"{group}/{_VERSION}" if group else _VERSION, "kind": workload.kind, "metadata": metadata}
    below = entity
    for field in path[:-1]:
        below = below.setdefault(field, {})
    below[path[-1]] = _pod_spec(workload)
    statuses = dict(_statuses(workload.containers))
    return entity | ({"status": statuses} if statuses else {})


def node_object(node: Node) -> NewJson:
    """The object that a node was read from, as far as rules read it."""
    information = {
        "kubeletVersion": node.kubelet_version,
        "architecture": node.architecture,
        "operatingSystem": node.operating_system,
    }
    status = {"nodeInfo": {field: value for field, value in information.items() if value}}
    return {"apiVersion": _VERSION, "kind": "Node", "metadata": {"name": node.name}, "status": status}


def _pod_spec(workload: Workload) -> NewJson:
    volumes = _Volumes([mount.value for container in workload.containers for mount in container.settings.mounts])
    spec: NewJson = {field: [] for field in _FIELDS.values()}
    field = "containers"
    for container in workload.containers:
        entry = _container(container, volumes)
        if container.role is not ContainerRole.MAIN:
            field = _FIELDS[container.role]
        elif field != "containers":  # a sidecar among the init containers
            entry["restartPolicy"] = "Always"
        spec[field].append(entry)
    spec = {field: entries for field, entries in spec.items() if entries}
    if volumes.entries:
        spec["volumes"] = volumes.entries
    if workload.node:
        spec["nodeName"] = workload.node
    return spec


_FIELDS = {
    ContainerRole.MAIN: "containers",
    ContainerRole.INIT: "initContainers",
    ContainerRole.EPHEMERAL: "ephemeralContainers",
}


def _container(container: Container, volumes: "_Volumes") -> NewJson:
    settings = container.settings
    command = [setting.value for setting in settings.command if setting.name != WORKING_DIR]
    directory = [setting.value for setting in settings.command if setting.name == WORKING_DIR]
    entry: NewJson = {"name": container.name, "image": container.image}
    stated = {
        "workingDir": directory[0] if directory else "",
        "command": command,
        "args": [setting.value for setting in settings.args],
        "env": [_variable(setting) for setting in settings.variables if setting.name != ENV_FROM],
        "envFrom": [_env_from(setting) for setting in settings.variables if setting.name == ENV_FROM],
        "volumeMounts": [{"name": volumes.name_of(mount), "mountPath": mount.name} for mount in settings.mounts],
        "lifecycle": {hook.name: {"exec": {"command": [hook.value]}} for hook in settings.hooks},
    }
    return entry | {field: value for field, value in stated.items() if value}


def _variable(setting: Setting) -> NewJson:
    """A variable; one whose value comes from elsewhere says so, and not from where."""
    return {"name": setting.name, "value": setting.value} if setting.value else {"name": setting.name, "valueFrom": {}}


def _env_from(setting: Setting) -> NewJson:
    kind, _, name = setting.value.partition(" ")
    return {_REFERENCES[kind]: {"name": name}}


class _Volumes:
    """The volumes of a pod, from what its mounts say of them."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.entries: list[NewJson] = []
        self._known: dict[str, str] = {}
        undeclared = {source.removeprefix(_UNDECLARED) for source in sources if source.startswith(_UNDECLARED)}
        self._names = (name for number in count(1) if (name := f"volume-{number}") not in undeclared)

    def name_of(self, mount: Setting) -> str:
        """The name of the volume behind a mount."""
        if mount.value.startswith(_UNDECLARED):
            return mount.value.removeprefix(_UNDECLARED)
        if mount.value not in self._known:
            name = self._known[mount.value] = next(self._names)
            source, has_content, content = mount.value.partition(" ")
            self.entries.append({"name": name, source: {SOURCE_NAMES[source]: content} if has_content else {}})
        return self._known[mount.value]


def _statuses(containers: Sequence[Container]) -> Iterator[tuple[str, list[NewJson]]]:
    """What the runtime reports; the name of the list says nothing, for it is found by the container's name."""
    reported = [{"name": each.name, "imageID": each.image_id} for each in containers if each.image_id]
    if reported:
        yield "containerStatuses", reported
