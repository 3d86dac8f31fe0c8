"""How an operator is set up: what its Deployment says in the operator's own flags and variables."""

import re
from collections.abc import Iterator, Mapping, Sequence

from perfana_support.model.diagnosis import LEADER_ELECTION, LEASE_NAME, LEASE_NAMESPACE, Json, Setup

NAME = "perfana-support"
LABEL = "app.kubernetes.io/name"
_DNS_NAME = r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?"
_PREFIX = "PERFANA_SUPPORT_"
# Stands for a value that comes from a ConfigMap, a Secret or the pod itself; it is no name.
_ELSEWHERE = "$(elsewhere)"
# Flags of the operator as its variables' names spell them.
_SHORT = {"n": "NAMESPACE"}


def find_setup(
    deployments: Sequence[Json], namespace: str, account: str, watched: Sequence[str], lease_name: str = ""
) -> Setup:
    """The setup of the operator in a namespace; the others are what the user states, "" and () for nothing."""
    found = sorted(
        (each for each in deployments if each["metadata"].get("namespace") == namespace),
        key=lambda each: (each["metadata"]["name"] != NAME, each["metadata"]["name"]),
    )
    setup = setup_of(found[0] if found else None, namespace, account, watched)
    if not lease_name:
        return setup
    return setup._replace(lease_name=lease_name, hidden=tuple(each for each in setup.hidden if each != LEASE_NAME))


def setup_of(deployment: Json | None, namespace: str, account: str = "", watched: Sequence[str] = ()) -> Setup:
    """The setup that a Deployment states, or that one without any settings would have."""
    pod = ((deployment or {}).get("spec") or {}).get("template", {}).get("spec") or {}
    stated = dict(_stated(container_of(deployment)))
    words = [word.strip() for word in stated.get("NAMESPACE", "").split(",") if word.strip()]
    namespaces = tuple(filter(None, map(_named, words)))
    return Setup(
        namespace,
        account or str(pod.get("serviceAccountName") or (NAME if deployment is None else "default")),
        deployment,
        tuple(watched) or namespaces,
        _elects(stated),
        _named(stated.get("LEASE_NAMESPACE", "")) or namespace,
        _named(stated.get("LEASE_NAME", "")) or NAME,
        not watched and len(namespaces) < len(words),
        tuple(_hidden(stated)),
    )


def container_of(deployment: Json | None) -> Json:
    """The operator's container in a Deployment: by its name or, where none has it, the first; {} for none."""
    pod = ((deployment or {}).get("spec") or {}).get("template", {}).get("spec") or {}
    containers = pod.get("containers") or ()
    return next((each for each in containers if each.get("name") == "operator"), next(iter(containers), {}))


def _named(value: str) -> str:
    """A name that a setting states, "" for what the server takes for none: it ends in commands that people copy."""
    name = value.strip()
    return name if re.fullmatch(_DNS_NAME, name, re.ASCII) else ""


def _elects(stated: Mapping[str, str]) -> bool:
    return stated.get("LEADER_ELECTION", "true").lower() not in ("false", "no", "0")


def _hidden(stated: Mapping[str, str]) -> Iterator[str]:
    """The flags of leading whose values come from elsewhere, for no server would take them; none without an election."""
    if not _elects(stated):
        return
    for name, flag in (("LEASE_NAME", LEASE_NAME), ("LEASE_NAMESPACE", LEASE_NAMESPACE)):
        if stated.get(name) and not _named(stated[name]):
            yield flag
    if "$(" in stated.get("LEADER_ELECTION", ""):
        yield LEADER_ELECTION


def _stated(container: Json) -> Iterator[tuple[str, str]]:
    """Settings by name, of variables and then of flags, which win; namespaces together."""
    for each in container.get("env") or ():
        name = str(each.get("name") or "")
        value = each.get("value") or (_ELSEWHERE if each.get("valueFrom") else "")
        if name.startswith(_PREFIX) and value:
            yield name.removeprefix(_PREFIX).replace("NAMESPACES", "NAMESPACE"), str(value)
    words = [*map(str, container.get("command") or ()), *map(str, container.get("args") or ())]
    namespaces = list[str]()
    for place, word in enumerate(words):
        if not word.startswith("-"):
            continue
        flag, has_value, value = word.lstrip("-").partition("=")
        name = _SHORT.get(flag, flag.replace("-", "_").upper())
        if name == "LEADER_ELECTION":
            yield name, "true"
        elif name.startswith("NO_"):
            yield name.removeprefix("NO_"), "false"
        elif name == "NAMESPACE":
            namespaces.append(value if has_value else "".join(words[place + 1 : place + 2]))
        else:
            yield name, value if has_value else "".join(words[place + 1 : place + 2])
    if namespaces:
        yield "NAMESPACE", ",".join(namespaces)
