"""conftest, a peer of the command line on long streams: built from pinned modules, with the rule that users write."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.binaries import STRIPPED, Build
from tests.cluster.pins import Pin

FOLDER = Path(__file__).with_name("go") / "conftest"
PACKAGE = "github.com/open-policy-agent/conftest"
POLICY = Path(__file__).with_name("conftest.rego")

_VERSION = re.compile(r"^\s*github\.com/open-policy-agent/conftest v(\S+)", re.MULTILINE)


class Conftest:
    """A built conftest and a policy that flags snapshots and lines at their end."""

    def __init__(self) -> None:
        """Find it in the cache or build it: minutes, once."""
        found = _VERSION.search((FOLDER / "go.mod").read_text(encoding="utf-8"))
        assert found, f"{FOLDER} does not require conftest"
        self.version = found[1]
        self._program = Build(Pin(FOLDER, self.version), ("conftest",), (PACKAGE,), STRIPPED).ensure() / "conftest"

    def command(self, manifest: Path) -> list[str]:
        """Return the command that judges a manifest."""
        return [str(self._program), "test", "--no-color", "--policy", str(POLICY), str(manifest)]
