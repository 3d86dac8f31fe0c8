"""All files of a release, made one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfana_support import __version__
from tests.release import krew
from tests.release.archive import source_date
from tests.release.single_file import build_single_file
from tests.release.wheel import ROOT, build_wheel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.release.platforms import Platform


def make_release(into: Path, platforms: Sequence[Platform], release_url: str = "") -> list[Path]:
    """Write the wheel, single files and krew's archives for these platforms, and krew's manifest; return all of them.

    Raises `ReleaseError`.
    """
    date = source_date(ROOT)
    wheel = build_wheel(into, date)
    made, archives = [wheel], {}
    for platform in platforms:
        small, whole = (into / name for name in single_files(platform))
        build_single_file(small, wheel, platform, date, reads_clusters=False)
        build_single_file(whole, wheel, platform, date, reads_clusters=True)
        # A plugin of kubectl is asked about clusters.
        archives[platform] = krew.write_archive(into / f"kubectl-perfana_support-{platform}.tar.gz", whole, date)
        made += [small, whole, archives[platform]]
    return [*made, krew.write_manifest(into / "krew", __version__, archives, release_url or krew.NO_RELEASE_URL)]


def single_files(platform: Platform) -> tuple[str, str]:
    """Return the names of a platform's single files: the one for manifests, and the one that reads clusters as well."""
    return f"perfana-support-{platform}.pyz", f"perfana-support-cluster-{platform}.pyz"
