"""Files of Go modules that are pinned below `tests`, from where Go keeps them: verified by go.sum, and copied nowhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cluster.golang import GoError, find_go
from tests.cluster.pins import Pin

_FETCHED_WITHIN_SECONDS = 500.0


def module_folder(folder: Path, module: str) -> Path:
    """Return the folder of a module's files, in the version that a `go.mod` requires; fetched if it is not there yet."""
    go = find_go(Pin(folder, "").go_version)
    command = [str(go.program), "mod", "download", "-json", module]
    done = subprocess.run(
        command,
        cwd=folder,
        env=go.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=_FETCHED_WITHIN_SECONDS,
    )
    if done.returncode != 0:
        raise GoError(f"{module} of {folder} is not to be had:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Path(json.loads(done.stdout)["Dir"])
