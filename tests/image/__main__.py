"""Make the image: with Docker's buildx, else with buildah or podman, on the base that the Dockerfile names.

python -m tests.image                      perfana-support:VERSION for this machine, where the builder keeps its images
python -m tests.image --tag NAME           under another name
python -m tests.image --wheels FOLDER      with wheels of a folder: no package index is asked
python -m tests.image --build-arg A=B      with another argument of the Dockerfile, such as RUN_BASE; repeatable
python -m tests.image --into FILE          an OCI archive on a base of Debian's packages, from no registry (README.md here)

It is made of the last commit and has its date (or $SOURCE_DATE_EPOCH). With $ALLOW_DIRTY it is made of what stands here, for a
trial, and its label says so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.image.built import CONTEXT, NAME, arguments_of_build, build_image
from tests.release.saying import ReleaseError
from tests.release.tree import CHANGED, UNKNOWN, allows_changes, check_committed
from tests.release.wheel import ROOT, copy_packed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main() -> int:
    """Make what the arguments ask for."""
    arguments = _arguments()
    try:
        return _make(arguments)
    except ReleaseError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1


def _make(arguments: argparse.Namespace) -> int:
    ours = arguments_of_build()
    if not allows_changes() and ours["REVISION"] != UNKNOWN:
        check_committed(ROOT, "make image")
    if arguments.into:
        made = build_image(arguments.into.resolve(), arguments.architecture)
        print(f"{made.stat().st_size / 1_000_000:6.1f} MB  {os.path.relpath(made)}, {_source(ours['REVISION'])}")
        return 0
    builder = find_builder()
    code = build(builder, build_options(builder, arguments.tag, ours | dict(arguments.build_arg), arguments.wheels))
    if code == 0:
        print(f"{arguments.tag}, made by {builder[0]}, {_source(ours['REVISION'])}")
    return code


def build(builder: Sequence[str], options: Sequence[str]) -> int:
    """Let a builder make an image of a copy of what it is made of, and return its exit code."""
    with tempfile.TemporaryDirectory(prefix="perfana-context-") as context:
        copy_packed(Path(context), *CONTEXT)
        return subprocess.run([*builder, *options, context], check=False).returncode


def _source(revision: str) -> str:
    """Return what an image is made of, for people."""
    commit = revision.removesuffix(CHANGED)
    if commit == UNKNOWN:
        return "of an unpacked archive: the commit is not known"
    return f"of commit {commit[:12]}" + (" and what is not committed" if commit != revision else "")


def find_builder() -> tuple[str, ...]:
    """Return the command that builds on this machine. Raises `ReleaseError`."""
    if _succeeds("docker", "info") and _succeeds("docker", "buildx", "version"):
        return ("docker", "buildx", "build")
    for name in ("buildah", "podman"):
        if shutil.which(name):
            return (name, "build")
    raise ReleaseError("no builder: a running Docker with buildx is needed, or buildah, or podman")


def build_options(builder: Sequence[str], tag: str, given: Mapping[str, str], wheels: Path | None) -> list[str]:
    """Return a builder's options. What Docker loads has the date in its configuration, what others make in its files too."""
    options = [f"--tag={tag}", *(f"--build-arg={name}={value}" for name, value in given.items())]
    if wheels:
        options.append(f"--build-context=wheels={wheels}")
    if builder[0] == "docker":
        return [*options, "--load"]
    return [*options, f"--timestamp={given['SOURCE_DATE_EPOCH']}"]


def _succeeds(*command: str) -> bool:
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, is {text!r}")
    return name, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.image", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tag", default=NAME, help=f"the name of the image (default: {NAME})")
    parser.add_argument("--wheels", type=Path, help="a folder of wheels to install from")
    parser.add_argument("--build-arg", type=_setting, action="append", default=[], help="an argument of the Dockerfile")
    parser.add_argument("--into", type=Path, help="write an OCI archive, made on a base of Debian's packages")
    parser.add_argument("--architecture", choices=("amd64", "arm64"), help="of that archive (default: this machine's)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
