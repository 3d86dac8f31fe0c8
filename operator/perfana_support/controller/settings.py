"""The operator's settings, read once before anything is registered from them."""

from typing import NamedTuple


class Settings(NamedTuple):
    """Everything that can be set, by flags of `perfana-support operator`.

    `namespaces` empty: the whole cluster. `health_port` 0: no probes are served. `workers`: checks written at a time.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    health_host: str = "0.0.0.0"  # noqa: S104 - a kubelet probes from outside the pod
    health_port: int = 8080
    is_verbose: bool = False
    workers: int = 8
