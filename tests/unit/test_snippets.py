"""What pages show for others to copy is what tests run: no block there that nobody tries."""

import re
from pathlib import Path

import pytest

from tests.snippets import ROOT, snippets

GATES = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "gates").glob("*.md"))
PAGES = ["docs/attestation.md", "docs/bundles.md", "docs/troubleshooting.md", *GATES]
USED = re.compile(r'snippet\(\s*(?:PAGE|"(?P<page>[^"]+)"),\s*"(?P<name>[^"]+)"')
PAGE = re.compile(r'^PAGE = "([^"]+)"$', re.MULTILINE)


def _used() -> set[tuple[str, str]]:
    """The blocks that tests ask for, by page and name."""
    found = set()
    for file in (ROOT / "tests").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        own = PAGE.search(text)
        for use in USED.finditer(text):
            found.add((use["page"] or (own[1] if own else ""), use["name"]))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_is_run(page: str) -> None:
    blocks = snippets(page)
    assert blocks
    assert (ROOT / page).read_text(encoding="utf-8").count("```") == 2 * len(blocks), "a block is not closed or not understood"
    assert {(page, block.name) for block in blocks} <= _used()


def test_blocks_are_found_by_language_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text("a\n```yaml name=one\nx: 1\n```\n\n````\n```\n````\n")
    monkeypatch.setattr("tests.snippets.ROOT", tmp_path)
    assert [(each.language, each.name, each.text) for each in snippets("page.md")] == [
        ("yaml", "one", "x: 1\n"),
        ("", "", "```\n"),
    ]
