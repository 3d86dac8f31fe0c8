"""`spec.platform`: what is read, and what is refused with which path."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.document import Node, Problem
from perfana_support.model.kubernetes import parse_kubernetes_version
from perfana_support.model.platform_policy import (
    KEYED_LISTS,
    Distribution,
    DistributionLine,
    ExtendedSupport,
    KubernetesLine,
    PlatformRules,
    Window,
    read_platform,
)
from perfana_support.model.policy_document import merge_specs
from tests.unit.platform_rules import platform_rules, rules_of

LINE = {"name": "1.33", "releasedOn": "2025-04-23", "endOfLifeOn": "2026-06-28"}


def problems_of(data: dict[str, Any], *, is_whole: bool = True) -> list[str]:
    problems: list[Problem] = []
    read_platform(Node(data, "spec.platform", problems), is_whole=is_whole)
    return [str(problem) for problem in problems]


def distribution(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    return {"distributions": [{"name": "acme", **fields}]}


def detected(rules: PlatformRules, text: str) -> str | None:
    version = parse_kubernetes_version(text)
    assert version is not None
    found = rules.detect(version)
    return found.name if found else None


def test_nothing_stated_restricts_nothing() -> None:
    assert rules_of({}) == PlatformRules()


def test_everything_is_read() -> None:
    rules = rules_of(
        {
            "kubernetesLines": [LINE],
            "distributions": [
                {
                    "name": "acme",
                    "title": "Acme Cloud",
                    "aliases": ["ac"],
                    "versionSuffixes": ["-acme.<n>"],
                    "supported": False,
                    "minimumLine": "1.30",
                    "extendedSupport": "Optional",
                    "lines": [
                        {"name": "1.33", "productVersion": "7", "endOfLifeOn": "2026-07-01", "extendedUntil": "2027-07-01"}
                    ],
                }
            ],
            "architectures": ["amd64"],
            "operatingSystems": ["linux"],
            "maxKubeletSkew": 2,
        }
    )
    line = DistributionLine((1, 33), date(2026, 7, 1), date(2027, 7, 1), "7")
    acme = Distribution(
        name="acme",
        title="Acme Cloud",
        aliases=("ac",),
        suffixes=("-acme.<n>",),
        is_supported=False,
        minimum=(1, 30),
        extended_support=ExtendedSupport.OPTIONAL,
        lines=(line,),
    )
    assert rules == PlatformRules((KubernetesLine((1, 33), date(2026, 6, 28)),), (acme,), ("amd64",), ("linux",), 2)


def test_title_is_the_name_where_absent() -> None:
    assert rules_of(distribution()).distributions[0].title == "acme"


LINE_FORM = 'must be a Kubernetes line as MAJOR.MINOR, for example "1.36"'
NO_DAY = "is missing, must be a date as YYYY-MM-DD"
EXTENDED = "must be one of Included, Optional, Ignored"
FIELDS = ["architectures", "distributions", "kubernetesLines", "maxKubeletSkew", "operatingSystems"]
EXTENDED_LINE = {"name": "1.33", "endOfLifeOn": "2026-01-02", "extendedUntil": "2027-01-01"}


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ({"name": "1.33"}, "endOfLifeOn", NO_DAY),
        ({**LINE, "name": "v1.33"}, "name", f"{LINE_FORM}, is 'v1.33'"),
        ({**LINE, "name": 1.33}, "name", f"{LINE_FORM}, is 1.33"),
        ({**LINE, "name": "1.033"}, "name", f"{LINE_FORM}, is '1.033'"),
        ({**LINE, "endOfLifeOn": "2025-04-22"}, "endOfLifeOn", "must not be before releasedOn, is 2025-04-22"),
        ({**LINE, "eol": "x"}, "eol", "is not a known field, known are endOfLifeOn, name, releasedOn"),
    ],
)
def test_fault_of_a_line_is_named_with_its_path(line: dict[str, Any], field: str, message: str) -> None:
    assert problems_of({"kubernetesLines": [line]}) == [f"spec.platform.kubernetesLines[0].{field}: {message}"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": None}, "name", "is missing, must be a word that names the distribution, for example eks"),
        ({"supported": "no"}, "supported", "must be true or false, is 'no'"),
        ({"minimumLine": "4.11.0"}, "minimumLine", f"{LINE_FORM}, is '4.11.0'"),
        ({"extendedSupport": "Yes"}, "extendedSupport", f"{EXTENDED}, is 'Yes'"),
        ({"lines": [{"name": "1.33"}]}, "lines[0].endOfLifeOn", NO_DAY),
        ({"lines": [{**EXTENDED_LINE, "name": "x"}], "extendedSupport": "Ignored"}, "lines[0].name", f"{LINE_FORM}, is 'x'"),
        ({"lines": [EXTENDED_LINE]}, "extendedSupport", f"is missing, {EXTENDED}, because lines state extendedUntil"),
        (
            {"lines": [{**EXTENDED_LINE, "extendedUntil": "2026-01-01"}], "extendedSupport": "Included"},
            "lines[0].extendedUntil",
            "must not be before endOfLifeOn, is 2026-01-01",
        ),
    ],
)
def test_fault_of_a_distribution_is_named_with_its_path(fields: dict[str, Any], field: str, message: str) -> None:
    assert problems_of(distribution(**fields)) == [f"spec.platform.distributions[0].{field}: {message}"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kubernetesLines": [LINE, LINE]}, "kubernetesLines[1].name: must be listed once, '1.33' stands at [0] already"),
        ({"maxKubeletSkew": -1}, "maxKubeletSkew: must be a whole number from 0 to 10, is -1"),
        ({"maxKubeletSkew": 11}, "maxKubeletSkew: must be a whole number from 0 to 10, is 11"),
        (
            {"skew": 1},
            f"skew: is not a known field, known are {', '.join(FIELDS)}",
        ),
        (
            {"distributions": [{"name": "a", "versionSuffixes": ["-x"]}, {"name": "b", "versionSuffixes": ["-x"]}]},
            "distributions[\"b\"]: must not claim '-x', which is a's",
        ),
        (
            {"distributions": [{"name": "a"}, {"name": "b", "aliases": ["A"]}]},
            "distributions[\"b\"]: must not claim 'a', which is a's",
        ),
    ],
)
def test_fault_is_named_with_its_path(data: dict[str, Any], expected: str) -> None:
    assert problems_of(data) == [f"spec.platform.{expected}"]


def test_several_faults_are_found_at_once() -> None:
    data = {"maxKubeletSkew": "3", "architectures": ["amd64", "amd64"], "operatingSystems": "linux"}
    assert [problem.partition(":")[0].rpartition(".")[2] for problem in problems_of(data)] == [
        "architectures",
        "operatingSystems",
        "maxKubeletSkew",
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "eks",  # no sign
        "",
        "-x<m>",  # no such placeholder
        "-<n><n>",  # two that touch
        "-<n>1<n>",  # what stands between belongs to either
        "-<hex>a",
        "-<any>-<n>",  # the rest is at the end
        "-<any>x",
        "-(a|b)+",
        "-a*",
        "- x",
        "-<n",
    ],
)
def test_pattern_that_is_malformed_or_could_run_away_is_refused(pattern: str) -> None:
    (problem,) = problems_of(distribution(versionSuffixes=[pattern]))
    assert problem.startswith(
        "spec.platform.distributions[0].versionSuffixes: must be a list of version suffixes that begin with"
    )


@pytest.mark.parametrize("raw", ["-x", [1], ["-x", "-x"]])
def test_suffixes_are_a_list_of_texts_each_once(raw: object) -> None:
    assert len(problems_of(distribution(versionSuffixes=raw))) == 1


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("-a<n>", "v1.33.4-a12", True),
        ("-a<n>", "v1.33.4-a", False),
        ("-a<n>", "v1.33.4-a1b", False),
        ("-a<n>.el<n>", "v1.33.4-a1.el9", True),
        ("-a.b", "v1.33.4-axb", False),
        ("+<commit>", "v1.33.4+abc1234", True),
        ("+<commit>", "v1.33.4+abc123", False),
        ("+<commit>", "v1.33.4+abc12345", False),
        ("-x-<hex>", "v1.33.4-x-0", True),
        ("-x-<hex>", "v1.33.4-x-g", False),
        ("-x<any>", "v1.33.4-x.1-y+z", True),
        ("-x<any>", "v1.33.4-x", False),
        ("-x", "v1.33.4", False),
    ],
)
def test_pattern_fits(pattern: str, text: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert detected(rules_of(distribution(versionSuffixes=[pattern])), text) == ("acme" if fits else None)


@pytest.mark.parametrize("order", [("wide", "narrow"), ("narrow", "wide")])
def test_most_literal_pattern_wins_in_any_order(order: tuple[str, ...]) -> None:
    patterns = {"wide": "-r<any>", "narrow": "-rke<n>"}
    rules = rules_of({"distributions": [{"name": name, "versionSuffixes": [patterns[name]]} for name in order]})
    assert detected(rules, "v1.33.4-rke2") == "narrow"
    assert detected(rules, "v1.33.4-r2") == "wide"


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_name_decides_between_equally_literal_patterns(order: tuple[str, ...]) -> None:
    patterns = {"a": "-x<n>", "b": "-x<hex>"}
    rules = rules_of({"distributions": [{"name": name, "versionSuffixes": [patterns[name]]} for name in order]})
    assert detected(rules, "v1.33.4-x2") == "a"


def test_distribution_is_named_in_any_case() -> None:
    rules = platform_rules()
    for word in ("openshift", "OpenShift", "OCP", "Red Hat OpenShift"):
        found = rules.named(word)
        assert found is not None
        assert found.name == "openshift"
    assert rules.named("open shift") is None


def window_rules(extended: str, *, own: str = "2026-07-01", until: str = "2027-07-01") -> PlatformRules:
    lines = [{"name": "1.33", "endOfLifeOn": own, "extendedUntil": until}, {"name": "1.40", "endOfLifeOn": "2030-01-01"}]
    return rules_of({"kubernetesLines": [LINE], **distribution(title="Acme", extendedSupport=extended, lines=lines)})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (window_rules("Included"), Window(date(2027, 7, 1), None, "the extended support of Acme")),
        (window_rules("Optional"), Window(date(2026, 7, 1), date(2027, 7, 1), "the calendar of Acme")),
        (window_rules("Ignored"), Window(date(2026, 7, 1), None, "the calendar of Acme")),
        (window_rules("Ignored", own="2026-06-01"), Window(date(2026, 6, 28), None, "upstream's calendar")),
        (
            window_rules("Optional", own="2026-06-01", until="2026-06-28"),
            Window(date(2026, 6, 28), None, "upstream's calendar"),
        ),
        (
            window_rules("Included", own="2026-06-01", until="2026-06-10"),
            Window(date(2026, 6, 28), None, "upstream's calendar"),
        ),
    ],
)
def test_later_day_of_upstream_and_distribution_counts(rules: PlatformRules, expected: Window) -> None:
    assert rules.window((1, 33), rules.distributions[0]) == expected
    assert expected.last_day == (expected.optional_until or expected.until)


def test_window_without_distribution_is_upstreams() -> None:
    rules = window_rules("Included")
    assert rules.window((1, 33), None) == Window(date(2026, 6, 28), None, "upstream's calendar")
    assert rules.window((1, 40), None) is None
    assert rules.window((1, 34), rules.distributions[0]) is None
    assert rules.numbers(None) == [(1, 33)]
    assert rules.numbers(rules.distributions[0]) == [(1, 33), (1, 40)]


def test_part_of_a_policy_may_leave_out_what_the_base_states() -> None:
    part = {
        "kubernetesLines": [{"name": "1.36"}],
        "distributions": [{"name": "eks", "lines": [{"name": "1.36", "extendedUntil": "2028-08-01"}]}],
    }
    assert problems_of(part, is_whole=False) == []
    assert len(problems_of(part)) == 2


def test_part_of_a_policy_merges_by_name() -> None:
    """The lists' keys are known to the policy, so that a user states one line and not the calendar."""
    assert KEYED_LISTS == {"kubernetesLines": "name", "distributions": "name", "lines": "name"}
    base = {"distributions": [{"name": "acme", "lines": [{"name": "1.33", "endOfLifeOn": "2026-07-01"}]}]}
    part = {"distributions": [{"name": "acme", "lines": [{"name": "1.34", "endOfLifeOn": "2026-11-01"}]}]}
    merged = rules_of(merge_specs({"platform": base}, {"platform": part})["platform"])
    assert [line.number for line in merged.distributions[0].lines] == [(1, 33), (1, 34)]


def test_built_in_lines_end_in_the_order_in_which_they_came() -> None:
    """What is older than an ended line is called ended: that must be true of the list."""
    calendars = [[(line.number, line.end_of_life_on) for line in platform_rules().lines]]
    calendars += [[(line.number, line.end_of_life_on) for line in entry.lines] for entry in platform_rules().distributions]
    for calendar in calendars:
        assert calendar == sorted(calendar)
        assert [end for _, end in calendar] == sorted(end for _, end in calendar)


def test_built_in_openshift_is_thirteen_lines_behind_kubernetes() -> None:
    openshift = platform_rules().named("openshift")
    assert openshift is not None
    assert openshift.minimum == (1, 24)
    for line in openshift.lines:
        assert line.product_version == f"4.{line.number[1] - 13}"


@given(st.permutations(platform_rules().distributions))
def test_order_of_distributions_never_changes_what_is_detected(order: list[Distribution]) -> None:
    rules = platform_rules()._replace(distributions=tuple(order))
    for text in ("v1.33.4+abc1234", "v1.33.4-eks-1-33-24", "v1.33.4+k3s1", "v1.33.4-r0-33.0.4", "v1.31.5+1.el8"):
        assert detected(rules, text) == detected(platform_rules(), text)
