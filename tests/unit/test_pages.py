"""The documentation hangs together: links lead somewhere, every page is in the navigation, the site's copy says the same."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.building import DOCS, ROOT, SETTINGS, make_ready
from tests.pages.links import anchors, links, problem_of

PAGES = sorted(DOCS.rglob("*.md"))
LINKING = [ROOT / "README.md", *PAGES, *sorted((ROOT / "tests").rglob("README.md"))]


def _leaves(entry: Any) -> Iterator[str]:  # noqa: ANN401 - the file's own nesting
    """Yield the pages of an entry of the navigation, which is a page, a titled one, or a section of entries."""
    if isinstance(entry, str):
        yield entry
    else:
        for each in entry.values() if isinstance(entry, dict) else entry:
            yield from _leaves(each)


def test_every_page_is_in_the_navigation_once() -> None:
    """A page that is not is added to `nav` in zensical.toml; one that is gone is taken out of it."""
    settings = tomllib.loads((ROOT / SETTINGS).read_text(encoding="utf-8"))
    assert sorted(_leaves(settings["project"]["nav"])) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert [problem for link in links(page) if (problem := problem_of(link))] == []


def test_a_link_to_no_file_or_heading_is_a_problem(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n## By `one` and [two](page.md)\n## By one\n## By one\n"
        "[a](#here) [b](page.md#by-one-1) [c](other.md) [d](#by) [e](#by-one-and-two) [f](https://example.com/x.md)\n"
        "`[g](gone.md)`\n```\n# No heading\n[h](gone.md)\n```\n[i]: gone.md\n"
    )
    assert anchors(page) == {"here", "by-one-and-two", "by-one", "by-one-1"}
    wrong = [link.target for link in links(page) if problem_of(link)]
    assert wrong == ["other.md", "#by", "gone.md"]


def test_copy_for_the_site_has_what_the_generator_needs_and_no_links_beside_the_documentation(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "deep").mkdir(parents=True)
    (docs / "deep/page.md").write_text(
        "## Head\n[`action.yml`](../../action.yml), [up](../page.md#x)\n| `a\\|b` | c\\|d |\n"
        "```sh name=one\n| `a\\|b` | [x](../../x)\n- a\n```\nThese:\n- one\n  more\n- two\n"
    )
    make_ready(docs, tmp_path / "copy")
    assert (tmp_path / "copy/deep/page.md").read_text() == (
        "## Head\n\n`action.yml`, [up](../page.md#x)\n\n| `a|b` | c\\|d |\n\n"
        "```sh\n| `a\\|b` | [x](../../x)\n- a\n```\n\nThese:\n\n- one\n  more\n- two\n"
    )
