"""The commands that mend more than one thing, with the names of this cluster."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from perfana_support import __version__
from perfana_support.evaluate.doctor.neighbours import all_beside, is_led_unseen, rivals_of
from perfana_support.evaluate.doctor.setup import NAME, container_of
from perfana_support.model.diagnosis import LEASE_NAME, Facts, Json, Setup, Tools

_CHECKOUT = "in a checkout of this version"
# A name that no image has: the pages about installing have it too.
_REGISTRY = "harbor.example.com/perfana"
_YOURS = f"{_CHECKOUT}, with the registry that you pushed its image to in place of {_REGISTRY} (docs/install.md)"
# What the pods that ship have, and null for what the restricted standard refuses; a test compares them.
POD_SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault", "localhostProfile": None},
}
CONTAINER_SECURITY: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"], "add": None},
    **dict.fromkeys(("privileged", "procMount", "runAsNonRoot", "runAsUser", "seccompProfile")),
}
_HOSTS = dict.fromkeys(("hostNetwork", "hostPID", "hostIPC"))


def apply_definitions(tools: Tools) -> str:
    """The command that gives the cluster the definitions of this program."""
    return f"perfana-support doctor --print definitions | {tools.kubectl('apply -f -')}"


def apply_rights(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands that give the operator all that it needs."""
    setup = facts.setup
    if setup.is_place_hidden:
        # Without namespaces these would be rights to the whole cluster.
        again = tools.program(f"doctor --operator-namespace {setup.namespace} -n {setup.namespace}")
        return (f"{again}    # with the namespaces that it looks at after -n",)
    if LEASE_NAME in setup.hidden:
        # These would take the right to the Lease that it has.
        return state_lease(setup, tools)
    elsewhere = look_elsewhere(facts, tools)
    if elsewhere and not is_led_unseen(facts):
        return elsewhere
    if setup.deployment is None and facts.deployments.found is not None and not is_led(facts) and not _is_plain(facts):
        # The chart brings them, and Helm refuses to install over what others have made.
        return (install(facts, tools),)
    words = f"perfana-support doctor --print rights{_place(facts)}"
    words += f" --service-account {setup.account}" if setup.account != NAME else ""
    words += f" --lease-name {setup.lease_name}" if setup.lease_name != NAME else ""
    create = (tools.kubectl(f"create namespace {setup.namespace}"),) if facts.place.is_absent else ()
    return (*create, f"{words} | {tools.kubectl('apply -f -')}")


def give_reader(facts: Facts, tools: Tools, *, of_cluster: bool = False) -> tuple[str, ...]:
    """The command that gives whoever asks the rights to look, for somebody who may give rights.

    `of_cluster`: what is looked for is the cluster's, for which the Roles of some namespaces are not enough.
    """
    name = caller(facts)
    if not name:
        return (tools.kubectl("auth can-i --list"),)
    place = _namespace(facts) if of_cluster else _place(facts)
    words = f"perfana-support doctor --print reader --reader {shlex.quote(name)}{place}"
    # Without the options it would be the cluster of whatever context is current there.
    note = "by somebody who may give rights" + (", by a context of theirs for this cluster" if tools.options else "")
    return (f"{words} | {tools.kubectl('apply -f -')}    # {note}",)


def install(facts: Facts, tools: Tools) -> str:
    """The command that installs the operator as it ships or, where Helm did, once more with the values that it has."""
    namespace, watched, release = facts.setup.namespace, facts.setup.watched, release_of(facts)
    if release:
        return f"{tools.helm(_upgrade(release, namespace))}    # {_CHECKOUT}"
    if _is_plain(facts):
        image = f"sed 's#image: {NAME}:#image: {_REGISTRY}/{NAME}:#' manifests/install.yaml"
        return f"{image} | {tools.kubectl('apply -f -')}    # {_YOURS}"
    # The definitions are applied before, by a command of their own, and Helm takes over nothing that it did not make.
    words = f"upgrade --install {NAME} charts/{NAME} --namespace {namespace} --create-namespace --set crds.install=false"
    if watched:
        words += f" --set {_watching(watched)}"
    return f"{tools.helm(words)} --set image.repository={_REGISTRY}/{NAME}    # {_YOURS}"


def look_at_too(facts: Facts, tools: Tools, namespace: str) -> tuple[str, ...]:
    """The commands that have an operator of some namespaces look at one more."""
    setup, release = facts.setup, release_of(facts)
    watched = (*setup.watched, namespace)
    if release:
        return (f"{tools.helm(_upgrade(release, setup.namespace))} --set {_watching(watched)}    # or, {_CHECKOUT}",)
    more = facts._replace(setup=setup._replace(watched=watched))
    first, *others = apply_rights(more, tools)
    edit = tools.kubectl(f"edit deployment {setup.name} -n {setup.namespace}")
    first += "    # or have it judged: first rights there"
    return (first, *others, f"{edit}    # and then --namespace {namespace} among its arguments")


