"""The images of `make kind`, made by the Docker that is there: neither root nor anything of a distribution is needed.

The operator's is what `make image` makes, of this repository's Dockerfile and the published bases that it names. What stands
for Perfana is the same base with a program that waits. In Docker they have names of ours until they are saved, so that no
image of the same name is replaced there; what they are called on nodes stands in the archive alone.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

from tests.image.__main__ import build, build_options, find_builder
from tests.image.built import WHOLE_NAME, arguments_of_build
from tests.release.saying import ReleaseError
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DOCKER = ("docker", "buildx", "build")
PREFIX = "perfana-support-kind"
"""What these images are called in Docker begins so."""

BUILT_WITHIN_SECONDS = 1800.0
"""Most of it is the download of bases and libraries, the first time."""

_BASE = re.compile(r"^ARG RUN_BASE=(\S+)$", re.MULTILINE)
_PROGRAM = "import signal; signal.signal(signal.SIGTERM, lambda *_: exit()); print('ready', flush=True); signal.pause()"


def need_docker() -> None:
    """Raise `ReleaseError` if there is no Docker with buildx."""
    try:
        found = find_builder()
    except ReleaseError:
        found = ()
    if found != DOCKER:
        raise ReleaseError("make kind: a running Docker with buildx is needed")


def make_archive(folder: Path, vendors: Sequence[str]) -> Path:
    """Build the operator's image and one for each name of a vendor's; return an archive of all, for `kind load image-archive`.

    Raises `ReleaseError` if Docker would not build.
    """
    names = {f"{PREFIX}/operator:latest": WHOLE_NAME}
    names |= {f"{PREFIX}/vendor-{number}:latest": name for number, name in enumerate(vendors)}
    print("make kind: building the image with Docker, as make image does", file=sys.stderr, flush=True)
    operator, *others = names
    if code := build(DOCKER, build_options(DOCKER, operator, arguments_of_build(), None)):
        raise ReleaseError(f"docker buildx build: exit code {code}")
    for name in others:
        _docker(*DOCKER[1:], f"--tag={name}", "--load", "-", stdin=vendors_dockerfile(names[name]))
    saved = folder / "saved.tar"
    _docker("save", "--output", str(saved), *names)
    _docker("image", "rm", *names)
    return renamed(saved, folder / "images.tar", names)


def vendors_dockerfile(name: str) -> str:
    """Return how an image is built that waits until it is told to end, and differs from every other one by its label."""
    found = _BASE.search((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert found, "the Dockerfile names no base"
    entry = json.dumps(["/usr/bin/python3", "-c", _PROGRAM])
    return f'FROM {found[1]}\nLABEL stands-for="{name}"\nENTRYPOINT {entry}\n'


def renamed(saved: Path, into: Path, names: Mapping[str, str]) -> Path:
    """Write what `docker save` saved anew, with other names of the images, and return the file.

    Of the two descriptions that newer versions of Docker write, the older one is kept, which all of them do and containerd
    reads. It knows one platform, so that nothing is named that is not there: attestations, and the platforms of a base.
    """
    with tarfile.open(saved) as source, tarfile.open(into, "w") as target:
        described = json.loads(_read(source, "manifest.json"))
        for image in described:
            image["RepoTags"] = [names[tag.removeprefix("docker.io/")] for tag in image["RepoTags"]]
        _add(target, "manifest.json", json.dumps(described).encode())
        for path in dict.fromkeys(path for image in described for path in (image["Config"], *image["Layers"])):
            _add(target, path, _read(source, path))
    return into


def _read(archive: tarfile.TarFile, path: str) -> bytes:
    """Return a file's content; older versions of Docker save a layer once, and links to it."""
    stream = archive.extractfile(path)
    assert stream, f"{path} is no file"
    return stream.read()


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _docker(*words: str, stdin: str | None = None) -> None:
    """Run a command of Docker's, which tells its own progress."""
    done = subprocess.run(["docker", *words], input=stdin, text=True, check=False, timeout=BUILT_WITHIN_SECONDS)
    if done.returncode != 0:
        raise ReleaseError(f"docker {' '.join(words[:2])}: exit code {done.returncode}")
