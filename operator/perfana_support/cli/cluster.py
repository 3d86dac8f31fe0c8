"""The part that reads clusters, which an installation for manifests alone lacks."""

from types import ModuleType

from perfana_support.sources.errors import Fault, SourceError


def cluster_source() -> ModuleType:
    """`sources.cluster.snapshot`, whose imports take a third of a second. Raises `SourceError` where they are not installed."""
    try:
        from perfana_support.sources.cluster import snapshot  # noqa: PLC0415
    except ModuleNotFoundError as error:
        remedy = "install perfana-support[cluster], or take the single file perfana-support-cluster"
        problem = f"is not installed ({error.name}); {remedy}"
        raise SourceError([Fault("reading a cluster", 0, 0, problem)]) from error
    return snapshot
