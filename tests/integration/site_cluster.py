"""Somebody who follows the pages of the documentation, with the part of a controller played where one is waited for."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.integration.helm_tool import helm_environment
from tests.integration.operator_process import ACCOUNT
from tests.snippets import ROOT, printed

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient
    from tests.cluster.server import Cluster

PROGRAMS = Path(sys.executable).parent
READY = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}


class Desk(NamedTuple):
    """Somebody with kubectl, Helm and perfana-support on the PATH, in a checkout of the project."""

    cluster: Cluster
    home: Path
    helm: Path | None = None

    @property
    def api(self) -> ApiClient:
        """An admin's client."""
        return self.cluster.client()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the shell."""
        own = self.cluster.environment()
        own["PATH"] = os.pathsep.join([own["PATH"], str(PROGRAMS)])
        return helm_environment(own, self.helm, self.home) if self.helm else own

    def run(self, block: str, folder: Path = ROOT) -> str:
        """Run a block that must succeed, and return what it prints."""
        return printed(block, self.environment, folder=folder)

    def roll_out(self, name: str = ACCOUNT, namespace: str = ACCOUNT) -> None:
        """Say of a Deployment what its controller says once its pod is ready; no node runs one here."""
        generation = self.api.get("apps/v1", "Deployment", name, namespace)["metadata"]["generation"]
        status = {"status": {**READY, "observedGeneration": generation}}
        self.run(f"kubectl patch deployment {name} -n {namespace} --subresource=status --type merge -p '{json.dumps(status)}'")

    def let_go(self, namespace: str) -> None:
        """Remove a namespace that is told to go, as its controller does once nothing is in it."""
        item = self.api.get("v1", "Namespace", namespace)
        self.api.replace({**item, "spec": {"finalizers": []}}, subresource="finalize")
