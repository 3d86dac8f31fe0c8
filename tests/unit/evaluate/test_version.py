"""VersionSupported: end of life, lookahead, and what is wrong with a release."""

from datetime import date, timedelta

import pytest

from perfana_support.evaluate.inventory import take_inventory
from perfana_support.evaluate.verdict import evaluate
from perfana_support.evaluate.version import judge as judge_version
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.installation import Installation, Location
from perfana_support.model.verdict import Verdict
from tests.unit.builders import (
    FOREVER,
    NAMESPACE,
    TODAY,
    codes,
    judge,
    line_of,
    policy,
    supported,
    waiver,
    without_dependencies,
    workload,
)

OWN_RELEASE = {"endOfLife": {"clockStartsAt": "OwnRelease"}}
DAY = timedelta(days=1)
LOOKAHEAD = timedelta(days=90)

# An image of each line, the last day of support by SuccessorRelease, and by OwnRelease.
LINES: dict[str, tuple[str, date | None, date]] = {
    "2.1": ("perfana/perfana-fe:perfana-2.1.0", date(2024, 4, 11), date(2024, 3, 13)),
    "2.2": ("perfana/perfana-fe:perfana-2.2.1", date(2024, 6, 10), date(2024, 4, 11)),
    "2.3": ("perfana/perfana-fe:perfana-2.3.0", date(2024, 9, 29), date(2024, 6, 10)),
    "2.4": ("perfana/perfana-fe:perfana-2.4.4", date(2025, 4, 16), date(2024, 9, 29)),
    "2.5": ("perfana/perfana-fe:perfana-2.5.2", date(2025, 11, 7), date(2025, 4, 16)),
    "2.6": ("perfana/perfana-fe:perfana-2.6.1", date(2026, 4, 5), date(2025, 11, 7)),
    "3.1": ("perfana/perfana-fe:perfana-3.1.0", date(2026, 7, 12), date(2026, 4, 5)),
    "3.2": ("perfana/perfana-fe:perfana-3.2.0", date(2027, 2, 1), date(2026, 7, 12)),
    "3.3": ("perfana/perfana-fe:perfana-3.3.0", date(2027, 7, 15), date(2027, 2, 1)),
    "3.5": ("perfana/perfana-fe:perfana-3.5.3", date(2027, 12, 13), date(2027, 7, 15)),
    "4.0": ("perfana/perfana-web:perfana-4.0.0", date(2028, 3, 23), date(2027, 12, 13)),
    "0.1": ("perfana/perfana-web:0.1.0", date(2028, 3, 23), date(2028, 3, 23)),
    "0.2": ("perfana/perfana-web:0.2.96.22", None, date(2028, 3, 23)),
}
OPEN = ["0.2"]
BY_SUCCESSOR = [(image, end) for image, end, _ in LINES.values() if end]
BY_OWN = [(image, end) for image, _, end in LINES.values()]
# Today, by the worked example.
STATUS_TODAY = dict.fromkeys(["2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1"], "EndOfLife") | {"3.2": "ApproachingEndOfLife"}


def _reason(verdict: Verdict) -> str:
    return verdict.condition(ConditionType.VERSION_SUPPORTED).reason


def _ageing(verdict: Verdict) -> list[str]:
    return [code for code in codes(verdict) if code in ("EndOfLife", "ApproachingEndOfLife")]


@pytest.mark.parametrize(
    ("image", "end", "own"), [(*pair, False) for pair in BY_SUCCESSOR] + [(*pair, True) for pair in BY_OWN]
)
def test_line_on_the_days_around_its_end_and_its_lookahead(image: str, end: date, *, own: bool) -> None:
    at_risk_from = end - LOOKAHEAD
    timeline = [
        (at_risk_from - DAY, []),
        (at_risk_from, ["ApproachingEndOfLife"]),
        (at_risk_from + DAY, ["ApproachingEndOfLife"]),
        (end - DAY, ["ApproachingEndOfLife"]),
        (end, ["ApproachingEndOfLife"]),
        (end + DAY, ["EndOfLife"]),
        (date.max, ["EndOfLife"]),
    ]
    verdicts = [judge(image, as_of=day, spec=OWN_RELEASE if own else None) for day, _ in timeline]
    assert [_ageing(verdict) for verdict in verdicts] == [expected for _, expected in timeline]
    assert [supported(verdict) for verdict in verdicts] == [Status.TRUE] * 5 + [Status.FALSE] * 2
    assert {verdict.support_ends_on for verdict in verdicts} == {end}


