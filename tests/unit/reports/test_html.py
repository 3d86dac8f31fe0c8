"""The HTML report: what stands on the page, in which order, and that nothing of a manifest's can become markup."""

import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support import __version__
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Location, Subject
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.reports.html import CONTENT_SECURITY_POLICY, render
from perfana_support.reports.markup import copyable, element, text
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from tests.unit.builders import TODAY, installation, judge, policy, waiver, without_dependencies
from tests.unit.reports.pages import Page
from tests.unit.reports.reporting import OF_CHART

SOURCE = {"kind": "Manifests", "files": ["f.yaml"], "documents": 1}
NEWEST, ENDING, ENDED = "perfana/perfana-web:0.2.96.22", "perfana/perfana-fe:perfana-3.2.0", "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT, NUMBERLESS, FOREIGN = "perfana/perfana-web:0.2.96.22-SNAPSHOT", "perfana/perfana-web:latest", "nginx:1.29"
HOSTILE = [
    "<script>alert(1)</script>",
    "</style></title><script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "\u202egnp.exe",
    "\x00\x1b[2J",
    "\ud800",
    "{{ x }}",
]


def _report(verdict: Verdict, by: Policy | None = None, source: dict[str, Any] | None = None) -> Report:
    return Report(verdict, by or policy(), source or SOURCE)


def _page(*verdicts: Verdict, by: Policy | None = None) -> Page:
    page = Page(render([_report(verdict, by) for verdict in verdicts]))
    assert page.faults == []
    return page


VERDICTS = {
    "supported": judge(NEWEST),
    "at risk": judge(ENDING),
    "ended": judge(ENDED),
    "snapshot": judge(SNAPSHOT),
    "numberless": judge(NUMBERLESS),
    "foreign": judge(FOREIGN),
    "mixed": judge(ENDED, NEWEST, SNAPSHOT),
    "waived": judge(ENDED, waivers=(waiver("EndOfLife", date(2027, 3, 31)),)),
    "ancient": judge(NEWEST, as_of=date(1, 1, 1)),
    "never": judge(NEWEST, as_of=date.max),
}


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
def test_page_is_well_formed(verdict: Verdict) -> None:
    page = _page(verdict)
    assert page.one("html").attributes == {"lang": "en"}
    names = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(names) == len(set(names))


def test_page_of_several_is_well_formed() -> None:
    names = [each.attributes["id"] for each in _page(*VERDICTS.values()).elements if "id" in each.attributes]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
def test_nothing_runs_and_nothing_is_loaded(verdict: Verdict) -> None:
    page = _page(verdict, verdict)
    attributes = {name for each in page.elements for name in each.attributes}
    assert not {"src", "srcset", "data", "action", "style", "background"} & attributes
    assert not [name for name in attributes if name.startswith(("on", "xlink"))]
    assert {(each.attributes["href"] or "")[0] for each in page.elements if "href" in each.attributes} == {"#"}
    assert not {"script", "iframe", "object", "embed", "link", "img", "base", "form", "use", "image"} & {
        each.tag for each in page.elements
    }


def test_content_security_policy_stands_before_any_style() -> None:
    page = _page(judge(NEWEST))
    tags = [each.attributes.get("http-equiv", each.tag) for each in page.elements]
    assert tags.index("Content-Security-Policy") < tags.index("style")
    metas = {each.attributes.get("http-equiv"): each.attributes.get("content") for each in page.all("meta")}
    assert metas["Content-Security-Policy"] == CONTENT_SECURITY_POLICY == "default-src 'none'; style-src 'unsafe-inline'"


def test_same_reports_give_the_same_page() -> None:
    assert render([_report(VERDICTS["mixed"])]) == render([_report(judge(ENDED, NEWEST, SNAPSHOT))])


@pytest.mark.parametrize(
    ("name", "sign", "word", "tone"),
    [
        ("supported", "✓", "Supported", "good"),
        ("at risk", "!", "Supported, at risk", "risk"),
        ("ended", "✗", "Not supported", "bad"),
        ("snapshot", "✗", "Not supported", "bad"),
        ("mixed", "✗", "Not supported", "bad"),
        ("numberless", "?", "Undetermined", "unclear"),
        ("foreign", "?", "Undetermined", "unclear"),
    ],
)
def test_verdict_is_a_sign_and_a_word(name: str, sign: str, word: str, tone: str) -> None:
    page = _page(VERDICTS[name])
    assert page.one("h1").text == f"{sign}{word}"
    assert tone in page.one("header", "verdict").classes
    assert page.all("title")[0].text == f"{word}: Perfana in namespace perfana"


