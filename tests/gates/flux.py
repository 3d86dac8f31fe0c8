"""Flux's source-controller and kustomize-controller as processes, and the definitions that their modules carry."""

from __future__ import annotations

import http.client
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.cluster.crds import apply_crds
from tests.cluster.module import module_folder
from tests.cluster.processes import Processes
from tests.cluster.server import LOOPBACK, Cluster, free_ports
from tests.cluster.tool import find_tool
from tests.cluster.waiting import wait_for

if TYPE_CHECKING:
    from types import TracebackType

GO_FOLDER = Path(__file__).with_name("go")
"""One pin a controller: its own list of requirements and replacements, so that nothing floats."""
SOURCE, KUSTOMIZE = "source-controller", "kustomize-controller"
READY_WITHIN_SECONDS = 60.0
"""It takes two seconds."""
REQUEUE_SECONDS = 1
"""How often a Kustomization looks at what it depends on: 30 s by default, more than a test wants to wait."""

CONCURRENT = 16
"""How many Kustomizations may wait for health at a time: four by default, which tests would wait for each other at."""


class Flux:
    """Both controllers as the cluster's admin, which is what `flux install` makes of them, for all namespaces."""

    def __init__(self, cluster: Cluster) -> None:
        """Start them with all other settings as they ship, and return when both are ready."""
        programs = {name: find_tool(GO_FOLDER / name).program for name in (SOURCE, KUSTOMIZE)}
        for name in programs:
            apply_crds(
                cluster.client(), module_folder(GO_FOLDER / name, f"github.com/fluxcd/{name}") / "config" / "crd" / "bases"
            )
        self._processes = Processes("perfana-test-flux-")
        try:
            storage = self._processes.folder / "storage"
            storage.mkdir()
            environment = cluster.environment() | {
                "HOME": str(self._processes.folder),
                "TMPDIR": str(self._processes.folder),
                "RUNTIME_NAMESPACE": "default",
            }
            served, *health = free_ports(3)
            settings = {
                SOURCE: [
                    f"--storage-path={storage}",
                    f"--storage-addr={LOOPBACK}:{served}",
                    f"--storage-adv-addr={LOOPBACK}:{served}",
                ],
                KUSTOMIZE: [f"--requeue-dependency={REQUEUE_SECONDS}s", f"--concurrent={CONCURRENT}"],
            }
            ports = dict(zip(programs, health, strict=True))
            for name, program in programs.items():
                own = ["--metrics-addr=0", f"--health-addr={LOOPBACK}:{ports[name]}", *settings[name]]
                self._processes.start(name, [str(program), *own], environment)
            for name, port in ports.items():
                wait_for(partial(self._is_ready, name, port), READY_WITHIN_SECONDS, name, ignoring=(OSError,))
        except BaseException:
            self._processes.close()
            raise

    def log_tails(self) -> str:
        """Return the last lines that they wrote, for an error message."""
        return "\n".join(f"{name}:\n{self._processes.log_tail(name)}" for name in (SOURCE, KUSTOMIZE))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End both and remove what they stored."""
        self._processes.close()

    def _is_ready(self, name: str, port: int) -> bool:
        code = self._processes.exit_code(name)
        assert code is None, f"{name} ended with {code}:\n{self._processes.log_tail(name)}"
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()