@pytest.mark.parametrize("line", LINES)
def test_worked_example_today(line: str) -> None:
    image, end, _ = LINES[line]
    verdict = judge(image)
    assert _ageing(verdict) == ([STATUS_TODAY[line]] if line in STATUS_TODAY else [])
    assert verdict.support_ends_on == end


@pytest.mark.parametrize("line", OPEN)
def test_line_without_successor_has_no_end(line: str) -> None:
    verdict = judge(LINES[line][0], as_of=date.max)
    assert _ageing(verdict) == []
    assert verdict.support_ends_on is None
    assert supported(verdict) is Status.TRUE


def test_worked_example_has_every_line() -> None:
    assert list(LINES) == list(policy().lines)


def test_end_of_life_on_28_february_after_a_release_on_the_29th() -> None:
    spec = {"lines": [{"name": "0.3", "firstReleasedOn": "2028-02-29"}]}
    days = [date(2030, 2, 27), date(2030, 2, 28), date(2030, 3, 1)]
    assert [_ageing(judge(LINES["0.2"][0], as_of=day, spec=spec)) for day in days] == [
        ["ApproachingEndOfLife"],
        ["ApproachingEndOfLife"],
        ["EndOfLife"],
    ]


def test_end_of_life_names_line_day_and_reason() -> None:
    assert line_of(judge("perfana/perfana-fe:perfana-2.4.4"), "EndOfLife") == (
        "perfana/perfana-fe runs 2.4.4; line 2.4 reached its end of life on 2025-04-16 "
        "(line 2.5 came out on 2023-04-16, plus 2 years)"
    )


def test_end_of_life_by_own_release_names_its_own_day() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.1.0", spec={"endOfLife": {"clockStartsAt": "OwnRelease", "years": 1}})
    assert "(it came out on 2024-04-05, plus 1 year)" in line_of(verdict, "EndOfLife")


def test_stated_end_of_life_names_the_policy() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.1.0", spec={"lines": [{"name": "3.1", "endOfLifeOn": "2026-12-01"}]})
    assert line_of(verdict, "ApproachingEndOfLife") == (
        "perfana/perfana-fe runs 3.1.0; line 3.1 is supported until 2026-12-01 (the policy states this day)"
    )


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("perfana/perfana-fe:2.46.1", "UnknownRelease"),
        ("perfana/perfana-fe:perfana-3.4.0", "UnknownRelease"),
        ("perfana/perfana-web:0.0.9", "UnknownRelease"),
        ("perfana/perfana-web:0.3.0", "NewerThanPolicy"),
        ("perfana/perfana-web:4.1.0", "NewerThanPolicy"),
        ("perfana/perfana-web:0.3", "NewerThanPolicy"),
        ("perfana/perfana-fe:perfana-4.1.0", "NewerThanPolicy"),
        ("perfana/perfana-fe:perfana-0.3.0", "UnknownRelease"),
        ("perfana/perfana-fe:perfana-3.6.0", "UnknownRelease"),
        ("perfana/perfana-web:3.4.0", "UnknownRelease"),
        ("perfana/perfana-web:latest", "VersionUndetermined"),
        ("perfana/perfana-web", "VersionUndetermined"),
    ],
)
def test_release_that_cannot_be_placed_is_undetermined(image: str, code: str) -> None:
    verdict = judge(image)
    assert codes(verdict) == [code]
    assert _reason(verdict) == code
    assert supported(verdict) is Status.UNKNOWN
    assert verdict.support_ends_on is None


def test_message_tells_a_component_version_from_a_release() -> None:
    assert line_of(judge("perfana/perfana-fe:2.46.1"), "UnknownRelease") == (
        "2.46.1 is a version of perfana/perfana-fe alone, and no release in policy default lists it"
    )
    assert line_of(judge("perfana/perfana-fe:perfana-3.4.0"), "UnknownRelease") == (
        "3.4.0 is of line 3.4, which policy default does not list"
    )


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("perfana/perfana-web", "has no tag, which names no release"),
        ("perfana/perfana-web@sha256:" + "0" * 64, "has only a digest, which names no release"),
        ("perfana/perfana-web:latest", "tag latest names no release"),
        ("{{ x }}", "the image reference '{{ x }}' cannot be read, so it may be any image"),
        ("", "the image reference '' cannot be read, so it may be any image"),
    ],
)
def test_message_says_why_no_version_is_known(image: str, words: str) -> None:
    assert line_of(judge(image), "VersionUndetermined").endswith(words)


