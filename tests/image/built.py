"""The image of this checkout, built here by the Dockerfile that ships, on a base of Debian's packages."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from perfana_support import __version__
from tests.cluster.cache import cache_folder, locked
from tests.image.buildah import Buildah
from tests.image.debian import BUILD, PYTHON, RUN, root_archive
from tests.node.image import NAME_ANNOTATION, this_architecture
from tests.registry.images import Layer
from tests.release.archive import source_date
from tests.release.platforms import PLATFORMS
from tests.release.saying import say
from tests.release.tree import packed_files, revision
from tests.release.wheel import ROOT, copy_packed
from tests.release.wheelhouse import wheels

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = f"perfana-support:{__version__}"
"""What manifests call it until somebody publishes it."""

WHOLE_NAME = f"docker.io/library/{NAME}"
"""What a container runtime calls it then."""

REQUIREMENTS = ROOT / "requirements" / "image.txt"

CONTEXT = ("Dockerfile", ".dockerignore", "LICENSE", "requirements/image.txt", "operator/perfana_support")
"""What a builder is given of the checkout."""

_RECIPES = ("tests/image/built.py", "tests/image/buildah.py", "tests/image/debian.py")
_KEPT, _LEFT = "image-", 8
"""Names in the cache, and how many of them stay: other checkouts may be reading theirs."""


@cache
def built_image(architecture: str | None = None) -> Path:
    """Return the image as an OCI archive that `ctr images import` takes, from the cache or built: a minute.

    It is for this machine unless another architecture is named, and differs with everything that gets into it; the last
    commit, and whether something was changed since, are among that. Raises `ReleaseError`.
    """
    wanted = architecture or this_architecture()
    kept = cache_folder() / f"{_KEPT}{wanted}-{_key()}.tar"
    with locked(cache_folder() / f"{_KEPT}{wanted}"):
        if not kept.exists():
            made = sorted(cache_folder().glob(f"{_KEPT}{wanted}-*.tar"), key=lambda file: file.stat().st_mtime)
            for old in made[:-_LEFT]:
                old.unlink()
            with tempfile.TemporaryDirectory(prefix=".new-", dir=kept.parent) as folder:
                build_image(Path(folder) / "image.tar", wanted).rename(kept)
    return kept


def build_image(into: Path, architecture: str | None = None) -> Path:
    """Build it anew, write it into a file as an OCI archive, and return the file. Raises `ReleaseError`."""
    wanted, own = architecture or this_architecture(), this_architecture()
    run, build = root_archive(RUN, wanted), root_archive(BUILD, own)
    found = wheels(REQUIREMENTS, PLATFORMS[f"linux-{wanted}"], PYTHON)
    say(f"building the image for {wanted}")
    temporary = tempfile.TemporaryDirectory
    with Buildah() as buildah, temporary(prefix="perfana-layout-") as folder, temporary(prefix="perfana-context-") as context:
        buildah.load_root("localhost/build", build, own)
        buildah.load_root("localhost/run", run, wanted)
        arguments = arguments_of_build() | {"BUILD_BASE": "localhost/build", "RUN_BASE": "localhost/run"}
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        options += [f"--timestamp={arguments['SOURCE_DATE_EPOCH']}", f"--platform=linux/{wanted}"]
        # Builders of today know it by themselves.
        options += [f"--build-arg=BUILDPLATFORM=linux/{own}", f"--build-context=wheels={found[0].parent}", "--network=none"]
        copy_packed(Path(context), *CONTEXT)
        buildah.build("localhost/perfana-support", Path(context), *options)
        buildah.write_layout("localhost/perfana-support", Path(folder))
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(Layer(dict(_named(Path(folder)))).tar)
    return into


def arguments_of_build() -> dict[str, str]:
    """Return what a build of this checkout is told of it: version, commit (and whether that is all) and date.

    Raises `ReleaseError`.
    """
    return {"VERSION": __version__, "REVISION": revision(ROOT), "SOURCE_DATE_EPOCH": str(source_date(ROOT))}


def _named(layout: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a layout, in which the one image bears its whole name."""
    for file in (each for each in layout.rglob("*") if each.is_file()):
        content = file.read_bytes()
        if file.name == "index.json":
            index = json.loads(content)
            index["manifests"][0]["annotations"] = {NAME_ANNOTATION: WHOLE_NAME}
            content = json.dumps(index, sort_keys=True).encode()
        yield str(file.relative_to(layout)), content


def _key() -> str:
    """Return a digest of all that the image is made from."""
    digest = hashlib.sha256(json.dumps(arguments_of_build(), sort_keys=True).encode())
    for name in packed_files(ROOT, *CONTEXT, *_RECIPES):
        digest.update(f"{name}\0".encode() + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:16]
