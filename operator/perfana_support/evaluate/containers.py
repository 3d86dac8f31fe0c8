"""The containers that count: each once, although a running installation shows it in a template and again in its pods."""

from collections.abc import Iterator

from perfana_support.model.installation import Container, Installation, Workload


def visible_containers(installation: Installation) -> Iterator[tuple[Workload, Container]]:
    """Every container with its workload.

    A pod adds only what its owner's template does not show: another image of the same container (an unfinished rollout, a
    patched pod) or a container of its own (an ephemeral one).
    """
    templates = {
        (workload.kind, workload.name, container.name, container.image)
        for workload in installation.workloads
        if workload.owner is None
        for container in workload.containers
    }
    for workload in installation.workloads:
        for container in workload.containers:
            if workload.owner is None or (*workload.owner, container.name, container.image) not in templates:
                yield workload, container
