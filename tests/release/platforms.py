"""The platforms that single files are made for, and what others call them."""

from __future__ import annotations

import platform
from dataclasses import dataclass

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
"""Kinds of CPython whose extension modules go into every file, the oldest that the program runs on first."""


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and an architecture by Go's names, which krew uses, and pip's tags of the wheels that fit."""

    os: str
    arch: str
    tags: tuple[str, ...]
    pythons: tuple[str, ...] = PYTHONS

    def __str__(self) -> str:
        """Name it as files are named: `linux-amd64`."""
        return f"{self.os}-{self.arch}"


def _linux(machine: str) -> tuple[str, ...]:
    # glibc 2.28 is of 2018. Wheels for musl (Alpine) have extension modules of other names; nobody here could try them.
    return tuple(f"{tag}_{machine}" for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014"))


PLATFORMS = {
    str(each): each
    for each in (
        Platform("linux", "amd64", _linux("x86_64")),
        Platform("linux", "arm64", _linux("aarch64")),
        Platform("darwin", "amd64", ("macosx_11_0_x86_64",)),
        Platform("darwin", "arm64", ("macosx_11_0_arm64",)),
    )
}

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> Platform:
    """Return the platform that this runs on. Raises `KeyError` for one that no file is made for."""
    return PLATFORMS[f"{platform.system().lower()}-{_MACHINES[platform.machine()]}"]