def restrict(facts: Facts, tools: Tools) -> str:
    """The command that gives the pods the security settings that ship, which the restricted Pod Security Standard takes."""
    setup = facts.setup
    found = container_of(setup.deployment)
    container: dict[str, Any] = {"name": found.get("name"), "securityContext": CONTAINER_SECURITY}
    # The server fills these in for pods on the host's network, and leaves them there.
    ports = [
        {"containerPort": each["containerPort"], "hostPort": None} for each in found.get("ports") or () if "hostPort" in each
    ]
    container |= {"ports": ports} if ports else {}
    spec = {**_HOSTS, "securityContext": POD_SECURITY, "containers": [container]}
    patch = shlex.quote(json.dumps({"spec": {"template": {"spec": spec}}}, separators=(",", ":")))
    return tools.kubectl(f"patch deployment {setup.name} -n {setup.namespace} -p {patch}")


def release_of(facts: Facts) -> str:
    """The name of Helm's release that the operator is, "" where Helm did not install it."""
    for item in (facts.setup.deployment, facts.lease.found):
        name = _release(item or {}, facts.setup.namespace)
        if name:
            return shlex.quote(name)
    return ""


def is_led(facts: Facts) -> bool:
    """Whether somebody holds the operator's Lease."""
    return bool(((facts.lease.found or {}).get("spec") or {}).get("holderIdentity"))


def restart(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands that start the operator anew or, where there is none in any namespace, install it."""
    setup = facts.setup
    if setup.deployment is None:
        return look_elsewhere(facts, tools) or (install(facts, tools),)
    if setup.is_off:
        return scale_up(facts, tools)
    return (tools.kubectl(f"rollout restart deployment/{setup.name} -n {setup.namespace}"),)


def scale_up(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands that have an operator run which is scaled to 0; where others look at its namespaces, these come first."""
    setup, rivals = facts.setup, rivals_of(facts)
    scale = tools.kubectl(f"scale deployment {setup.name} -n {setup.namespace} --replicas=1")
    if not rivals:
        return (scale,)
    told = " and ".join(f"{each.namespace}/{each.name}" for each in rivals)
    return (*look_at_each(rivals, tools), f"{scale}    # only once none of its namespaces is looked at by {told}")


def look_elsewhere(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands that look at the operators of other namespaces, none where there is one in the namespace looked at."""
    return () if facts.setup.deployment is not None else look_at_each(all_beside(facts), tools)


def look_at_each(setups: Iterable[Setup], tools: Tools) -> tuple[str, ...]:
    """The commands that look at some other operators."""
    return tuple(tools.program(f"doctor --operator-namespace {each}") for each in sorted({each.namespace for each in setups}))


def state_lease(setup: Setup, tools: Tools) -> tuple[str, ...]:
    """The command that looks once more with the name of the operator's Lease, none where its Deployment says it."""
    if LEASE_NAME not in setup.hidden:
        return ()
    places = "".join(f" -n {each}" for each in setup.watched)
    again = tools.program(f"doctor --operator-namespace {setup.namespace}{places} {LEASE_NAME} {setup.lease_name}")
    return (f"{again}    # with the name of its Lease after {LEASE_NAME}",)


def show(setup: Setup, tools: Tools) -> tuple[str, ...]:
    """The command that shows where a Deployment takes its settings from."""
    return (tools.kubectl(f"get deployment {setup.name} -n {setup.namespace} -o yaml"),)


def set_image(facts: Facts, tools: Tools, container: str, image: str, version: str = __version__) -> str:
    """The command that has a container run a version, this program's where none is given, of where its image is now."""
    wanted = shlex.quote(f"{_repository(image)}:{version}")
    return tools.kubectl(f"set image deployment/{facts.setup.name} -n {facts.setup.namespace} {container}={wanted}")


def caller(facts: Facts) -> str:
    """The name of whoever asks, as the server knows it; "" where it does not say."""
    status = (facts.caller.found or {}).get("status") or {}
    return str((status.get("userInfo") or {}).get("username") or "")


def _repository(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _is_plain(facts: Facts) -> bool:
    """Whether the operator is to be where the one file has it."""
    return facts.setup.namespace == NAME and not facts.setup.watched and not release_of(facts)


def _release(item: Json, namespace: str) -> str:
    metadata = item.get("metadata") or {}
    notes = metadata.get("annotations") or {}
    if (metadata.get("labels") or {}).get("app.kubernetes.io/managed-by") != "Helm":
        return ""
    return str(notes.get("meta.helm.sh/release-name") or "") if notes.get("meta.helm.sh/release-namespace") == namespace else ""


def _upgrade(release: str, namespace: str) -> str:
    return f"upgrade {release} charts/{NAME} --namespace {namespace} --reset-then-reuse-values"


def _watching(namespaces: tuple[str, ...]) -> str:
    return shlex.quote(f"watch.namespaces={{{','.join(namespaces)}}}")


def _place(facts: Facts) -> str:
    return _namespace(facts) + "".join(f" -n {each}" for each in facts.setup.watched)


def _namespace(facts: Facts) -> str:
    namespace = facts.setup.namespace
    return f" --operator-namespace {namespace}" if namespace != NAME else ""
