"""What runs or would run: workloads and their containers, the facts that rules judge.

A cluster and a set of manifests give the same values, so that both are judged by one code path.
"""

from enum import StrEnum
from typing import NamedTuple


class Location(NamedTuple):
    """Where in a manifest a fact stands: the file as the user named it (`-` is standard input), lines from 1."""

    file: str
    line: int


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


class Container(NamedTuple):
    """One container of a pod template or of a running pod; `image` is the reference as written, "" when there is none."""

    name: str
    image: str
    role: ContainerRole = ContainerRole.MAIN
    location: Location | None = None


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


class Installation(NamedTuple):
    """All workloads of one namespace: what one check judges.

    `gaps` are sentences about what the source could have shown and did not, such as a right that is missing.
    """

    namespace: str
    workloads: tuple[Workload, ...]
    gaps: tuple[str, ...] = ()
