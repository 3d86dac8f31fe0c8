"""Find or build all programs of others that the integration tests run: `python -m tests.tools`, an hour on a new machine.

Each is built once and kept in a cache outside of the checkout. Tests build what they lack by themselves; this is for who wants
it done before, or beside something that needs one processor only.
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster import binaries
from tests.cluster.tool import find_tool
from tests.node.programs import find_programs
from tests.watching import programs as watching

HERE = Path(__file__).parent
FOLDERS = ("integration/go", "registry/go", "release/go", "gates/go")


def main() -> None:
    """Find or build them, those first that most tests need."""
    find_programs(binaries.find().kubernetes)
    print(f"tools: {watching.find_programs().prometheus.name} is there", flush=True)
    for folder in (each.parent for name in FOLDERS for each in sorted((HERE / name).glob("*/go.mod"))):
        print(f"tools: {find_tool(folder).program.name} is there", flush=True)


if __name__ == "__main__":
    main()
