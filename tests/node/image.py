"""Images that run on a node: those of tests/registry with a real program in them, also as an archive. No Docker, no download.

Under whatever name: to the node it is what a vendor ships, and it weighs less than a megabyte.
"""

from __future__ import annotations

import json
import platform
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.registry.images import INDEX, Image, Layer, vendor_image

if TYPE_CHECKING:
    from tests.registry.images import Push

NAME_ANNOTATION = "io.containerd.image.name"
"""By this annotation of an archive's index containerd learns the whole name of an image."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Go and OCI call the machines that Python names so."""

PROGRAM = """
#include <signal.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

int main(void) {
    static const char said[] = {SAID};
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGCHLD, SIG_IGN);
    if (write(1, said, sizeof said) < 0) return 1;
    for (;;) pause();
}
"""
"""It says something, does nothing until it is told to end, and ends at once then, so that no test waits for a pod's grace."""

READY = "ready\n"


def this_architecture() -> str:
    """Return what images for this machine call it."""
    return ARCHITECTURES[platform.machine()]


def make_image(marker: str, architecture: str | None = None, said: str = READY) -> Image:
    """Make an image that runs; it differs from every other one by the marker.

    `said` is what it writes to its log. One for another architecture has this machine's program in it all the same: nobody runs
    it.
    """
    return vendor_image("test", marker, architecture or this_architecture(), runnable_program(said))


def write_archive(path: Path, name: str, push: Push) -> Path:
    """Write what would be pushed as an OCI archive under a whole name (`docker.io/perfana/x:1`), for `ctr images import`."""
    top = push.tops[-1]
    listed = top.descriptor | {"annotations": {NAME_ANNOTATION: name}}
    layout = {"schemaVersion": 2, "mediaType": INDEX["oci"], "manifests": [listed]}
    blobs = [blob for image in push.images for blob in (image.manifest, image.config, *image.packed)]
    files = {f"blobs/{blob.digest.replace(':', '/')}": blob.content for blob in (*blobs, *push.tops)}
    files |= {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(layout).encode()}
    path.write_bytes(Layer(files).tar)
    return path


@cache
def runnable_program(said: str = READY) -> bytes:
    """Return a program that needs nothing else in its image, and says something when it starts."""
    with TemporaryDirectory(prefix="perfana-program-") as folder:
        source, made = Path(folder, "program.c"), Path(folder, "program")
        source.write_text(PROGRAM.replace("SAID", ",".join(map(str, said.encode()))), encoding="utf-8")
        subprocess.run(["gcc", "-static", "-Os", "-s", "-o", str(made), str(source)], check=True)
        return made.read_bytes()
