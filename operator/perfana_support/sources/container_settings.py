"""What a pod spec says about a container beside its image, as far as rules read it."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from perfana_support.model.configuration_policy import INJECTING, absolute
from perfana_support.model.document import Json
from perfana_support.model.installation import PLAIN, ContainerSettings, Location, Setting
from perfana_support.sources.errors import ShapeError, mapping, sequence

Locate = Callable[[Json, str], Location | None]

# The name of the setting among the words of a command that holds the working directory: relative words begin there.
WORKING_DIR = "workingDir"
# The name of the setting among the variables that stands for all that an object of the cluster may set.
ENV_FROM = "envFrom"

# Where Kubernetes itself mounts the token of every pod (DefaultAPITokenMountPath, plugin/pkg/admission/serviceaccount).
_TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_HOOKS = ("postStart", "preStop")
# The field in which a volume's source names what it holds.
SOURCE_NAMES = {
    "configMap": "name",
    "secret": "secretName",
    "persistentVolumeClaim": "claimName",
    "hostPath": "path",
    "image": "reference",
    "csi": "driver",
    "nfs": "server",
}
# An operator holds twenty thousand pods, and scripts of many kilobytes stand in commands. What is longer is cut, and the mark
# that shows it makes the rest equal to nothing.
_MAX_TEXT = 512
_MAX_WORDS = 64
_CUT = "…"


class Volumes:
    """What each volume of a pod is, by its name: `configMap settings`, `emptyDir`. Read once for all of its containers."""

    def __init__(self, pod_spec: Json) -> None:
        self._pod_spec = pod_spec
        self._found: dict[str, str] | None = None

    def named(self, name: str) -> str:
        """The volume of that name. Raises `ShapeError` for volumes that are none."""
        if self._found is None:
            self._found = _volumes(self._pod_spec)
        # A volume that the pod does not declare is a StatefulSet's claim, or keeps the pod from starting.
        return self._found.get(name, f"volume {name}")


def read_settings(container: Json, volumes: Volumes, locate: Locate) -> ContainerSettings:
    """The settings of a container; `PLAIN`, one object for all, where nothing is set that rules read.

    Equal settings share one object, for the pods of a workload differ in nothing here. Raises `ShapeError`.
    """
    path = f'container "{container.get("name")}"'
    variables = (*_variables(container, path, locate), *_env_from(container, path, locate))
    settings = ContainerSettings(
        command=(*_working_dir(container, path, locate), *_words(container, "command", path, locate)),
        args=tuple(_words(container, "args", path, locate)),
        variables=variables,
        mounts=tuple(_mounts(container, volumes, path, locate)),
        hooks=tuple(_hooks(container, path, locate)),
    )
    return PLAIN if settings == PLAIN else _shared(settings)


@lru_cache(maxsize=2048)
def _shared(settings: ContainerSettings) -> ContainerSettings:
    return settings


def _words(owner: Json, field: str, path: str, locate: Locate) -> Iterator[Setting]:
    words = sequence(owner.get(field), f"{path}.{field}")
    for index, word in enumerate(words[: _MAX_WORDS + 1]):
        text = _scalar(word, f"{path}.{field}[{index}]")
        yield Setting("", _cut(text) if index < _MAX_WORDS else _CUT, locate(owner, field))


def _working_dir(container: Json, path: str, locate: Locate) -> Iterator[Setting]:
    working_dir = _scalar(container.get(WORKING_DIR), f"{path}.{WORKING_DIR}")
    if working_dir:
        yield Setting(WORKING_DIR, _cut(working_dir), locate(container, WORKING_DIR))


def _variables(container: Json, path: str, locate: Locate) -> Iterator[Setting]:
    """Variables that can inject code, except those that are set to nothing. Of a name that stands twice both are kept."""
    for index, entry in enumerate(sequence(container.get("env"), f"{path}.env")):
        variable = mapping(entry, f"{path}.env[{index}]")
        name = variable.get("name")
        if not isinstance(name, str) or name not in INJECTING:
            continue
        if variable.get("valueFrom") is not None:
            yield Setting(name, "", locate(variable, "valueFrom"))
            continue
        value = _scalar(variable.get("value"), f"{path}.env[{index}].value")
        if value:
            yield Setting(name, _cut(value), locate(variable, "value"))


def _env_from(container: Json, path: str, locate: Locate) -> Iterator[Setting]:
    """Objects whose whole content becomes variables, if any of those could inject code: a prefix can rule that out."""
    for index, entry in enumerate(sequence(container.get(ENV_FROM), f"{path}.{ENV_FROM}")):
        source = mapping(entry, f"{path}.{ENV_FROM}[{index}]")
        prefix = _scalar(source.get("prefix"), f"{path}.{ENV_FROM}[{index}].prefix")
        if prefix and not any(name.startswith(prefix) for name in INJECTING):
            continue
        for field, kind in (("configMapRef", "configMap"), ("secretRef", "secret")):
            reference = source.get(field)
            if reference is not None:
                name = mapping(reference, f"{path}.{ENV_FROM}[{index}].{field}").get("name")
                yield Setting(ENV_FROM, _cut(f"{kind} {name}"), locate(source, field))


def _mounts(container: Json, volumes: Volumes, path: str, locate: Locate) -> Iterator[Setting]:
    """File systems and block devices, by the path on which each hides what the image has there."""
    for field, path_field in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
        for index, entry in enumerate(sequence(container.get(field), f"{path}.{field}")):
            mount = mapping(entry, f"{path}.{field}[{index}]")
            target = _scalar(mount.get(path_field), f"{path}.{field}[{index}].{path_field}")
            if not target or absolute(target) == _TOKEN_MOUNT:
                continue
            # Cut only what is spelled out, else a long way round could hide where a path ends.
            shown = target if len(target) <= _MAX_TEXT else _cut(absolute(target))
            yield Setting(shown, volumes.named(str(mount.get("name"))), locate(mount, path_field))


def _volumes(pod_spec: Json) -> dict[str, str]:
    """The volumes by name.

    A StatefulSet's claims are left out: their names differ from pod to pod, and its template does not show them either.
    """
    found: dict[str, str] = {}
    hostname = pod_spec.get("hostname")
    for index, entry in enumerate(sequence(pod_spec.get("volumes"), "volumes")):
        volume = mapping(entry, f"volumes[{index}]")
        source = next((field for field in volume if field != "name"), "emptyDir")
        content = volume.get(source)
        named = content.get(SOURCE_NAMES.get(source, "")) if isinstance(content, Mapping) else None
        if hostname and source == "persistentVolumeClaim" and named == f"{volume.get('name')}-{hostname}":
            continue
        found[str(volume.get("name"))] = _cut(f"{source} {named}") if isinstance(named, str) else source
    return found


def _hooks(container: Json, path: str, locate: Locate) -> Iterator[Setting]:
    """Commands that Kubernetes runs inside the container when it starts or stops."""
    lifecycle = mapping(container.get("lifecycle"), f"{path}.lifecycle")
    for name in _HOOKS:
        action = mapping(lifecycle.get(name), f"{path}.lifecycle.{name}")
        if action.get("exec") is not None:
            command = mapping(action["exec"], f"{path}.lifecycle.{name}.exec")
            words = _words(command, "command", f"{path}.lifecycle.{name}.exec", locate)
            yield Setting(name, _cut(" ".join(word.value for word in words)), locate(action, "exec"))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + _CUT


def _scalar(value: object, path: str) -> str:
    """A text; a number or boolean as JSON writes it, which is what a manifest without quotes means."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ShapeError(path, "must be a text")
    return str(value)
