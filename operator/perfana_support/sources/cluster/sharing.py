"""Equal parts of workloads kept once: the pods of a workload differ in little but their names.

Twenty thousand pods hold a few hundred different images, labels and owners; kept apart they would be most of the memory.
"""

import sys
from collections.abc import Hashable
from functools import lru_cache
from typing import TypeVar

from perfana_support.model.installation import Container, Workload

T = TypeVar("T", bound=Hashable)


def shared(workload: Workload) -> Workload:
    """The same workload, made of parts that others have as well."""
    return Workload(
        sys.intern(workload.kind),
        sys.intern(workload.namespace),
        workload.name,
        _kept(tuple(map(_shared_container, workload.containers))),
        _kept(workload.labels),
        _kept(workload.owner),
        sys.intern(workload.node),
    )


def _shared_container(container: Container) -> Container:
    name, image, image_id = map(sys.intern, (container.name, container.image, container.image_id))
    kept: Container = _kept(container._replace(name=name, image=image, image_id=image_id))
    return kept


@lru_cache(maxsize=8192, typed=True)
def _kept(part: T) -> T:
    """The first of all equal parts, as long as it was asked for lately."""
    return part