def test_order_is_verdict_tasks_picture_evidence() -> None:
    headings = [each.text for each in _page(judge(ENDED)).elements if each.tag in ("h1", "h2")]
    expected = ["What to do", "Support windows", "Conditions", "Findings", "Components", "Basis"]
    assert headings == ["✗Not supported", *expected]


def test_reason_and_message_stand_with_the_verdict() -> None:
    words = _page(judge(ENDED)).one("p", "why").text
    assert words.startswith("EndOfLife: perfana/perfana-fe runs 3.1.0; line 3.1 reached its end of life on 2026-07-12")
    assert words.endswith("Not observable here and left out: PlatformSupported.")


def test_end_of_life_that_nobody_knows_is_not_none_yet() -> None:
    def end(verdict: Verdict) -> str:
        return next(each.text for each in _page(verdict).all("div") if each.text.startswith("End of life"))

    assert end(judge(NEWEST)) == "End of lifenone yet"
    assert end(judge(ENDED)) == "End of life2026-07-12"
    assert end(judge(NUMBERLESS)) == "End of lifenot determined"


def test_tasks_are_grouped_by_code_with_the_worst_first() -> None:
    page = _page(judge(ENDED, "perfana/perfana-check:perfana-3.1.0", SNAPSHOT))
    tasks = page.all("li", "task")
    assert [each.text.partition("set ")[0].partition("upgrade ")[0] for each in tasks][:2] == [
        "✗UnsupportedEndOfLife",
        "✗UnsupportedSnapshotBuild",
    ]
    assert "Deployment/w0, container c0" in tasks[0].text
    assert "Deployment/w1, container c0" in tasks[0].text


def test_exact_values_are_marked_for_copying() -> None:
    values = {each.text for each in _page(judge(ENDED, SNAPSHOT)).all("code", "copy")}
    assert {"perfana/perfana-web:0.2.96.22", "0.2.96.22"} <= values


@pytest.mark.parametrize(
    ("sentence", "values"),
    [
        ("set image to perfana/perfana-web:0.2.96.22", ["perfana/perfana-web:0.2.96.22"]),
        ("set image to registry.example.com:5000/a/b:1 or another", ["registry.example.com:5000/a/b:1"]),
        ("pull a/b:1.0@sha256:" + "0" * 64 + ".", ["a/b:1.0@sha256:" + "0" * 64]),
        ("set image to a/b@sha256:" + "0" * 64, ["a/b@sha256:" + "0" * 64]),
        ("see https://example.com/a/b:1", []),
        ("upgrade to release 0.2.96.22, which has no x", ["0.2.96.22"]),
        ("when done: kubectl delete pod a --namespace b", ["kubectl delete pod a --namespace b"]),
        ("declare it in spec.dependencies of the SupportCheck.", ["spec.dependencies"]),
        ("set all components to one release", []),
    ],
)
def test_copyable_values(sentence: str, values: list[str]) -> None:
    page = Page(copyable(sentence))
    assert [each.text for each in page.all("code")] == values
    assert re.sub("<[^>]*>", "", copyable(sentence)) == sentence


def test_many_places_of_one_remedy_are_counted() -> None:
    page = _page(judge(*[ENDED] * 9))
    assert page.all("li", "task")[0].text.endswith("and 4 more, all of them below Findings")
    assert page.all("ul", "statements")[0].text.count("Deployment/w") == 9


def test_nothing_to_do_is_said() -> None:
    assert "Nothing: no finding asks for action." in _page(judge(NEWEST)).one("section", "to-do").text
    undetermined = _page(judge(FOREIGN)).one("section", "to-do").text
    assert "Nothing" not in undetermined
    assert "no container runs an image of a Perfana component" in undetermined


def test_findings_that_are_set_aside_are_no_tasks_and_stay_visible() -> None:
    page = _page(VERDICTS["waived"])
    assert "EndOfLife" not in page.one("section", "to-do").text
    assert page.one("p", "set-aside").text == "Set aside and not counted: EndOfLife waived until 2027-03-31 (1)."
    (aside,) = page.all("article", "aside")
    assert aside.text.startswith("○waived until 2027-03-31, else UnsupportedEndOfLife")


def test_summary_of_several_says_how_many_are_set_aside() -> None:
    rows = _page(VERDICTS["waived"], VERDICTS["supported"]).rows("All installations")
    assert [row[1] for row in rows[1:]] == ["✓Supported 1 set aside", "✓Supported"]


def test_ignored_findings_say_by_what() -> None:
    verdict = judge(ENDED)
    ignored = tuple(finding._replace(ignored_by="--ignore") for finding in verdict.findings)
    page = _page(verdict._replace(findings=ignored))
    assert page.one("p", "set-aside").text.startswith("Set aside and not counted: EndOfLife ignored by --ignore (1)")
    assert page.all("article", "aside")


