"""The version stands in one place, all other mentions follow it, and the changelog tells of it."""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from perfana_support import __version__
from tests.release.saying import ReleaseError
from tests.release.version import CHANGELOG, ROOT, SOURCE, current, is_history, mentions, tracked, write_version

# Where a number like ours is a release of Perfana's, or a library's.
OF_OTHERS = re.compile(
    r"^(tests/|requirements/|\.kube/|\.ci/)|\.(sum|mod)$|^operator/perfana_support/sources/builtin/|^docs/(codes|verdicts)\.md$"
)
SECTION = re.compile(r"^## (?P<version>\S+)(?: - (?P<day>\S+))?$", re.MULTILINE)
NEXT, AFTER = "7.77.7", "8.88.8"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a checkout of its own, with what stands here now."""
    folder = tmp_path / "checkout"
    for name in tracked(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    for words in (["init", "--quiet"], ["add", "--all", "--force"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    return folder


def says(root: Path, version: str) -> set[str]:
    """Return the files that say a version, in whatever form, but for history and what is of others."""
    number = re.compile(r"(?<![0-9.])" + re.escape(version) + r"(?![0-9]|\.[0-9])")
    names = [name for name in tracked(root) if not is_history(name) and not OF_OTHERS.search(name)]
    return {name for name in names if number.search((root / name).read_bytes().decode("utf-8", "replace"))}


def test_every_mention_outside_of_tests_is_the_version() -> None:
    found = mentions(ROOT)
    assert [each for each in found if each.version != __version__ and not each.file.startswith("tests/")] == []
    assert {each.file for each in found} >= {
        str(SOURCE),
        "README.md",
        "charts/perfana-support/Chart.yaml",
        "docs/gates/argocd.md",
        "docs/gates/pipelines.md",
        "manifests/argocd/presync.yaml",
        "manifests/base/kustomization.yaml",
        "manifests/install.yaml",
        "pipelines/gitlab/perfana-support.gitlab-ci.yml",
        "pipelines/tekton/task.yaml",
    }


def test_whatever_says_the_version_is_found_by_its_form() -> None:
    assert says(ROOT, __version__) == {each.file for each in mentions(ROOT) if not OF_OTHERS.search(each.file)}


def test_a_new_version_is_written_everywhere(copy: Path) -> None:
    written = [write_version(copy, version, "2030-01-02") for version in (NEXT, AFTER)]
    assert written[0] == written[1]
    assert current(copy) == AFTER
    assert says(copy, __version__) == says(copy, NEXT) == set()
    assert says(copy, AFTER) == {name for name in written[0] if not is_history(name) and not OF_OTHERS.search(name)}
    changed = subprocess.run(["git", "-C", str(copy), "diff", "--numstat"], check=True, capture_output=True, text=True).stdout
    for line in changed.splitlines():
        added, removed, name = line.split("\t")
        assert added == removed or name == str(CHANGELOG)
    sections = [*SECTION.finditer((copy / CHANGELOG).read_text())]
    assert [(each["version"], each["day"]) for each in sections[:3]] == [
        ("Unreleased", None),
        (AFTER, "2030-01-02"),
        (NEXT, "2030-01-02"),
    ]


def test_what_is_no_newer_version_is_refused_and_nothing_written(copy: Path) -> None:
    for version in ("0.1.0", __version__, "", "1.2", "v1.2.3", "1.2.3-rc.1", "01.2.3", "1.2.3\n"):
        with pytest.raises(ReleaseError, match=r"no version such as|is not newer than"):
            write_version(copy, version, "2030-01-02")
    assert subprocess.run(["git", "-C", str(copy), "diff", "--quiet"], check=False).returncode == 0


def test_the_command_says_what_to_give() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.release.version"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "version: give one, for example: make version VERSION=0.3.0\n"


def test_the_newest_section_of_the_changelog_is_the_version() -> None:
    sections = [*SECTION.finditer((ROOT / CHANGELOG).read_text(encoding="utf-8"))]
    first, *released = [each["version"] for each in sections]
    assert first == "Unreleased"
    assert released[0] == __version__
    assert released == sorted(released, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    days = [date.fromisoformat(each["day"]) for each in sections[1:]]
    assert days == sorted(days, reverse=True)


def test_each_release_before_is_kept_to_be_upgraded_from() -> None:
    released = {each["version"] for each in SECTION.finditer((ROOT / CHANGELOG).read_text(encoding="utf-8"))} - {"Unreleased"}
    kept = {folder.name for folder in (ROOT / "tests/data/releases").iterdir() if folder.is_dir()}
    assert kept == released - {__version__}, "see tests/data/releases/README.md"


def test_sections_of_the_changelog_tell_what_was_done_to_what() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / CHANGELOG).read_text(encoding="utf-8"), re.MULTILINE)
    assert set(headings) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
