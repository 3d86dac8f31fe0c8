"""The documentation as a site: it builds strictly, refuses what leads nowhere, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections import Counter
from functools import partial
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from tests.cluster.server import LOOPBACK
from tests.integration.browser import Browser
from tests.pages.building import DOCS, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "object": "data"}
"""Elements that a browser loads something for, and the attribute that says what."""
HEADINGS, LISTS = (f"h{level}" for level in range(1, 7)), ("ul", "ol", "li")
ARTICLE = re.compile(r"<article[^>]*>(.*)</article>", re.DOTALL)
BESIDE_HEADINGS = re.compile(r'<a[^>]*class="headerlink"[^>]*>.*?</a>')
NOT_LOADED = {"next", "prev", "canonical", "alternate"}
STYLED = re.compile(r"""url\(\s*["']?((?:https?:)?//[^)]*)\)|@import\s+["']?((?:https?:)?//[^;]*)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = build(DOCS, folder)
    assert done.returncode == 0, done.stdout
    return folder


class Loads(HTMLParser):
    """What a page asks a browser to load, and where its links lead."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of an element."""
        named = {name: value or "" for name, value in attrs}
        if tag in LOADED:
            self.loaded.append(named.get(LOADED[tag], ""))
        if tag == "link" and not NOT_LOADED & set(named.get("rel", "").split()):
            self.loaded.append(named.get("href", ""))
        if tag == "a" and "href" in named:
            self.links.append(named["href"])


class Shape(HTMLParser):
    """What a reader sees of a page: its words, and how many headings, tables, lists, blocks of code and the like it has."""

    COUNTED = frozenset({*HEADINGS, *LISTS, "table", "tr", "th", "td", "pre", "strong", "em", "blockquote"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts = Counter[str]()
        self._texts: list[str] = []
        self.feed(html)

    @property
    def words(self) -> str:
        """All text, without white space."""
        return "".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an element."""
        assert attrs is not None
        self.counts[tag] += tag in self.COUNTED

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self._texts.append(data)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_page_of_the_site_says_what_a_code_host_shows(site: Path, page: Path) -> None:
    """By GitHub's own library; the site's links beside headings are no part of the page."""
    hosted = Shape(github_flavored_markdown_to_html(page.read_text(encoding="utf-8"), Options.CMARK_OPT_UNSAFE))
    article = ARTICLE.search((site / page.relative_to(DOCS).with_suffix(".html")).read_text(encoding="utf-8"))
    assert article
    built = Shape(BESIDE_HEADINGS.sub("", article[1]))
    assert +built.counts == +hosted.counts
    assert built.words == hosted.words


def is_elsewhere(address: str) -> bool:
    """Whether an address is of another host."""
    return bool(re.match(r"[a-z]+:|//", address)) and not address.startswith("data:")


def test_every_page_is_there_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = [page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")]
    assert [str(page) for page in pages if not (site / page).exists()] == []
    loaded = {address for page in site.rglob("*.html") for address in Loads(page).loaded}
    assert loaded
    assert sorted(filter(is_elsewhere, loaded)) == []
    styles = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert STYLED.findall(styles) == []


def test_every_link_of_the_site_leads_to_a_file_of_it(site: Path) -> None:
    wrong = []
    for page in site.rglob("*.html"):
        if page.name != "404.html":
            links = (unescape(link).partition("#")[0] for link in Loads(page).links)
            wrong += [
                f"{page.name}: {link}"
                for link in links
                if link and not is_elsewhere(link) and not (page.parent / link).exists()
            ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("[a](nowhere.md)", "page does not exist"), ("[a](operator.md#nowhere)", "anchor does not exist")],
    ids=["page", "anchor"],
)
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, text: str, told: str) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    page = docs / "concepts.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")
    done = build(docs, tmp_path / "site")
    assert done.returncode != 0
    assert told in done.stdout + done.stderr
    assert not (tmp_path / "site").exists()


TELLS = """<script>addEventListener("load", () => { document.body.dataset.answer =
  JSON.stringify(performance.getEntriesByType("resource").map(each => each.name)) })</script>"""


@pytest.fixture
def address(site: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the site as any web server does, its first page with a script that tells what was loaded; return its address."""
    folder = tmp_path / "served"
    shutil.copytree(site, folder)
    page = folder / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{TELLS}</body>"), encoding="utf-8")
    with ThreadingHTTPServer((LOOPBACK, 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the library's
        """Say nothing."""


def test_a_browser_that_reads_a_page_asks_the_sites_own_server_alone(address: str, tmp_path: Path) -> None:
    """Scripts have run by then: what they load is among what the browser counts."""
    found = re.search(r'data-answer="([^"]*)"', Browser(tmp_path).dom_of(f"{address}/index.html"))
    assert found
    loaded: list[str] = json.loads(unescape(found[1]))
    assert len(loaded) >= len(["styles", "palette", "script"])
    assert [each for each in loaded if not each.startswith(f"{address}/")] == []
