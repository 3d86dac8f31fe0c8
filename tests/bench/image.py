"""The size of the operator's image, and how long the program in it takes to start."""

from __future__ import annotations

import base64
import json
import os
import signal
import statistics
import subprocess
import time
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.bench.tables import milliseconds, say, table
from tests.cluster.crds import apply_crds
from tests.cluster.server import LOOPBACK, Cluster, free_ports
from tests.cluster.waiting import wait_for
from tests.image.archive import ImageArchive, read_archive
from tests.image.built import built_image
from tests.image.container import Container
from tests.integration.operator_process import ACCOUNT, ROOT, shipped_identity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STARTS_WITHIN_SECONDS = 60.0
_MEGA = 1_000_000
_KUBECONFIG, _CERTIFICATE = "kubeconfig", "ca.crt"


def measure(rounds: int) -> str:
    """Return both tables."""
    images = {architecture: read_archive(built_image(architecture)) for architecture in ("amd64", "arm64")}
    caption = (
        "Sizes of the image on a base of Debian's packages that has what the default base has. Compressed is what a node "
        "fetches, unpacked what it keeps; ours is the image without its base."
    )
    header = ["MB", "compressed", "unpacked", "ours, compressed", "ours, unpacked"]
    sizes = table(header, [[architecture, *_sizes(image)] for architecture, image in images.items()])
    return f"{caption}\n\n{sizes}\n\n{_starts(rounds)}"


def _sizes(image: ImageArchive) -> list[str]:
    packed, unpacked = [len(layer) for layer in image.layers], [len(layer) for layer in image.tars()]
    return [f"{number / _MEGA:.1f}" for number in (sum(packed), sum(unpacked), sum(packed[1:]), sum(unpacked[1:]))]


def _starts(rounds: int) -> str:
    say("starting the test cluster")
    with Container(built_image()) as container, Cluster() as cluster:
        apply_crds(cluster.client(), ROOT / "crds")
        _hand_over(shipped_identity(cluster).kubeconfig, container.root)
        whole: dict[str, Callable[[], float]] = {
            "an empty Python of the base": lambda: _ended(container.command("/usr/bin/python3", "-IS", "-c", "pass")),
            "`perfana-support --version`": lambda: _ended(container.command("perfana-support", "--version")),
            "`perfana-support operator` until /healthz answers": lambda: _healthy(container),
        }
        took: dict[str, list[float]] = {name: [] for name in whole}
        for number in range(rounds + 1):
            for name, measured in whole.items():
                seconds = measured()
                if number:  # the first reads files that nobody has read yet
                    took[name].append(seconds)
            say(f"image: {number} of {rounds} rounds")
    rows = [[name, milliseconds(statistics.median(each)), milliseconds(min(each))] for name, each in took.items()]
    caption = (
        f"From starting the process to its end or to the first answer, {rounds} rounds in turn: read-only, as user 65532, in "
        "namespaces of its own, whose making is counted; no runtime, no pull. API server on the same machine."
    )
    return f"{caption}\n\n{table(['', 'median ms', 'least ms'], rows)}"


def _hand_over(kubeconfig: Path, root: Path) -> None:
    """Put a kubeconfig where the image finds it, with the certificate beside it: the client writes it to a file otherwise."""
    document = json.loads(kubeconfig.read_bytes())
    for entry in document["clusters"]:
        certificate = base64.b64decode(entry["cluster"].pop("certificate-authority-data"))
        (root / _CERTIFICATE).write_bytes(certificate)
        entry["cluster"]["certificate-authority"] = f"/{_CERTIFICATE}"
    (root / _KUBECONFIG).write_text(json.dumps(document), encoding="utf-8")
    for name in (_KUBECONFIG, _CERTIFICATE):
        (root / name).chmod(0o644)


def _ended(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _healthy(container: Container) -> float:
    """Start the operator, wait for its first answer, and end it."""
    (port,) = free_ports(1)
    arguments = ("--kubeconfig", f"/{_KUBECONFIG}", "--http-port", str(port), "--lease-namespace", ACCOUNT)
    command = container.command("perfana-support", "operator", *arguments, has_network=True)
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            wait_for(lambda: _answers(port), STARTS_WITHIN_SECONDS, "/healthz of the image's operator")
            return time.perf_counter() - begun
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=1.0) as answer:
        return bool(answer.status == 200)
    return False
