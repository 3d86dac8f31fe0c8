"""Folders that have to be rendered before they are manifests: Helm charts and kustomizations, by the user's own tools."""

import io
import os
from collections.abc import Sequence
from typing import BinaryIO

_CHART = "Chart.yaml"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# Charts with dependencies and remote bases are fetched by the tools themselves.
_LONGEST_SECONDS = 120
_SHOWN = 500


class RenderError(Exception):
    """A folder that could not be rendered, with what to do."""


def is_rendered(path: str) -> bool:
    """Whether a folder is a chart or a kustomization, and not one of manifests."""
    return bool(_commands(path))


def render_folder(path: str) -> BinaryIO:
    """The manifests that a folder stands for: a chart with its own values, a kustomization as it is. Raises `RenderError`.

    The tool is the user's own, so that what is judged is what the same tool would deploy.
    """
    import shutil  # noqa: PLC0415 - these two cost every run a tenth of its time
    import subprocess  # noqa: PLC0415

    commands = _commands(path)
    command = next((command for command in commands if shutil.which(command[0])), None)
    if command is None:
        tools = " or ".join(command[0] for command in commands)
        raise RenderError(f"must be rendered, and {tools} is not on the PATH: install it, or give what it renders")
    try:
        done = subprocess.run(  # noqa: S603 - one of three commands, the folder an argument that is no option
            command, capture_output=True, check=False, timeout=_LONGEST_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenderError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-_SHOWN:]
        raise RenderError(f"{' '.join(command)} ended with exit code {done.returncode}: {said}")
    return io.BytesIO(done.stdout)


def _commands(path: str) -> Sequence[tuple[str, ...]]:
    """What renders a folder, the tool that is looked for first at first."""
    # A name that begins with a dash would be an option.
    folder = path if path.startswith(("/", "./", "../")) or path in (".", "..") else f"./{path}"
    if os.path.isfile(os.path.join(path, _CHART)):
        return (("helm", "template", "perfana", folder),)
    if any(os.path.isfile(os.path.join(path, name)) for name in _KUSTOMIZATIONS):
        return (("kubectl", "kustomize", folder), ("kustomize", "build", folder))
    return ()
