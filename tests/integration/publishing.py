"""A maintainer's checkout with a version of its own, in which a release is made as docs/releasing.md says."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.integration.pipelines import git
from tests.release.making import single_files
from tests.release.platforms import this_platform
from tests.release.version import ROOT, tracked
from tests.shell import Shell
from tests.snippets import snippet

if TYPE_CHECKING:
    import subprocess

PAGE = "docs/releasing.md"
VERSION = "7.77.7"
EXAMPLE = "0.3.0"
DAY = "2030-01-02T03:04:06Z"
IMAGE = "registry.example.com/tools/perfana-support"
URL = f"https://downloads.example.com/v{VERSION}"
SMALL, WHOLE = single_files(this_platform())
WHEEL, SOURCES = f"perfana_support-{VERSION}-py3-none-any.whl", f"perfana_support-{VERSION}.tar.gz"
KREW_ARCHIVE = f"kubectl-perfana_support-{this_platform()}.tar.gz"
IMAGE_LIST = f"image-{this_platform()}.cdx.json"
LISTS = (f"{WHEEL}.cdx.json", f"{SMALL}.cdx.json", f"{WHOLE}.cdx.json", IMAGE_LIST)


class Checkout(NamedTuple):
    """A folder with the project in it, and the environment that commands are run in."""

    folder: Path

    @property
    def dist(self) -> Path:
        """Where a release is written."""
        return self.folder / "dist"

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a maintainer's shell has; `make` finds .venv up to date."""
        who = {f"GIT_{role}_{what}": "maintainer@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": DAY, "GIT_COMMITTER_DATE": DAY}
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHONPATH": "operator", "PLATFORMS": str(this_platform())}
        kept = {name: value for name, value in os.environ.items() if name not in ("ALLOW_DIRTY", "SOURCE_DATE_EPOCH")}
        return {**kept, **who, **dates, **settings, **more}

    def prepare(self) -> None:
        """Give it the environment of these tests, in place of one that `make setup` would take minutes for."""
        venv = self.folder / ".venv"
        venv.mkdir(exist_ok=True)
        for name in ("bin", "lib", "pyvenv.cfg"):
            if not (venv / name).exists():
                (venv / name).symlink_to(Path(sys.prefix) / name)
        (venv / ".ready").touch()

    def run(self, block: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run commands in it."""
        self.prepare()
        return Shell(self.environment(**more), self.folder).run(block)

    def must(self, block: str, **more: str) -> str:
        """Run commands that have to succeed, and return what they said on standard error."""
        done = self.run(block, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr


def ours(block: str) -> str:
    """Return a block of the page, for the version of the test."""
    return block.replace(EXAMPLE, VERSION)


def untagged(folder: Path) -> Checkout:
    """Return a checkout of what stands here, committed."""
    for name in tracked(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=All")
    return Checkout(folder)


def release_a_version(folder: Path) -> Checkout:
    """Make a new version in a new checkout, and release it, by the blocks of the page."""
    checkout = untagged(folder)
    checkout.must(ours(snippet(PAGE, "version")))
    checkout.must(ours(snippet(PAGE, "tag")))
    said = checkout.must(ours(snippet(PAGE, "release")))
    assert [line for line in said.splitlines() if not line.startswith("release: ")] == []
    assert "set " not in said
    return checkout
