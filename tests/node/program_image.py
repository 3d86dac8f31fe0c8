"""The program as an image: this machine's Python with the libraries that it needs, and the single file beside it.

Not what ships, which is built by Docker or buildah on a base that a registry has: the same program on the same interpreter,
with nothing else in the image, no shell either, made in seconds.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from tests.node.image import this_architecture
from tests.registry.images import Image, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACE = "app/perfana-support.pyz"
_UNUSED = {"test", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages", "__pycache__", "lib2to3"}
# The C library's other parts, which wheels are linked with or which it loads by itself.
_COMPANIONS = ("libgcc_s.so.1", "librt.so.1", "libpthread.so.0", "libdl.so.2", "libutil.so.1", "libresolv.so.2", "libm.so.6")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def make_program_image(single_file: Path) -> Image:
    """Make an image that runs a single file as user 65532, as its entry point."""
    python = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    modules = [file for file in standard.rglob("*") if file.is_file() and not _UNUSED & set(file.relative_to(standard).parts)]
    compiled = [file for file in modules if file.suffix == ".so"]
    needed = {python, *modules, *_libraries([python, *compiled])}
    layers = (
        Layer({str(file).lstrip("/"): file.read_bytes() for file in needed}, "Python"),
        Layer({_PLACE: single_file.read_bytes()}, "COPY perfana-support"),
    )
    settings = (("Entrypoint", [str(python), "-I", f"/{_PLACE}"]), ("User", "65532:65532"), ("WorkingDir", "/"))
    return Image(layers, this_architecture(), settings, packing="none")


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """The libraries of the system that programs are linked with, under the names that the linker looks for."""
    done = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False)
    found = {Path(name) for name in _LIBRARY.findall(done.stdout)}
    beside = next(each.parent for each in found if each.name.startswith("libc.so"))
    return found | {file for name in _COMPANIONS if (file := beside / name).exists()}
