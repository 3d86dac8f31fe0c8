"""kyverno's command line, a peer on long streams: built from pinned modules, with the rule that users write."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.tool import find_tool

FOLDER = Path(__file__).with_name("go") / "kyverno"
POLICY = Path(__file__).with_name("kyverno_policy.yaml")


class Kyverno:
    """A built kyverno and a policy that flags snapshots and lines at their end."""

    def __init__(self) -> None:
        """Find it in the cache or build it: minutes, once."""
        self._program, self.version = find_tool(FOLDER)

    def command(self, manifest: Path) -> list[str]:
        """Return the command that judges a manifest."""
        return [str(self._program), "apply", str(POLICY), "--resource", str(manifest), "--remove-color"]
