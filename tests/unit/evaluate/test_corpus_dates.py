"""Days on which time alone changes a verdict, and the edges of a day (tests/data/corpus/dates.yaml)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import pytest

from perfana_support.evaluate.verdict import SUMMED_UP, evaluate
from perfana_support.model.check import read_check
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.installation import Platform
from perfana_support.model.verdict import Verdict
from perfana_support.sources import clock
from tests.corpus.cases import CORPUS, load
from tests.unit.builders import installation, policy, supported

GROUPS: list[dict[str, Any]] = load(CORPUS / "dates.yaml")
FIELDS = {"name", "images", "condition", "policy", "check", "kubernetes_version", "days", "instants"}


class Row(NamedTuple):
    """One day or instant of a group, and what must hold then."""

    group: Mapping[str, Any]
    when: str
    expect: str

    @property
    def day(self) -> date:
        """The day in UTC."""
        if "T" not in self.when:
            return date.fromisoformat(self.when)
        return datetime.fromisoformat(self.when).astimezone(UTC).date()

    @property
    def is_about_what_runs(self) -> bool:
        """Whether the condition takes part in `Supported`, or is it."""
        return ConditionType(self.group["condition"]) in {ConditionType.SUPPORTED, *SUMMED_UP}


def rows(field: str) -> list[Row]:
    """List all rows that are written as days, or as instants."""
    return [Row(group, when, expect) for group in GROUPS for when, expect in group.get(field, {}).items()]


DAYS, INSTANTS = rows("days"), rows("instants")


def judge(group: Mapping[str, Any], day: date) -> Verdict:
    check = read_check(group.get("check"))
    if "kubernetes_version" in group:
        check = check._replace(platform=Platform(group["kubernetes_version"]))
    return evaluate(installation(*group["images"]), policy(group.get("policy")), day, check)


def found(group: Mapping[str, Any], day: date) -> str:
    condition = judge(group, day).condition(ConditionType(group["condition"]))
    return f"{condition.status} {condition.reason}"


def name_of(row: Row) -> str:
    return f"{row.group['name']}-{row.when}".replace(" ", "-")


@pytest.mark.parametrize("row", DAYS, ids=name_of)
def test_day(row: Row) -> None:
    assert found(row.group, row.day) == row.expect


@pytest.mark.parametrize("row", INSTANTS, ids=name_of)
def test_instant(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:  # noqa: ANN401 - the same as the one that it takes the place of
            return datetime.fromisoformat(row.when).astimezone(tz)

    monkeypatch.setattr(clock, "datetime", Stopped)
    assert clock.today() == clock.now().date() == row.day
    assert found(row.group, clock.today()) == row.expect


@pytest.mark.parametrize(
    "row", [row for row in (*DAYS, *INSTANTS) if not row.expect.startswith("True") and row.is_about_what_runs], ids=name_of
)
def test_what_is_not_supportable_is_never_supported(row: Row) -> None:
    assert supported(judge(row.group, row.day)) is not Status.TRUE


@pytest.mark.parametrize("group", GROUPS, ids=[group["name"].replace(" ", "-") for group in GROUPS])
def test_every_change_is_known_the_day_before(group: Mapping[str, Any]) -> None:
    labels = {row.day: row.expect for row in (*DAYS, *INSTANTS) if row.group is group}
    for day, expect in labels.items():
        before = day - timedelta(days=1)
        if labels.get(before, expect) != expect:
            transition = judge(group, before).next_transition
            assert transition is not None, day
            assert transition.day == day


def test_corpus_is_large_and_has_known_fields_and_unique_names() -> None:
    assert len(DAYS) + len(INSTANTS) >= 80
    assert {field for group in GROUPS for field in group} <= FIELDS
    names = [group["name"] for group in GROUPS]
    assert sorted(set(names)) == sorted(names)


def test_every_line_with_an_end_and_29_february_are_in_it() -> None:
    ends = {str(line.end_of_life_on) for line in policy().lines.values() if line.end_of_life_on}
    days = {row.when for row in DAYS}
    assert ends <= days
    assert {day for day in days if day.endswith("-02-29")} >= {"2028-02-29", "2032-02-29"}