def test_finding_stands_in_full() -> None:
    subject = Subject("Deployment", "shop", "web", "main", "registry/x:1")
    finding = Finding(Code.CODE_MOUNTED, subject, "is mounted", "unmount it", Location("a.yaml", 7, 9, "chart/web.yaml"))
    statement = _page(judge(NEWEST)._replace(findings=(finding,))).all("article")[0].text
    assert statement.startswith("✗UnsupportedCodeMounted" + Code.CODE_MOUNTED.clause)
    for part in ("is mounted.", "→ unmount it", "Deployment/web, container main", "shop", "registry/x:1", "a.yaml:7:9"):
        assert part in statement
    assert "chart/web.yaml" in statement
    page = _page(judge(NEWEST)._replace(findings=(finding._replace(location=OF_CHART),)))
    assert "chart/templates/web.yaml (rendered line 40)" in page.all("article")[0].text
    assert "main, chart/templates/web.yaml (rendered line 40)" in page.one("section", "to-do").text


def test_information_is_folded_away_and_no_task() -> None:
    page = _page(judge("perfana/perfana-web:0.2"))
    assert "FloatingTag" not in page.one("section", "to-do").text
    assert [each.text for each in page.all("summary")][1].startswith("For information (")


def test_target_is_told_with_the_verdict() -> None:
    verdict = evaluate(installation(ENDED), without_dependencies(policy()), TODAY, Check(target=Target("0.2")))
    assert "After the upgrade✓True AllRulesMet 0.2 means 0.2.96.22;" in _page(verdict).one("header", "verdict").text


def test_picture_has_a_bar_a_line_and_says_the_same_in_words() -> None:
    page = _page(judge(ENDING, NEWEST))
    bars = [each for each in page.elements if "bar" in each.classes and each.tag == "rect"]
    assert len(bars) == len(policy().lines) == len(page.rows("Support windows")) - 1
    assert [("own" in each.classes) for each in bars] == [name in ("3.2", "0.2") for name in policy().lines]
    assert page.one("svg", "windows").attributes["role"] == "img"
    names = str(page.one("svg", "windows").attributes["aria-labelledby"]).split()
    told = " ".join(each.text for each in page.elements if each.attributes.get("id") in names)
    assert "Support windows of all lines on 2026-11-24" in told
    assert "The installation runs line 3.2, 0.2." in told
    assert "Line 3.1: ended 2026-07-12. Line 3.2: until 2027-02-01." in told
    assert "Line 0.2: no end yet." in told


def test_only_a_window_that_goes_on_has_an_arrow() -> None:
    for as_of in (TODAY, date(2041, 1, 1), date.max):
        arrows = [each for each in _page(judge(NEWEST, as_of=as_of)).elements if each.tag == "path"]
        assert [each.classes[1] for each in arrows] == ["current"]


def test_table_of_windows() -> None:
    rows = _page(judge(ENDING)).rows("Support windows")
    assert rows[0] == ["Line", "First release", "Last day of support", "On 2026-11-24", "Runs here"]
    assert ["3.1", "2024-04-05", "2026-07-12", "end of life", ""] in rows
    assert ["3.2", "2024-07-12", "2027-02-01", "support ends soon", "yes"] in rows
    assert rows[-1] == ["0.2", "2026-03-23", "none yet", "within its support window", ""]


def test_last_day_of_support_is_within_the_window() -> None:
    def words(as_of: date) -> str:
        return next(row[3] for row in _page(judge(NEWEST, as_of=as_of)).rows("Support windows") if row[0] == "3.2")

    assert words(date(2024, 7, 11)) == "not out yet"
    assert words(date(2024, 7, 12)) == "within its support window"
    assert words(date(2026, 11, 2)) == "within its support window"
    assert words(date(2026, 11, 3)) == "support ends soon"
    assert words(date(2027, 2, 1)) == "support ends soon"
    assert words(date(2027, 2, 2)) == "end of life"


def test_next_transition_is_marked() -> None:
    page = _page(judge(NEWEST))
    assert [each.text for each in page.all("text", "next-label")] == ["◆ next change 2027-05-24"]
    assert "◆ 2027-05-24: VersionSupported is True (PolicyStale)." in page.one("figcaption").text
    assert not _page(judge(ENDED)).all("text", "next-label")


def test_line_that_is_not_known_is_not_marked() -> None:
    page = _page(judge(NUMBERLESS))
    assert page.one("figcaption").text.startswith("No line of this installation is known. The line of 1 image(s) is not")
    assert not [each for each in page.elements if "own" in each.classes]


