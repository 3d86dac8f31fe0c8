"""The policy as values: end of life, succession, indexes, mirrors."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.image import parse_image
from perfana_support.model.policy import CatalogueRelease, ClockStart, EndOfLifeRule, Policy, StatedLine, date_lines
from perfana_support.model.release import Release, parse_release
from tests.unit.builders import policy

# In order of succession, which no number tells: 0.1 and 0.2 came after 4.0. Every pair is tested.
SUCCESSION = [
    "2.1.0",
    "2.2.0",
    "2.2.1",
    "2.4.4",
    "2.5.0",
    "2.6.1",
    "3.1.0",
    "3.2.0",
    "3.3.0",
    "3.5.0",
    "3.5.3",
    "4.0.0",
    "0.1.0",
    "0.2.0",
    "0.2.9",
    "0.2.10",
    "0.2.23",
    "0.2.23.1",
    "0.2.24.0",
    "0.2.61.99",
    "0.2.61.105",
    "0.2.96.22",
]

# The worked example: line, last day of support by SuccessorRelease, and by OwnRelease. None: no end yet.
ENDS: dict[str, tuple[str | None, str]] = {
    "2.1": ("2024-04-11", "2024-03-13"),
    "2.2": ("2024-06-10", "2024-04-11"),
    "2.3": ("2024-09-29", "2024-06-10"),
    "2.4": ("2025-04-16", "2024-09-29"),
    "2.5": ("2025-11-07", "2025-04-16"),
    "2.6": ("2026-04-05", "2025-11-07"),
    "3.1": ("2026-07-12", "2026-04-05"),
    "3.2": ("2027-02-01", "2026-07-12"),
    "3.3": ("2027-07-15", "2027-02-01"),
    "3.5": ("2027-12-13", "2027-07-15"),
    "4.0": ("2028-03-23", "2027-12-13"),
    "0.1": ("2028-03-23", "2028-03-23"),
    "0.2": (None, "2028-03-23"),
}
BY_OWN_RELEASE = {"endOfLife": {"clockStartsAt": "OwnRelease"}}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _catalogued(version: str, owner: Policy) -> CatalogueRelease:
    number = parse_release(version)
    assert number is not None
    return owner.releases[number]


def _stated(name: str, day: date, end: date | None = None) -> StatedLine:
    return StatedLine(name, day, end, "")


@pytest.mark.parametrize(("line", "ends"), ENDS.items())
def test_end_of_life_of_the_worked_example(line: str, ends: tuple[str | None, str]) -> None:
    by_successor, by_own = policy().lines[line], policy(BY_OWN_RELEASE).lines[line]
    assert (_text(by_successor.end_of_life_on), _text(by_own.end_of_life_on)) == ends


def test_worked_example_has_every_line() -> None:
    assert list(ENDS) == list(policy().lines)


def test_line_is_at_risk_lookahead_days_before_its_end() -> None:
    owner = policy()
    assert owner.at_risk_from(owner.lines["3.2"]) == date(2026, 11, 3)
    assert owner.at_risk_from(owner.lines["0.2"]) is None


def test_lookahead_of_no_days_is_the_end_itself() -> None:
    owner = policy({"endOfLife": {"lookaheadDays": 0}})
    assert owner.at_risk_from(owner.lines["3.2"]) == date(2027, 2, 1)


@pytest.mark.parametrize(
    ("years", "end"), [(0, date(2024, 2, 29)), (1, date(2025, 2, 28)), (2, date(2026, 2, 28)), (4, date(2028, 2, 29))]
)
def test_clock_that_starts_on_29_february(years: int, end: date) -> None:
    rule = EndOfLifeRule(ClockStart.SUCCESSOR_RELEASE, years, 90)
    first, _ = date_lines([_stated("1.0", date(2023, 1, 1)), _stated("1.1", date(2024, 2, 29))], rule)
    assert first.end_of_life_on == end


def test_stated_end_wins_over_either_rule() -> None:
    stated = date(2030, 1, 1)
    for clock in ClockStart:
        lines = date_lines([_stated("1.0", date(2023, 1, 1), stated)], EndOfLifeRule(clock, 2, 90))
        assert [(line.end_of_life_on, line.is_end_stated) for line in lines] == [(stated, True)]


def test_end_by_rule_is_not_stated() -> None:
    assert not any(line.is_end_stated for line in policy().lines.values())


def test_last_line_has_no_end_until_a_successor_is_out() -> None:
    rule = EndOfLifeRule(ClockStart.SUCCESSOR_RELEASE, 2, 90)
    (last,) = date_lines([_stated("1.0", date(2023, 1, 1))], rule)
    assert (last.end_of_life_on, last.successor) == (None, None)


def test_end_far_away_stops_at_the_calendars_end() -> None:
    rule = EndOfLifeRule(ClockStart.OWN_RELEASE, 100, 90)
    (line,) = date_lines([_stated("1.0", date(9950, 1, 1))], rule)
    assert line.end_of_life_on == date.max


def test_successor_is_the_next_line_of_the_data_and_not_of_the_numbers() -> None:
    lines = policy().lines
    assert lines["4.0"].successor == "0.1"
    assert lines["2.6"].successor == "3.1"
    assert lines["0.2"].successor is None


def test_line_that_a_policy_adds_ends_the_one_before() -> None:
    lines = policy({"lines": [{"name": "0.3", "firstReleasedOn": "2027-01-31"}]}).lines
    assert (lines["0.2"].end_of_life_on, lines["0.2"].successor) == (date(2029, 1, 31), "0.3")
    assert lines["0.3"].end_of_life_on is None


@pytest.mark.parametrize(("earlier", "later"), list(combinations(SUCCESSION, 2)))
def test_succession_is_lines_first_and_numbers_inside_a_line(earlier: str, later: str) -> None:
    owner = policy()
    assert owner.succession(_catalogued(earlier, owner)) < owner.succession(_catalogued(later, owner))


def test_numbering_starts_anew_where_numbers_fall() -> None:
    assert [[line.name for line in run] for run in policy().numberings] == [list(ENDS)[:-2], ["0.1", "0.2"]]


def test_component_is_part_of_all_product_lines_that_list_it() -> None:
    found = policy().product_lines_of["docker.io/perfana/perfana-fe"]
    assert [each.name for each in found] == ["classic-2.1", "classic-2.4", "classic-3.1", "classic-3.2"]
    assert {name for each in found for name in each.lines} == {line for line in policy().lines if line[0] in "23"}


def test_newest_of_a_line_is_its_highest_number_and_not_its_last_entry() -> None:
    newest = policy(
        {"releases": [{"version": "4.0.7", "releasedOn": "2026-01-01"}, {"version": "4.0.3", "releasedOn": "2026-01-02"}]}
    )
    assert newest.newest_of_line["4.0"].version == "4.0.7"
    assert policy().newest_of_line["0.2"].version == "0.2.96.22"


def test_security_releases_are_ascending() -> None:
    fixes = [release.number for release in policy().security_releases["0.2"]]
    assert fixes == sorted(fixes)
    assert fixes[-1] == Release(0, 2, 96, 21)


def test_component_version_of_two_releases_counts_for_the_earlier_line() -> None:
    components = [{"repository": "perfana/perfana-fe", "version": "3.3.0"}]
    owner = policy({"releases": [{"version": "3.5.0", "components": components}]})
    assert owner.component_releases["docker.io/perfana/perfana-fe", Release(3, 3, 0)].version == "3.3.0"


def test_policy_is_stale_after_its_age() -> None:
    assert policy().stale_after == date(2027, 5, 23)
    assert policy({"maxPolicyAgeDays": 1}).stale_after == date(2026, 11, 25)


MIRRORS = [
    {"from": "harbor.example.com/dockerhub/", "to": "docker.io/"},
    {"from": "harbor.example.com/dockerhub/vendor/", "to": "docker.io/perfana/"},
    {"from": "quay.example.com/perfana/", "to": "perfana/"},
    {"from": "acme/", "to": "index.docker.io/perfana/"},
    {"from": "cache.example.com:5000/", "to": "registry.example.com/"},
]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ("harbor.example.com/dockerhub/perfana/perfana-web:1.0", "docker.io/perfana/perfana-web"),
        ("harbor.example.com/dockerhub/vendor/perfana-web:1.0", "docker.io/perfana/perfana-web"),
        ("quay.example.com/perfana/perfana-web:1.0", "docker.io/perfana/perfana-web"),
        ("acme/perfana-web:1.0", "docker.io/perfana/perfana-web"),
        ("docker.io/acme/perfana-web:1.0", "docker.io/perfana/perfana-web"),
        ("cache.example.com:5000/a/b/c:1.0", "registry.example.com/a/b/c"),
    ],
)
def test_mirrored_repository_is_the_one_it_copies(image: str, source: str) -> None:
    reference = parse_image(image)
    assert reference is not None
    assert policy({"images": {"mirrors": MIRRORS}}).resolve_mirror(reference) == (source, True)


@pytest.mark.parametrize(
    "image",
    ["perfana/perfana-web", "harbor.example.com/dockerhubs/perfana/perfana-web", "harbor.example.com/other/web"],
)
def test_repository_outside_of_the_mirrors_stands_for_itself(image: str) -> None:
    reference = parse_image(image)
    assert reference is not None
    assert policy({"images": {"mirrors": MIRRORS}}).resolve_mirror(reference) == (reference.repository, False)


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6), st.integers(0, 20), st.sampled_from(ClockStart))
def test_ends_follow_each_other_like_the_lines(gaps: list[int], years: int, clock: ClockStart) -> None:
    day = date(2020, 2, 29)
    stated = []
    for place, gap in enumerate(gaps):
        day += timedelta(days=gap)
        stated.append(_stated(f"1.{place}", day))
    ends = [line.end_of_life_on or date.max for line in date_lines(stated, EndOfLifeRule(clock, years, 90))]
    assert ends == sorted(ends)