def test_what_the_source_could_not_show_is_undetermined() -> None:
    gaps = ("pods cannot be listed: forbidden",)
    installation = Installation(NAMESPACE, (workload("perfana/perfana-web:0.2.96.22"),), gaps)
    verdict = evaluate(installation, without_dependencies(policy()), TODAY)
    assert codes(verdict) == ["WorkloadsUnreadable"]
    assert supported(verdict) is Status.UNKNOWN
    assert gaps[0] in verdict.findings[0].message


def test_floating_tag_is_judged_by_its_line() -> None:
    verdict = judge("perfana/perfana-fe:perfana-2.4")
    assert codes(verdict) == ["EndOfLife", "FloatingTag"]
    assert line_of(verdict, "FloatingTag") == "tag perfana-2.4 names line 2.4, not a release: what runs can change"


def test_unlisted_number_of_a_known_line_is_judged_by_the_line() -> None:
    verdict = judge("perfana/perfana-web:0.2.96.99")
    assert codes(verdict) == ["UnlistedPatch"]
    assert supported(verdict) is Status.TRUE
    assert verdict.findings[0].remediation == "newest listed release of the line: 0.2.96.22"


def test_unlisted_number_of_a_line_without_releases() -> None:
    spec = {"lines": [{"name": "0.3", "firstReleasedOn": "2026-11-01"}]}
    verdict = judge("perfana/perfana-web:0.3.1", spec=spec)
    assert verdict.findings[0].remediation == "no release of the line is listed"


@pytest.mark.parametrize(
    ("release", "count"),
    [("0.2.96.20", "1 later release of line 0.2 fixes"), ("0.2.96.21", ""), ("0.2.95.9", "2 later releases of line 0.2 fix")],
)
def test_security_fixes_that_are_missing_are_counted(release: str, count: str) -> None:
    verdict = judge(f"perfana/perfana-web:{release}")
    found = [finding.message for finding in verdict.findings if finding.code == "SecurityFixMissing"]
    assert [message[: len(count)] for message in found] == ([count] if count else [])


def test_security_fix_of_another_line_is_not_missing() -> None:
    assert codes(judge("perfana/perfana-web:0.1.0")) == ["UpgradeAvailable"]


def test_known_defect_is_at_risk_and_names_the_fix() -> None:
    verdict = judge("perfana/perfana-worker:0.2.47.72")
    assert line_of(verdict, "KnownDefect") == "the vendor lists perfana/perfana-worker 0.2.47.72 as broken: crash loop"
    assert verdict.findings[0].remediation.startswith("fixed in 0.2.47.73; ")
    assert (_reason(verdict), verdict.is_at_risk) == ("KnownDefect", True)


def test_defect_is_of_the_repositories_that_have_it_and_of_its_releases() -> None:
    for image in ("perfana/perfana-web:0.2.47.72", "perfana/perfana-worker:0.2.47.73", "perfana/perfana-worker:0.2.47.71"):
        assert "KnownDefect" not in codes(judge(image)), image


def test_mixed_releases_lists_who_runs_what() -> None:
    verdict = judge("perfana/perfana-web:0.2.96.22", "perfana/perfana-api:0.2.96.21", "perfana/perfana-worker:0.2.96.21")
    assert line_of(verdict, "MixedReleases") == (
        "different releases of components that must carry one number: "
        "0.2.96.21: perfana/perfana-api, perfana/perfana-worker; 0.2.96.22: perfana/perfana-web"
    )


def test_mixed_lines_lists_who_runs_what() -> None:
    verdict = judge("perfana/perfana-web:0.2", "perfana/perfana-fe:perfana-3.5.0")
    assert line_of(verdict, "MixedReleases") == (
        "different release lines side by side: 0.2: perfana/perfana-web; 3.5.0: perfana/perfana-fe"
    )


