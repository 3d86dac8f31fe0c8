"""The program as an image: this machine's Python with the libraries that it needs, and the program with its own.

Not what ships, which is built by Docker or buildah on a base that a registry has: the same program on the same interpreter,
with nothing else in the image, no shell either, made in seconds.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from tests.node.image import this_architecture
from tests.registry.images import Image, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
_REQUIREMENTS = ROOT / "requirements" / "single-file-cluster.txt"
_REQUIRED = re.compile(r"^([a-z0-9.-]+)==", re.MULTILINE)
_PLACE = "app"
_UNUSED = {"test", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages", "__pycache__", "lib2to3"}
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
# The C library's other parts, which wheels are linked with or which it loads by itself.
_COMPANIONS = ("libgcc_s.so.1", "librt.so.1", "libpthread.so.0", "libdl.so.2", "libutil.so.1", "libresolv.so.2", "libm.so.6")
_STARTER = """\
#!{python} -I
import sys
sys.path.insert(0, "/{place}")
from perfana_support.cli.main import main
sys.exit(main())
"""


def make_program_image() -> Image:
    """Make an image with `perfana-support` and what reads clusters, as user 65532."""
    python = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib")).resolve()
    modules = [file for file in standard.rglob("*") if file.is_file() and not _UNUSED & set(file.relative_to(standard).parts)]
    compiled = [file for file in modules if file.suffix == ".so"]
    needed = {python, *modules, *_libraries([python, *compiled])}
    starter = _STARTER.format(python=python, place=_PLACE).encode()
    layers = (
        Layer({str(file).lstrip("/"): file.read_bytes() for file in needed}, "Python"),
        Layer(dict(_program()) | {"usr/local/bin/perfana-support": starter}, "COPY perfana-support"),
    )
    settings = (
        ("Entrypoint", ["/usr/local/bin/perfana-support"]),
        ("Env", ["PATH=/usr/local/bin:/usr/bin:/bin"]),
        ("User", "65532:65532"),
        ("WorkingDir", "/"),
    )
    return Image(layers, this_architecture(), settings, packing="none")


def _program() -> Iterator[tuple[str, bytes]]:
    """The files of the program and of the libraries that it is shipped with."""
    for file in (ROOT / "operator" / "perfana_support").rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            yield f"{_PLACE}/{file.relative_to(ROOT / 'operator')}", file.read_bytes()
    for name in _REQUIRED.findall(_REQUIREMENTS.read_text(encoding="utf-8")):
        for part in distribution(name).files or ():
            if ".." not in part.parts and part.suffix != ".pyc":
                yield f"{_PLACE}/{part}", part.read_binary()


def _libraries(programs: Iterable[Path]) -> set[Path]:
    """The libraries of the system that programs are linked with, under the names that the linker looks for."""
    done = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False)
    found = {Path(name) for name in _LIBRARY.findall(done.stdout)}
    beside = next(each.parent for each in found if each.name.startswith("libc.so"))
    return found | {file for name in _COMPANIONS if (file := beside / name).exists()}
