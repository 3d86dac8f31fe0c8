"""What runs or would run: workloads and their containers, the facts that rules judge.

A cluster and a set of manifests give the same values, so that both are judged by one code path.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from perfana_support.model.answer import Answer, Question


class Location(NamedTuple):
    """Where in a manifest a fact stands: the file as the user named it (`-` is standard input), lines and columns from 1.

    `line` and `column` are 0 where they are not known. `template` is the chart's template that Helm made the document of, ""
    where it does not say ("# Source:"). Of a folder that had to be rendered, `file` is the source in it and `rendered_line` the
    line of what was rendered: from which line of its source that comes, no tool tells.
    """

    file: str
    line: int
    column: int = 0
    template: str = ""
    rendered_line: int = 0

    @property
    def text(self) -> str:
        """The place as editors and compilers write it, without its template."""
        parts = (self.file, *(str(part) for part in (self.line, self.column) if part))
        return ":".join(parts) + (f" (rendered line {self.rendered_line})" if self.rendered_line else "")


class Subject(NamedTuple):
    """What a finding is about. Empty strings where a part does not apply: a policy has no container."""

    kind: str
    namespace: str = ""
    name: str = ""
    container: str = ""
    image: str = ""


class ContainerRole(StrEnum):
    """How a container takes part in its pod."""

    MAIN = "Main"
    INIT = "Init"
    EPHEMERAL = "Ephemeral"


class Setting(NamedTuple):
    """One thing that a pod spec sets on a container: a variable, a mount's path, a command line, a hook."""

    name: str
    value: str = ""
    location: Location | None = None


class ContainerSettings(NamedTuple):
    """What a pod spec says about a container beside its image, as far as rules read it.

    `command` and `args` hold one value a word, in order, with an empty name. `variables` are those that can inject code into a
    runtime; one whose value comes from elsewhere has the value "". `mounts` have the path as name and the volume's source as
    value ("configMap settings", "emptyDir"). `hooks` are named postStart or preStop and hold the exec command.
    """

    command: tuple[Setting, ...] = ()
    args: tuple[Setting, ...] = ()
    variables: tuple[Setting, ...] = ()
    mounts: tuple[Setting, ...] = ()
    hooks: tuple[Setting, ...] = ()


PLAIN = ContainerSettings()


# What a Compose file's service is called where a workload's kind stands; only its image is known.
COMPOSE_SERVICE = "ComposeService"


class Container(NamedTuple):
    """One container of a pod template or of a running pod; `image` is the reference as written, "" when there is none.

    `image_id` is what the runtime reports for a running container, "" elsewhere.
    """

    name: str
    image: str
    role: ContainerRole = ContainerRole.MAIN
    location: Location | None = None
    settings: ContainerSettings = PLAIN
    image_id: str = ""


class Workload(NamedTuple):
    """An object that runs containers: a controller with a pod template, or a pod.

    `owner` is (kind, name) of the controller that made a pod, None for anything that a user wrote; `labels` are the
    object's own and serve the check's workload selector.
    """

    kind: str
    namespace: str
    name: str
    containers: tuple[Container, ...]
    labels: tuple[tuple[str, str], ...] = ()
    owner: tuple[str, str] | None = None
    node: str = ""


class Node(NamedTuple):
    """A node, as far as rules read it. Architecture and operating system as Kubernetes names them: amd64, linux."""

    name: str
    kubelet_version: str
    architecture: str
    operating_system: str


class Platform(NamedTuple):
    """What the installation runs on. Empty texts are unknown; `distribution` is declared by the user, else "".

    `nodes` are those that run the installation's pods. `gaps` say what should have been readable and was not.
    """

    server_version: str = ""
    distribution: str = ""
    nodes: tuple[Node, ...] = ()
    gaps: tuple[str, ...] = ()


class Declared(NamedTuple):
    """A dependency outside the namespace that the check's spec declares."""

    product: str
    version: str = ""


class Installation(NamedTuple):
    """All workloads of one namespace: what one check judges.

    `gaps` are sentences about what the source could have shown and did not, such as a right that is missing.
    `platform` is None for a source that has none (manifests) while the user states nothing. `declared` are dependencies
    that live elsewhere. `answers` is what registries have said of its images so far. `is_part`: a selector left components out.
    """

    namespace: str
    workloads: tuple[Workload, ...]
    gaps: tuple[str, ...] = ()
    platform: Platform | None = None
    declared: tuple[Declared, ...] = ()
    answers: Mapping["Question", "Answer"] = {}
    is_part: bool = False
