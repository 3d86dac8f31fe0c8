"""What installs the operator: the chart, packed, and install.yaml; both with the image's reference where one is given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.release.archive import tarred
from tests.release.saying import ReleaseError
from tests.release.tree import packed_files
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHART = ROOT / "charts" / "perfana-support"
INSTALL = ROOT / "manifests" / "install.yaml"
IMAGE_VARIABLE = "IMAGE"
"""Where the image can be got: its registry and name, without a tag, which is the version."""

_IMAGE = re.compile(r"[a-z0-9][a-z0-9.-]*(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+")
_REPOSITORY = re.compile(r"^(  repository: )perfana-support$", re.MULTILINE)
_REFERENCE = re.compile(r"(\bimage: )perfana-support(?=:[0-9])")
_FILE_MODE = 0o644


def checked_image(image: str) -> str:
    """Return an image's name as it was given, or "". Raises `ReleaseError`."""
    if image and not _IMAGE.fullmatch(image):
        raise ReleaseError(
            f"{IMAGE_VARIABLE}={image} is no name such as registry.example.com/tools/perfana-support: give registry and name, "
            "no tag and no digest"
        )
    return image


def write_chart(into: Path, version: str, image: str, date: int) -> Path:
    """Write the chart's package under Helm's name for it, and return where it is. Raises `ReleaseError`."""
    found = (ROOT / name for name in packed_files(ROOT, CHART.relative_to(ROOT)))
    files = {str(file.relative_to(CHART)): file.read_bytes() for file in found}
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    if image:
        files["values.yaml"] = _replaced(files["values.yaml"], _REPOSITORY, image, "the chart's values.yaml")
    written = into / f"{CHART.name}-{version}.tgz"
    written.write_bytes(tarred({f"{CHART.name}/{name}": (content, _FILE_MODE) for name, content in files.items()}, date))
    return written


def write_install(into: Path, image: str) -> Path:
    """Write install.yaml, and return where it is. Raises `ReleaseError`."""
    content = INSTALL.read_bytes()
    written = into / INSTALL.name
    written.write_bytes(_replaced(content, _REFERENCE, image, INSTALL.name) if image else content)
    return written


def _replaced(content: bytes, form: re.Pattern[str], image: str, where: str) -> bytes:
    text, count = form.subn(rf"\g<1>{image}", content.decode())
    if count != 1:
        raise ReleaseError(f"{where} names the image {count} times and not once: see tests/release/cluster_files.py")
    return text.encode()
