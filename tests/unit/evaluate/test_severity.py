"""Which severity fits a stated impact."""

from itertools import combinations

import pytest

from perfana_support.evaluate.severity import fit
from perfana_support.model.ticket_policy import Impact, ticket_rules
from tests.unit.builders import policy

SEVERITIES = tuple(ticket_rules(policy().fields.support).severities.values())


def fitting(*impacts: Impact) -> str | None:
    severity = fit(frozenset(impacts), SEVERITIES).severity
    return severity.name if severity else None


@pytest.mark.parametrize(
    ("impacts", "name"),
    [
        ((Impact.PRODUCTION_DOWN,), "SEV1"),
        ((Impact.PRODUCTION_DOWN, Impact.FEW_USERS), "SEV1"),
        ((Impact.MAJOR_MALFUNCTION, Impact.MANY_USERS), "SEV1"),
        ((Impact.MAJOR_MALFUNCTION, Impact.SERIOUS_DEGRADATION), "SEV2"),
        ((Impact.SERIOUS_DEGRADATION,), "SEV2"),
        ((Impact.SERIOUS_DEGRADATION, Impact.MANY_USERS), "SEV2"),
        ((Impact.MODERATE_BUSINESS_IMPACT,), "SEV3"),
        ((Impact.MODERATE_BUSINESS_IMPACT, Impact.MANY_USERS), "SEV3"),
        ((Impact.LIMITED_BUSINESS_IMPACT,), "SEV4"),
        ((Impact.LIMITED_BUSINESS_IMPACT, Impact.SERIOUS_DEGRADATION), "SEV2"),
        ((Impact.MAJOR_MALFUNCTION,), None),
        ((Impact.MAJOR_MALFUNCTION, Impact.SOME_USERS), None),
        ((Impact.MAJOR_MALFUNCTION, Impact.FEW_USERS), None),
        ((Impact.MANY_USERS,), None),
        ((Impact.FEW_USERS,), None),
        ((), None),
    ],
)
def test_severity_that_fits(impacts: tuple[Impact, ...], name: str | None) -> None:
    assert fitting(*impacts) == name


def test_what_a_more_severe_one_would_need_is_told() -> None:
    found = fit(frozenset({Impact.MAJOR_MALFUNCTION, Impact.SERIOUS_DEGRADATION}), SEVERITIES)
    assert found.nearest is not None
    assert (found.nearest.name, found.missing) == ("SEV1", (Impact.MANY_USERS,))
    assert fit(frozenset({Impact.PRODUCTION_DOWN}), SEVERITIES).nearest is None
    assert fit(frozenset({Impact.LIMITED_BUSINESS_IMPACT}), SEVERITIES).missing == ()
    assert fit(frozenset(), SEVERITIES) == (None, None, ())


def test_more_impact_never_makes_it_less_severe() -> None:
    names = [severity.name for severity in SEVERITIES]
    for size in range(len(Impact)):
        for impacts in combinations(Impact, size):
            one = fitting(*impacts)
            for more in Impact:
                other = fitting(*impacts, more)
                assert one is None or (other is not None and names.index(other) <= names.index(one))


def test_definitions_are_the_policys() -> None:
    assert SEVERITIES[0].definition == (
        "Production application down or major malfunction affecting business and high number of staff"
    )
    assert [severity.name for severity in SEVERITIES] == ["SEV1", "SEV2", "SEV3", "SEV4"]