def test_mixed_releases_points_at_the_first_place() -> None:
    placed = []
    for line, image in ((9, "perfana/perfana-web:0.2.96.22"), (4, "perfana/perfana-api:0.2.96.21")):
        made = workload(image, name=f"w{line}")
        places = tuple(container._replace(location=Location("f.yaml", line)) for container in made.containers)
        placed.append(made._replace(containers=places))
    inventory = take_inventory(Installation(NAMESPACE, tuple(placed)), policy())
    found = [f for f in judge_version(inventory, policy(), TODAY) if f.code == "MixedReleases"]
    assert [finding.location for finding in found] == [Location("f.yaml", 4)]


def test_one_number_is_asked_of_the_lines_whose_components_carry_one() -> None:
    following = {
        "name": "next",
        "lines": ["0.3"],
        "numbering": "Component",
        "sameRelease": True,
        "components": [{"repository": "perfana/perfana-fe"}, {"repository": "perfana/perfana-check"}],
    }
    spec = {"lines": [{"name": "0.3", "firstReleasedOn": "2026-11-01"}], "productLines": [following]}
    for line, is_mixed in (("3.5", False), ("0.3", True)):
        images = (f"perfana/perfana-fe:perfana-{line}.0", f"perfana/perfana-check:perfana-{line}.1")
        assert ("MixedReleases" in codes(judge(*images, spec=spec))) is is_mixed


def test_floating_tag_beside_a_release_of_its_line_is_no_mixture() -> None:
    assert "MixedReleases" not in codes(judge("perfana/perfana-web:0.2", "perfana/perfana-api:0.2.96.22"))


def test_retired_component_is_found_beside_its_successor_alone() -> None:
    beside = judge("perfana/perfana-grafana-sync:0.2.96.22", "perfana/perfana-scheduler:3.2.7")
    assert line_of(beside, "RetiredComponent") == (
        "perfana/perfana-grafana-sync took the place of perfana/perfana-scheduler, and both run"
    )
    assert "RetiredComponent" not in codes(judge("perfana/perfana-web:0.2.96.22", "perfana/perfana-scheduler:3.2.7"))


def test_stale_policy_is_said_once_and_names_the_policy() -> None:
    verdict = judge("perfana/perfana-web:0.2.96.22", "perfana/perfana-api:0.2.96.22", as_of=date(2027, 5, 24))
    assert codes(verdict) == ["PolicyStale"]
    (finding,) = verdict.findings
    assert (finding.subject.kind, finding.subject.name) == ("SupportPolicy", "default")
    assert supported(verdict) is Status.TRUE


@pytest.mark.parametrize(
    ("image", "is_available"),
    [
        ("perfana/perfana-web:0.2.96.22", False),
        ("perfana/perfana-web:0.2.96.99", False),
        ("perfana/perfana-web:0.2.96.21", True),
        ("perfana/perfana-web:0.1.0", True),
        ("perfana/perfana-web:perfana-4.0.0", True),
        ("perfana/perfana-fe:3.3.0", True),
    ],
)
def test_upgrade_is_available_for_what_came_out_earlier(image: str, *, is_available: bool) -> None:
    assert ("UpgradeAvailable" in codes(judge(image))) is is_available


def test_component_that_the_line_never_had_is_told_where_to_go() -> None:
    verdict = judge("perfana/perfana-fe:perfana-4.0")
    by_code = {str(finding.code): finding for finding in verdict.findings}
    unknown = by_code["UnknownRelease"]
    assert unknown.message == "line 4.0 has no perfana/perfana-fe, so perfana-4.0 is no release of it"
    replaced = "upgrade to release 0.2.96.22, where perfana/perfana-web:0.2.96.22 takes the place of perfana/perfana-fe"
    assert unknown.remediation == replaced
    assert by_code["FloatingTag"].remediation == f"set the tag of a released build; {replaced}"


def test_line_that_ended_has_ended_for_what_it_never_had() -> None:
    verdict = judge("perfana/perfana-web:perfana-3.1.0", waivers=(waiver("EndOfLife", FOREVER),))
    assert supported(judge("perfana/perfana-web:perfana-3.1.0")) is Status.FALSE
    assert supported(verdict) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("image", "advice"),
    [
        ("perfana/perfana-web:perfana-4.1.0", "basePolicy: None"),
        ("perfana/perfana-web:0.3.1", "or add line 0.3"),
    ],
)
def test_line_to_add_is_advised_only_where_a_policy_can_add_it(image: str, advice: str) -> None:
    (finding,) = [finding for finding in judge(image).findings if finding.code == "NewerThanPolicy"]
    assert advice in finding.remediation
