"""The version, which `perfana_support/__init__.py` says: all other mentions are found by their form and written from it.

python -m tests.release.version 0.3.0     writes it everywhere, and what is unreleased in CHANGELOG.md gets its name and a date

What is found is what says `perfana-support` and a version in one of the forms below. History keeps what it says.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.sources.clock import today
from tests.release.saying import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCE = Path("operator/perfana_support/__init__.py")
CHANGELOG = Path("CHANGELOG.md")
CHART = Path("charts/perfana-support/Chart.yaml")
HISTORY = ("CHANGELOG.md", "docs/performance.md", "docs/adr/", "docs/roadmap.md", "tests/data/")
"""Files and folders that say what once was: measured, decided, released."""

_NUMBER = r"(?P<version>[0-9]+\.[0-9]+\.[0-9]+)(?![0-9A-Za-z_+]|\.[0-9])"
_FORMS = (
    # A requirement of pip's, an image, a tag of an action or a repository, a file of a release, a chart's label.
    re.compile(r"perfana[-_]support(?:==|:|(?:\.git)?@v|-v?)" + _NUMBER),
    # What the program prints, a chart that is asked for.
    re.compile(r"perfana-support (?:--version[ =])?" + _NUMBER),
    # What follows a line that names the project: kustomize's tag of an image, a commit that GitLab or pre-commit fetches.
    re.compile(r"perfana-support\n(?:[- ]+newName: \S+\n)?[- ]+(?:newTag: \"?|re[fv]: v)" + _NUMBER),
    re.compile(r"--build-arg VERSION=" + _NUMBER),
    re.compile(r"app\.kubernetes\.io/version: \"?" + _NUMBER),
)
_FORMS_OF_A_FILE = {
    str(SOURCE): re.compile(r"^__version__ = \"" + _NUMBER, re.MULTILINE),
    str(CHART): re.compile(r"^(?:version|appVersion): \"?" + _NUMBER, re.MULTILINE),
}
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_UNRELEASED = "## Unreleased\n"


class Mention(NamedTuple):
    """A place that says a version: the file from the root on, its line, and where in the text the version stands."""

    file: str
    line: int
    version: str
    start: int


def main() -> int:
    """Write the version that the argument says."""
    version = " ".join(sys.argv[1:])
    if not version:
        print("version: give one, for example: make version VERSION=0.3.0", file=sys.stderr)
        return 1
    try:
        changed = write_version(ROOT, version, today().isoformat())
    except ReleaseError as error:
        print(f"version: {error}", file=sys.stderr)
        return 1
    print(f"version: {version} written into {len(changed)} files: {', '.join(changed)}")
    print("version: read `git diff`, write what is missing into CHANGELOG.md, commit, and see docs/releasing.md")
    return 0


def current(root: Path) -> str:
    """Return the version of a checkout, from the one place that says it. Raises `ReleaseError`."""
    found = _FORMS_OF_A_FILE[str(SOURCE)].search((root / SOURCE).read_text(encoding="utf-8"))
    if found is None:
        raise ReleaseError(f'{SOURCE} has no line like `__version__ = "1.2.3"`')
    return found["version"]


def tracked(root: Path) -> list[str]:
    """Return the files that git knows, from the root on. Raises `ReleaseError`."""
    asked = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise ReleaseError(f"{root} is no checkout of git, which knows the files: {asked.stderr.strip()}")
    return [name for name in asked.stdout.split("\0") if name and (root / name).is_file()]


def is_history(name: str) -> bool:
    """Whether a file says what once was."""
    return name.startswith(HISTORY)


def mentions(root: Path) -> list[Mention]:
    """Return all places that say the version of perfana-support, but for history. Raises `ReleaseError`."""
    found: list[Mention] = []
    for name in tracked(root):
        text = "" if is_history(name) else _text(root / name)
        found += sorted({Mention(name, text.count("\n", 0, at) + 1, version, at) for at, version in _versions(name, text)})
    return found


def _versions(name: str, text: str) -> Iterator[tuple[int, str]]:
    for form in (*_FORMS, *filter(None, [_FORMS_OF_A_FILE.get(name)])):
        yield from ((each.start("version"), each["version"]) for each in form.finditer(text))


def _text(file: Path) -> str:
    """Return a file's text as it stands, to its line ends; none of what is not text."""
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        return ""


def write_version(root: Path, version: str, day: str) -> list[str]:
    """Write a newer version in place of a checkout's, and return the files that changed. Raises `ReleaseError`."""
    old = current(root)
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version such as 0.3.0, which wheel, chart and image can all bear")
    if _numbers(version) <= _numbers(old):
        raise ReleaseError(f"{version} is not newer than {old}, which {SOURCE} says")
    changelog = _released((root / CHANGELOG).read_text(encoding="utf-8"), version, day)
    places: dict[str, list[int]] = {}
    for each in mentions(root):
        if each.version == old:
            places.setdefault(each.file, []).append(each.start)
    for name, starts in places.items():
        text = _text(root / name)
        for start in reversed(starts):
            text = text[:start] + version + text[start + len(old) :]
        (root / name).write_bytes(text.encode())
    (root / CHANGELOG).write_text(changelog, encoding="utf-8")
    return [*places, str(CHANGELOG)]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _released(changelog: str, version: str, day: str) -> str:
    if changelog.count(_UNRELEASED) != 1:
        raise ReleaseError(f"{CHANGELOG} has no section `{_UNRELEASED.strip()}`, which would get the name {version}")
    return changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n## {version} - {day}\n")


if __name__ == "__main__":
    sys.exit(main())
