"""What pages show for others to copy is what tests run: no block anywhere that nobody tries."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.snippets import ROOT, Snippet, snippets

if TYPE_CHECKING:
    from pathlib import Path

MADE = {"build", "dist", "node_modules", "site"}
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in MADE for part in page.relative_to(ROOT).parts[:-1])
)
PENDING = {"docs/metrics.md"}
"""Pages with blocks that are on their way to another page, where they are run."""

FENCE = re.compile(r"^[\s>]*(?:```|~~~)", re.MULTILINE)
INDENTED = re.compile(r"^\n(?: {4,}|\t)(?![-*\d])", re.MULTILINE)
USED = re.compile(r'snippet\(\s*(?:PAGE|"(?P<page>[^"]+)"),\s*"(?P<name>[^"]+)"')
PAGE = re.compile(r'^PAGE = "([^"]+)"$', re.MULTILINE)
PROGRAMS = "docker|helm|git|kubectl|make|perfana-support|pipx?|python3?|sudo"
TO_BE_PASTED = re.compile(rf"^\s*(?:\$ |(?:{PROGRAMS}) |apiVersion:)", re.MULTILINE)


@cache
def _used() -> set[tuple[str, str]]:
    """The blocks that tests ask for, by page and name."""
    found = set()
    for file in (ROOT / "tests").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        own = PAGE.search(text)
        for use in USED.finditer(text):
            found.add((use["page"] or (own[1] if own else ""), use["name"]))
    return found


def _is_picture(block: Snippet) -> bool:
    """Whether a block is drawn, to be looked at: a text without a name, in which nothing could be pasted anywhere."""
    return block.language == "text" and not block.name and not TO_BE_PASTED.search(block.text)


def _loose(page: str) -> list[Snippet]:
    """Return the blocks of a page that are neither run nor a picture."""
    return [each for each in snippets(page) if (page, each.name) not in _used() and not _is_picture(each)]


def test_pages_are_all_there() -> None:
    assert {"README.md", "docs/gates/helm.md", "docs/adr/0001-reflector-beside-kopf.md", "tests/node/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in PENDING])
def test_every_block_of_a_page_is_run_or_is_a_picture(page: str) -> None:
    blocks = snippets(page)
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = FENCE.findall(text)
    assert len(fences) == 2 * len(blocks), "a block is not closed or not understood"
    assert _loose(page) == []
    for block in blocks:
        text = text.replace(block.text, "")
    assert not INDENTED.search(text), "a block without a fence"


@pytest.mark.parametrize("page", sorted(PENDING))
def test_pending_page_has_something_pending(page: str) -> None:
    assert _loose(page)


def test_every_block_that_tests_ask_for_is_there_once() -> None:
    """A test may be left out of a run, and would not tell that its block is gone."""
    asked = {(page, name) for page, name in _used() if page}
    found = [(page, block.name) for page in PAGES for block in snippets(page) if block.name]
    assert asked <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("text", ["a --> b\n", "cli/   commands\n"])
def test_text_that_is_drawn_is_a_picture(text: str) -> None:
    assert _is_picture(Snippet("page.md", "text", "", text))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("text", "$ ls\n"),
        ("text", "see:\n  kubectl get pods\n"),
        ("text", "apiVersion: v1\n"),
        ("", "a --> b\n"),
        ("sh", "ls\n"),
    ],
)
def test_what_can_be_pasted_is_no_picture(language: str, text: str) -> None:
    assert not _is_picture(Snippet("page.md", language, "", text))


def test_blocks_are_found_by_language_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text("a\n```yaml name=one\nx: 1\n```\n\n````\n```\n````\n")
    monkeypatch.setattr("tests.snippets.ROOT", tmp_path)
    assert [(each.language, each.name, each.text) for each in snippets("page.md")] == [
        ("yaml", "one", "x: 1\n"),
        ("", "", "```\n"),
    ]
