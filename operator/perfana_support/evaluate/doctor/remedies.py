"""The commands that mend more than one thing, with the names of this cluster."""

import shlex

from perfana_support import __version__
from perfana_support.evaluate.doctor.setup import NAME
from perfana_support.model.diagnosis import Facts, Tools


def apply_definitions(tools: Tools) -> str:
    """The command that gives the cluster the definitions of this program."""
    return f"perfana-support doctor --print definitions | {tools.kubectl('apply -f -')}"


def apply_rights(facts: Facts, tools: Tools) -> tuple[str, ...]:
    """The commands that give the operator all that it needs."""
    setup = facts.setup
    if setup.is_place_hidden:
        # Without namespaces these would be rights to the whole cluster.
        again = tools.program(f"doctor --operator-namespace {setup.namespace} -n {setup.namespace}")
        return (f"{again}    # in place of the last word, the namespaces that it looks at",)
    words = f"perfana-support doctor --print rights{_place(facts)}"
    words += f" --service-account {setup.account}" if setup.account != NAME else ""
    words += f" --lease-name {setup.lease_name}" if setup.lease_name != NAME else ""
    create = (tools.kubectl(f"create namespace {setup.namespace}"),) if facts.place.is_absent else ()
    return (*create, f"{words} | {tools.kubectl('apply -f -')}")


def give_reader(facts: Facts) -> tuple[str, ...]:
    """The command that gives whoever asks the rights to look, for somebody who may give rights: by an account of their own."""
    name = caller(facts)
    if not name:
        return ("kubectl auth can-i --list",)
    words = f"perfana-support doctor --print reader --reader {shlex.quote(name)}{_place(facts)}"
    return (f"{words} | kubectl apply -f -    # by somebody who may give rights",)


def install(facts: Facts, tools: Tools) -> str:
    """The command, run in a checkout, that installs the operator as it ships."""
    namespace, watched = facts.setup.namespace, facts.setup.watched
    if namespace == NAME and not watched:
        return tools.kubectl("apply -f manifests/install.yaml")
    words = f"upgrade --install {NAME} charts/{NAME} --namespace {namespace} --create-namespace"
    if watched:
        value = ",".join(watched)
        words += f" --set crds.install=false --set {shlex.quote(f'watch.namespaces={{{value}}}')}"
    return tools.helm(words)


def restart(facts: Facts, tools: Tools) -> str:
    """The command that starts the operator anew or, where there is none, installs it."""
    setup = facts.setup
    if setup.deployment is None:
        return install(facts, tools)
    return tools.kubectl(f"rollout restart deployment/{setup.name} -n {setup.namespace}")


def set_image(facts: Facts, tools: Tools, container: str, image: str) -> str:
    """The command that has a container run this program's version, of where its image is now."""
    wanted = shlex.quote(f"{_repository(image)}:{__version__}")
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


def _place(facts: Facts) -> str:
    setup = facts.setup
    namespace = f" --operator-namespace {setup.namespace}" if setup.namespace != NAME else ""
    return namespace + "".join(f" -n {each}" for each in setup.watched)
