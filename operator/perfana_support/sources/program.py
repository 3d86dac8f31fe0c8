"""By what this program was installed, as its own files tell."""

import platform
import sys
from importlib.util import find_spec
from pathlib import Path

from perfana_support.model.program import Installed, Origin

# What the image starts the program from (Dockerfile).
_IMAGE = "/app"
# A plugin of krew's is `store/NAME/VERSION/NAME` below its folder, and a link to it is on the PATH.
_KREW = ("store", "perfana-support")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def installed_program() -> Installed:
    """By what this process' program was installed."""
    folder = Path(__file__).resolve().parents[2]
    origin, place = origin_of(folder, Path(sys.argv[0]), Path(sys.prefix), is_archive=_is_archive())
    machine = platform.machine()
    # Kopf is the operator's part; without it newer wheels would take it away.
    extra = "operator" if find_spec("kopf") else "cluster"
    return Installed(origin, place or sys.executable, extra, f"{sys.platform}-{_MACHINES.get(machine, machine)}")


def origin_of(folder: Path, started: Path, prefix: Path, *, is_archive: bool) -> tuple[Origin, str]:
    """By what, and where, with "" for this Python.

    `folder` is what the package lies in, `started` the program as it was called, `prefix` Python's environment; `is_archive`
    says whether Python runs a zip archive.
    """
    if is_archive:
        # The link that was called stays where it is: what it names is what is replaced.
        file = started.resolve()
        return (Origin.KREW, "") if file.parts[-4:-2] == _KREW else (Origin.SINGLE_FILE, str(file))
    if str(folder) == _IMAGE:
        return Origin.IMAGE, ""
    if (folder.parent / "pyproject.toml").is_file() and folder.name == "operator":
        return Origin.CHECKOUT, str(folder.parent)
    return (Origin.PIPX if (prefix / "pipx_metadata.json").is_file() else Origin.PIP), ""


def _is_archive() -> bool:
    """Whether `__main__` came out of a zip archive, as it does in a single file."""
    loader = getattr(sys.modules["__main__"], "__loader__", None)
    return type(loader).__name__ == "zipimporter"
