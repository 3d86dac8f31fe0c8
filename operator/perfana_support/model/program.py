"""How this program came to where it runs: each way has its own of getting a newer one."""

from enum import StrEnum
from typing import NamedTuple


class Origin(StrEnum):
    """By what the program was installed."""

    PIPX = "pipx"
    PIP = "pip"
    SINGLE_FILE = "single file"
    KREW = "krew"
    IMAGE = "image"
    CHECKOUT = "checkout"


class Installed(NamedTuple):
    """By what, and `place`: the single file's own path, the checkout's folder, and for all others the Python that runs it.

    `extra` is what a wheel was installed with, `platform` what the file names of a release call this machine.
    """

    origin: Origin = Origin.PIPX
    place: str = ""
    extra: str = "cluster"
    platform: str = "linux-amd64"
