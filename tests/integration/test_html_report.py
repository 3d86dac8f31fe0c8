"""The HTML report in a real browser: what it reads, that nothing runs, and how it fits a phone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check
from perfana_support.reports.html import render
from perfana_support.reports.report import Report
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.policy import builtin_policy
from tests.integration.browser import SCHEMES, Browser, without_policy
from tests.integration.operator_process import ROOT
from tests.unit.builders import judge, waiver
from tests.unit.reports.pages import Page

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 24)
PHONE, DESK = 400, 1280
# The longest names that Kubernetes and registries allow, without a place to break them.
LONG = "n" * 63, "registry.example.com/" + "p" * 200 + "/perfana-web:" + "0" * 100

# Elements that stick out of the page at the right, by more than the rounding of a letter's width.
OVERFLOW = """(page.querySelectorAll('details').forEach(each => { each.open = true; }), {
  width: frame.innerWidth,
  scrolls: page.documentElement.scrollWidth,
  outside: [...page.querySelectorAll('body, body *')]
    .filter(each => each.getBoundingClientRect().right > frame.innerWidth + 1)
    .map(each => each.outerHTML.slice(0, 200)),
})"""

# Letters below 4.5 of contrast (WCAG 2.2, 1.4.3) with the nearest ground behind them, as the browser computed both.
CONTRAST = """(() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = colour => { const [r, g, b] = parts(colour).map(linear); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = each => { for (let at = each; at; at = at.parentElement) {
    const colour = frame.getComputedStyle(at).backgroundColor;
    if (parts(colour)[3] !== 0) return colour; } return 'rgb(255, 255, 255)'; };
  const found = { scheme: frame.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light', seen: 0, poor: [] };
  for (const each of page.querySelectorAll('body *')) {
    if (![...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    if (['title', 'desc'].includes(each.tagName)) continue;
    const style = frame.getComputedStyle(each);
    const colour = each.tagName === 'text' ? style.fill : style.color;
    const [dim, bright] = [luminance(colour), luminance(ground(each))].sort((a, b) => a - b);
    found.seen += 1;
    if ((bright + 0.05) / (dim + 0.05) < 4.5) found.poor.push(each.outerHTML.slice(0, 200));
  }
  return found;
})()"""

# Letters of the picture that are too small, hidden behind its edge, or lie on others.
LABELS = """(() => {
  const picture = page.querySelector('svg.windows').getBoundingClientRect();
  const labels = [...page.querySelectorAll('svg.windows text')].map(each => [each, each.getBoundingClientRect()]);
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
  return {
    count: labels.length,
    small: labels.filter(([each]) => parseFloat(frame.getComputedStyle(each).fontSize) < 11).length,
    cut: labels.filter(([, box]) => box.left < picture.left - 1 || box.right > picture.right + 1)
      .map(([each]) => each.textContent),
    over: labels.flatMap(([one, box], at) => labels.slice(at + 1).filter(([, other]) => over(box, other))
      .map(([two]) => `${one.textContent} on ${two.textContent}`)),
  };
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Return a browser; a missing one is a failure, with what to do."""
    return Browser(tmp_path_factory.mktemp("browser"))


def chart(name: str) -> str:
    """Render the report of a vendor's chart."""
    policy = builtin_policy()
    manifests = read_manifests([str(ROOT / "tests" / "data" / "charts" / f"{name}.yaml")])
    source = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    check = Check()
    return render(
        [
            Report(evaluate(select(each, check, policy), policy, AS_OF, check), policy, source)
            for each in manifests.installations
        ]
    )


def several() -> str:
    """Render a report with every verdict, a finding of every effect, a waiver, and names as long as they can be."""
    long_name, long_image = LONG
    images = ("perfana/perfana-fe:perfana-3.1.0", "perfana/perfana-web:latest", "perfana/perfana-api:0.2")
    agreed = (waiver("EndOfLife", date(2027, 3, 31)),)
    verdicts = [
        judge(*images, "perfana/perfana-web:0.2.96.22-SNAPSHOT"),
        judge("perfana/perfana-web:0.2.96.22"),
        judge("perfana/perfana-fe:perfana-3.2.0"),
        judge("nginx:1.29"),
        judge(images[0], waivers=agreed),
        judge(long_image, long_image + "-rc1")._replace(namespace=long_name),
    ]
    source = {"kind": "Manifests", "files": ["/".join([long_name] * 9) + ".yaml"] * 12, "documents": 1}
    return render([Report(verdict, builtin_policy(), source) for verdict in verdicts])


def test_verdict_and_tables_are_read_out_of_the_dom(browser: Browser) -> None:
    page = Page(browser.dom(chart("perfana-3.2.1")))
    assert page.one("h1").text == "✗Not supported"
    conditions = page.rows("Conditions on 2026-11-24")
    assert conditions[0] == ["Condition", "Status", "Reason", "Message"]
    assert conditions[1][:3] == ["Supported", "✗False", "EndOfLife"]
    assert ["3.1", "2024-04-05", "2026-07-12", "end of life", "yes"] in page.rows("Support windows")
    assert ["perfana/perfana-fe", "perfana-3.1.0", "3.1.0", "3.1", "1"] in page.rows("Perfana images in use")


def test_browser_reads_what_was_written(browser: Browser) -> None:
    """A browser mends what is not well-formed, and then the elements differ."""
    html = several()
    read, written = Page(browser.dom(html)), Page(html)
    mended = [(each.tag, each.attributes) for each in read.elements]
    assert mended == [(each.tag, each.attributes) for each in written.elements]


def test_no_script_runs(browser: Browser) -> None:
    html = render([Report(judge("nginx:1.29"), builtin_policy(), {})])
    html = html.replace("</main>", "<script>document.body.dataset.ran = 'yes'</script></main>")
    assert "data-ran" not in browser.dom(html)
    # There is nothing wrong with the script itself.
    assert 'data-ran="yes"' in browser.dom(without_policy(html))


@pytest.mark.parametrize("width", [320, PHONE, 768, DESK])
def test_nothing_sticks_out(browser: Browser, width: int) -> None:
    assert browser.ask(several(), OVERFLOW, width) == {"width": width, "scrolls": width, "outside": []}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contrast_is_aa(browser: Browser, scheme: str) -> None:
    found = browser.ask(several(), CONTRAST, PHONE, scheme)
    assert found["scheme"] == scheme
    assert found["seen"] > 400
    assert found["poor"] == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_labels_of_the_picture_can_be_read(browser: Browser, width: int) -> None:
    found = browser.ask(chart("perfana-4.0.3"), LABELS, width)
    assert found["count"] > 2 * len(builtin_policy().lines)
    assert (found["small"], found["cut"], found["over"]) == (0, [], [])


def test_missing_browser_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        Browser(tmp_path)
