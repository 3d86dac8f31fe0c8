"""The containers that count: each once, although a running installation shows it in a template and again in its pods."""

from collections import Counter
from collections.abc import Iterator

from perfana_support.model.installation import Container, Installation, Workload


def visible_containers(installation: Installation) -> Iterator[tuple[Workload, Container]]:
    """Every container with its workload.

    A pod adds only what its owner's template does not show: another image of the same container (an unfinished rollout, a
    patched pod) or a container of its own (an ephemeral one). Several pods that run the same other image of a container are one
    fact, told of their owner: else each pod of a rollout that comes or goes would change what is said.
    """
    templates = {
        _key(workload, container)
        for workload in installation.workloads
        if workload.owner is None
        for container in workload.containers
    }
    named = {key[:3] for key in templates}
    counts = Counter(
        _key(workload, container) for workload in installation.workloads if workload.owner for container in workload.containers
    )
    told = set()
    for workload in installation.workloads:
        for container in workload.containers:
            if workload.owner is None:
                yield workload, container
                continue
            key = _key(workload, container)
            if key in templates or key in told:
                continue
            if counts[key] == 1 or key[:3] not in named:
                yield workload, container
            else:
                told.add(key)
                yield workload._replace(kind=key[0], name=key[1], owner=None), container


def _key(workload: Workload, container: Container) -> tuple[str, str, str, str]:
    """The owner's kind and name, and what tells one of its containers from the others."""
    kind, name = workload.owner or (workload.kind, workload.name)
    return kind, name, container.name, container.image
