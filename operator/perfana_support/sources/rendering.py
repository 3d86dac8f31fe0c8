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
    return bool(root_file(path))


def is_chart(path: str) -> bool:
    """Whether a folder is a chart, which has values."""
    return os.path.isfile(os.path.join(path, _CHART))


def root_file(folder: str) -> str:
    """The file that makes a folder a chart or a kustomization, "" for what is neither."""
    return next(filter(os.path.isfile, (os.path.join(folder, name) for name in (_CHART, *_KUSTOMIZATIONS))), "")


def source_file(folder: str, template: str) -> str:
    """The file of a rendered folder that a document comes from: the chart's template as Helm names it, else the root file.

    Helm names a template by the names of its charts, and a packed chart has no files: what leads nowhere is the root file's
    matter. Never a file outside of the folder, whatever names and links say, for reports point there and are handed on.
    """
    root = root_file(folder)
    parts = template.split("/")[1:]
    file = os.path.join(folder, *parts)
    if os.path.basename(root) != _CHART or ".." in parts or not os.path.isfile(file):
        return root
    return file if os.path.realpath(file).startswith(os.path.realpath(folder) + os.sep) else root


def render_folder(path: str, values: Sequence[str] = ()) -> BinaryIO:
    """The manifests that a folder stands for: a chart with its own values and those files over them, a kustomization as it is.

    The tool is the user's own, so that what is judged is what the same tool would deploy. Raises `RenderError`.
    """
    import shutil  # noqa: PLC0415 - these two cost every run a tenth of its time
    import subprocess  # noqa: PLC0415

    commands = _commands(path, values)
    command = next((command for command in commands if shutil.which(command[0])), None)
    if command is None:
        raise RenderError(_missing(path, commands))
    for file in values if is_chart(path) else ():
        # The tool would fetch an address, and take "-" for a standard input that is empty here.
        if not os.path.isfile(file):
            raise RenderError(f"needs values from {file}, which is no file that is there")
    try:
        done = subprocess.run(  # noqa: S603 - one of three commands, folder and files arguments that are no options
            command, capture_output=True, check=False, timeout=_LONGEST_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenderError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-_SHOWN:]
        raise RenderError(f"{' '.join(command)} ended with exit code {done.returncode}: {said}")
    return io.BytesIO(done.stdout)


def _commands(path: str, values: Sequence[str]) -> Sequence[tuple[str, ...]]:
    """What renders a folder, the tool that is looked for first at first."""
    folder = _argument(path)
    if is_chart(path):
        return (("helm", "template", "perfana", folder, *(f"--values={_quoted(_argument(file))}" for file in values)),)
    return (("kubectl", "kustomize", folder), ("kustomize", "build", folder))


def _argument(path: str) -> str:
    """A path that no tool takes for an option, whatever it begins with."""
    return path if path.startswith(("/", "./", "../")) or path in (".", "..") else f"./{path}"


def _quoted(file: str) -> str:
    """A file as Helm reads a list of them, in which commas part and quotes hold together."""
    doubled = file.replace('"', '""')
    return f'"{doubled}"' if "," in file or '"' in file else file


def _missing(path: str, commands: Sequence[tuple[str, ...]]) -> str:
    """What to do where no tool is there: install one, or bring what it renders."""
    tools = " or ".join(command[0] for command in commands)
    kind = "chart" if is_chart(path) else "kustomization"
    by_hand = " ".join(commands[0])
    return (
        f"is a {kind} that must be rendered, and {tools} is not on the PATH: install it, or render it elsewhere and give the "
        f"result ({by_hand} | perfana-support check -f -)"
    )
