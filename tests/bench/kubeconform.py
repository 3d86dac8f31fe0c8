"""kubeconform, the peer of the command line: built from pinned modules, with the schemas of a real API server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.api_schemas import TEMPLATE, kinds, write_schemas
from tests.cluster.tool import find_tool

if TYPE_CHECKING:
    from tests.cluster.client import ApiClient

FOLDER = Path(__file__).with_name("go") / "kubeconform"

_BROKEN = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken}
spec: {replicas: three, selector: {}, template: {}}
"""


class Kubeconform:
    """A built kubeconform, and a folder of schemas that it reads instead of asking the internet."""

    def __init__(self, schemas: Path) -> None:
        """Find it in the cache or build it: seconds, once."""
        self._program, self.version = find_tool(FOLDER)
        self._schemas = schemas

    def command(self, manifest: Path) -> list[str]:
        """Return the command that validates a manifest."""
        return [str(self._program), "-schema-location", f"{self._schemas}/{TEMPLATE}", str(manifest)]

    def learn(self, api: ApiClient, manifest: Path) -> None:
        """Write the schemas of all kinds of a manifest, as the API server publishes them, and see that they are used."""
        write_schemas(api, kinds(manifest), self._schemas)
        broken = self._schemas / "broken.yaml"
        broken.write_text(_BROKEN, encoding="utf-8")
        for file, code in ((manifest, 0), (broken, 1)):
            done = subprocess.run(self.command(file), capture_output=True, text=True, check=False)
            assert done.returncode == code, done.stdout + done.stderr
