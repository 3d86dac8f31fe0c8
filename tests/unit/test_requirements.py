"""The pinned lists of requirements: with hashes, without addresses, and of one mind."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LISTS = sorted(REQUIREMENTS.glob("*.txt"))
PIN = re.compile(r"^([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)", re.MULTILINE)


def pins(file: Path) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall(file.read_text())}


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.stem)
def test_everything_is_pinned_by_hash_from_wherever_pip_gets_it(file: Path) -> None:
    text = file.read_text()
    found = PIN.findall(text)
    assert len(found) == len(re.findall(r"^[\w.-]+[^\n#]*", text, re.MULTILINE))
    assert [name for name, _, hashes in found if not hashes] == []
    assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links", text)
    assert file.with_suffix(".in").exists()


@pytest.mark.parametrize("name", ["single-file", "single-file-cluster"])
def test_single_files_hold_what_the_tests_run_with(name: str) -> None:
    tried, shipped = pins(REQUIREMENTS / "dev.txt"), pins(REQUIREMENTS / f"{name}.txt")
    assert shipped
    assert {library: tried.get(library) for library in shipped} == shipped