def test_condition_that_is_true_with_a_reservation_does_not_look_as_if_there_were_none() -> None:
    page = _page(judge(ENDED, NEWEST, SNAPSHOT, waivers=(waiver("EndOfLife", date(2027, 3, 31)),)))
    rows = {row[0]: row[1:3] for row in page.rows("Conditions")}
    assert rows["VersionSupported"] == ["!True", "MixedReleases"]
    assert rows["ImagesUnmodified"] == ["✓True", "AllRulesMet"]


def test_components_and_basis() -> None:
    page = _page(judge(ENDED, NUMBERLESS))
    assert page.rows("Perfana images")[1:] == [
        ["perfana/perfana-fe", "perfana-3.1.0", "3.1.0", "3.1", "1"],
        ["perfana/perfana-web", "latest", "not determined", "not determined", "1"],
    ]
    basis = page.one("section", "basis").text
    for part in ("default, published on 2026-11-24", "2026-11-24 (UTC)", "SourceManifests", "Filesf.yaml", "Documents1"):
        assert part in basis
    assert f"perfana-support {__version__}" in basis


def test_source_of_a_cluster() -> None:
    source = {"kind": "Cluster", "context": "prod", "server": "https://10.0.0.1", "kubernetesVersion": "v1.36.3"}
    basis = Page(render([_report(judge(NEWEST), source=source)])).one("section", "basis").text
    assert "SourceClusterContextprodServerhttps://10.0.0.1Kubernetes versionv1.36.3" in basis


def test_many_files_are_folded_away() -> None:
    source = SOURCE | {"files": [f"{number}.yaml" for number in range(11)]}
    page = Page(render([_report(judge(NEWEST), source=source)]))
    assert "11 of them" in [each.text for each in page.all("summary")]


def test_several_installations_begin_with_a_table() -> None:
    page = _page(judge(NEWEST), judge(ENDED)._replace(namespace="legacy"), judge(FOREIGN)._replace(namespace=""))
    assert page.one("h1").text == "✗Not supported: 1 of 3"
    assert page.one("ul", "counts").text == "✗Not supported 1 of 3?Undetermined 1 of 3✓Supported 1 of 3"
    assert page.rows("All installations")[1:] == [
        ["Perfana in namespace perfana", "✓Supported", "AllRulesMet", "0.2.96.22", "none yet", "2027-05-24"],
        ["Perfana in namespace legacy", "✗Not supported", "EndOfLife", "3.1.0", "2026-07-12", "none known"],
        ["Perfana without a namespace", "?Undetermined", "NoComponents", "not determined", "not determined", "none known"],
    ]
    links = [str(each.attributes["href"])[1:] for each in page.all("a")]
    assert links == [each.attributes["id"] for each in page.all("section", "installation")]


def test_policy_without_lines_has_no_picture() -> None:
    bare = Policy(policy().fields._replace(lines=()))
    page = _page(judge(FOREIGN), by=bare)
    assert not page.all("svg")
    assert "Policy default lists no line." in page.one("section", "support-windows").text


@given(st.lists(st.text(min_size=1) | st.sampled_from(HOSTILE), min_size=9, max_size=9))
def test_no_text_becomes_markup(words: list[str]) -> None:
    """Whatever stands in a manifest changes no element of the page, and can be read on it."""
    page, plain = Page(_page_with(words)), Page(_page_with(["x"] * 9))
    assert page.faults == []
    assert [(each.tag, list(each.attributes)) for each in page.elements] == [
        (each.tag, list(each.attributes)) for each in plain.elements
    ]
    shown = "".join(page.one("body").texts)
    assert [word for word in words if printable(word) not in shown] == []


@given(st.text() | st.sampled_from(HOSTILE))
def test_copyable_keeps_every_letter(sentence: str) -> None:
    class Letters(HTMLParser):
        found = ""

        def handle_data(self, data: str) -> None:
            self.found += data

    letters = Letters()
    letters.feed(copyable(sentence))
    letters.close()
    assert letters.found == printable(sentence)


@given(st.text() | st.sampled_from(HOSTILE))
def test_attribute_keeps_every_letter(value: str) -> None:
    (found,) = Page(element("p", text("x"), title=value)).elements
    assert found.attributes == {"title": printable(value)}


def _page_with(words: list[str]) -> str:
    namespace, name, container, image, message, file, template, context, kind = words
    subject = Subject(kind, namespace, name, container, image)
    finding = Finding(Code.CODE_MOUNTED, subject, message, "unmount it", Location(file, 1, 0, template))
    verdict = judge(NEWEST)._replace(namespace=namespace, findings=(finding,))
    html = render([_report(verdict, source={"kind": "Cluster", "context": context, "files": [file]})])
    assert html.isascii()
    return html
