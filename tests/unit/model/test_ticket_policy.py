"""Reading what a policy says of tickets: its form, what an entry needs, and what must hold across."""

from datetime import date, time
from typing import Any

import pytest

from perfana_support.model.document import DocumentError, Node, Problem
from perfana_support.model.support_policy import KEYED_LISTS
from perfana_support.model.ticket_policy import (
    Coverage,
    Handling,
    ResponseTarget,
    TicketRules,
    Unit,
    read_ticket_rules,
    ticket_rules,
)
from perfana_support.sources.policy import builtin_document, builtin_policy, policy_of
from tests.unit.builders import policy, policy_document

RULES = ticket_rules(builtin_policy().fields.support)


def problems_of(support: dict[str, Any], **more: Any) -> list[str]:  # noqa: ANN401 - plain data
    try:
        policy_of(policy_document(support=support, **more))
    except DocumentError as error:
        return [str(problem) for problem in error.problems]
    return []


def overlaid(support: dict[str, Any]) -> TicketRules:
    return ticket_rules(policy({"support": support}).fields.support)


# --- the vendor's


def test_builtin_policy_has_the_vendors_targets() -> None:
    hours, days = Unit.HOURS, Unit.BUSINESS_DAYS
    assert {name: [tuple(each) for each in plan.targets.values()] for name, plan in RULES.plans.items()} == {
        "Free": [],
        "Team": [(2, hours), (6, hours), (1, days), (2, days)],
        "Enterprise": [(1, hours), (2, hours), (1, days), (2, days)],
    }
    assert {plan.name: (plan.has_portal, plan.has_weekends, plan.phone_severities) for plan in RULES.plans.values()} == {
        "Free": (False, False, ()),
        "Team": (True, False, ()),
        "Enterprise": (True, True, ("SEV1",)),
    }


def test_builtin_policy_has_the_vendors_hours_languages_and_portal() -> None:
    assert RULES.coverage == Coverage("+01:00", time(8), time(17), frozenset(range(5)), frozenset())
    assert [language.name for language in RULES.languages] == ["en", "nl"]
    assert RULES.portal == "https://jira.perfana.io/servicedesk"


def test_builtin_policy_excludes_what_the_vendor_excludes() -> None:
    excluded = {topic.name: topic.sentence for topic in RULES.topics.values() if topic.handling is Handling.EXCLUDED}
    assert {
        "Development questions or requests.",
        "Third-party application integrations",
        "Support for end-users",
        "Product training",
        "Consultancy Services",
        "System & Performance tuning",
        "Deployment & Capacity Planning",
        "Implementation, Installation & Upgrade Services",
    } <= {*excluded.values()}
    assert all(topic.words for topic in RULES.topics.values() if topic.handling is Handling.EXCLUDED)
    assert not [topic.name for topic in RULES.topics.values() if topic.handling is not Handling.EXCLUDED and topic.words]


def test_builtin_policy_read_in_full_has_no_fault() -> None:
    assert ticket_rules(policy_of(builtin_document()).fields.support) == RULES


# --- what a policy states over it


def test_overlay_changes_one_target_and_keeps_the_others() -> None:
    rules = overlaid({"plans": [{"name": "Team", "responseTargets": [{"severity": "SEV3", "amount": 4, "unit": "Hours"}]}]})
    assert rules.plans["Team"].targets == {
        **RULES.plans["Team"].targets,
        "SEV3": ResponseTarget(4, Unit.HOURS),
    }
    assert rules.plans["Enterprise"] == RULES.plans["Enterprise"]


def test_overlay_states_holidays_and_a_zone_and_keeps_the_hours() -> None:
    rules = overlaid({"coverage": {"timeZone": "Europe/Amsterdam", "holidays": ["2026-12-25"]}})
    expected = Coverage("Europe/Amsterdam", time(8), time(17), frozenset(range(5)), frozenset({date(2026, 12, 25)}))
    assert rules.coverage == expected


def test_overlay_adds_a_topic_behind_the_others_and_changes_one() -> None:
    topics = [{"name": "tuning", "handling": "Included"}, {"name": "dns", "handling": "Excluded", "sentence": "No DNS"}]
    rules = overlaid({"topics": topics})
    assert list(rules.topics) == [*RULES.topics, "dns"]
    assert rules.topics["tuning"] == RULES.topics["tuning"]._replace(handling=Handling.INCLUDED)


def test_lists_merge_by_key() -> None:
    assert KEYED_LISTS == {
        "plans": "name",
        "responseTargets": "severity",
        "severities": "name",
        "languages": "name",
        "topics": "name",
    }


def test_policy_without_a_base_says_nothing_of_tickets() -> None:
    rules = read_ticket_rules(Node({}, "", []))
    assert (rules.portal, rules.plans, rules.severities, rules.coverage, rules.languages, rules.topics) == (
        "",
        {},
        {},
        None,
        (),
        {},
    )
    assert not any(rules.sentences)


# --- faults

ADDRESS = "must be an address, for example https://jira.perfana.io/servicedesk"
PLAN = "spec.support.plans[0]"
COVERAGE = "spec.support.coverage"
ZONE = "must be an offset such as +01:00 or the name of a zone such as Europe/Amsterdam"
PHRASE = (
    'must be words as a summary may hold them, of 3 to 64 characters; "*train*" stands for all words that hold these letters'
)
SEVERITY = "must be the name of a severity, letters and numbers, for example SEV1"


def plan(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    return {"plans": [{"name": "Team", **fields}]}


@pytest.mark.parametrize(
    ("support", "problem"),
    [
        (plan(weekendCoverage=1), f"{PLAN}.weekendCoverage: must be true or false, is 1"),
        (plan(phoneSeverities=["SEV 1"]), f"{PLAN}.phoneSeverities[0]: {SEVERITY}, is 'SEV 1'"),
        (plan(responseTargets=[{"amount": 1}]), f"{PLAN}.responseTargets[0].severity: is missing, {SEVERITY}"),
        (
            plan(responseTargets=[{"severity": "SEV1", "amount": 0}]),
            f"{PLAN}.responseTargets[0].amount: must be a whole number from 1 to 1000, is 0",
        ),
        (
            plan(responseTargets=[{"severity": "SEV1", "unit": "Days"}]),
            f"{PLAN}.responseTargets[0].unit: must be one of Hours, BusinessDays, is 'Days'",
        ),
        (
            plan(responseTargets=[{"severity": "SEV1", "hours": 1}]),
            f"{PLAN}.responseTargets[0].hours: is not a known field, known are amount, severity, unit",
        ),
        ({"portal": "perfana"}, f"spec.support.portal: {ADDRESS}, is 'perfana'"),
        ({"coverage": {"timeZone": "+1"}}, f"{COVERAGE}.timeZone: {ZONE}, is '+1'"),
        ({"coverage": {"timeZone": "../x"}}, f"{COVERAGE}.timeZone: {ZONE}, is '../x'"),
        ({"coverage": {"opensAt": "8:00"}}, f"{COVERAGE}.opensAt: must be a time of day as HH:MM, is '8:00'"),
        ({"coverage": {"closesAt": "24:00"}}, f"{COVERAGE}.closesAt: must be a time of day as HH:MM, is '24:00'"),
        ({"coverage": {"closesAt": 17}}, f"{COVERAGE}.closesAt: must be a time of day as HH:MM, is 17"),
        ({"coverage": {"opensAt": "17:00"}}, f"{COVERAGE}.closesAt: must be later than opensAt, 17:00, is 17:00"),
        (
            {"coverage": {"opensAt": "17:00", "closesAt": "08:00"}},
            f"{COVERAGE}.closesAt: must be later than opensAt, 17:00, is 08:00",
        ),
        (
            {"coverage": {"weekdays": []}},
            f"{COVERAGE}.weekdays: must name at least one weekday, else no target is ever due",
        ),
        (
            {"coverage": {"weekdays": ["Mon"]}},
            f"{COVERAGE}.weekdays[0]: must be one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday, is 'Mon'",
        ),
        ({"coverage": {"holidays": ["25-12"]}}, f"{COVERAGE}.holidays[0]: must be a date as YYYY-MM-DD, is '25-12'"),
        ({"severities": [{"name": "SEV 1"}]}, f"spec.support.severities[0].name: {SEVERITY}, is 'SEV 1'"),
        (
            {"severities": [{"name": "SEV1", "fits": ["Down"]}]},
            (
                "spec.support.severities[0].fits[0]: must be one of ProductionDown, MajorMalfunction, SeriousDegradation, "
                "ManyUsers, "
                "SomeUsers, FewUsers, ModerateBusinessImpact, LimitedBusinessImpact, is 'Down'"
            ),
        ),
        (
            {"severities": [{"name": "SEV5"}]},
            'spec.support.severities["SEV5"].definition: is missing, must be what the severity means',
        ),
        (
            {"languages": [{"name": "NL", "title": "Dutch"}]},
            "spec.support.languages[0].name: must be two or three letters, for example nl, is 'NL'",
        ),
        ({"languages": [{"name": "de"}]}, 'spec.support.languages["de"].title: is missing, must be the language\'s name'),
        ({"topics": [{"name": "A"}]}, "spec.support.topics[0].name: must be lower-case words joined by -, is 'A'"),
        (
            {"topics": [{"name": "a", "handling": "Excluded"}]},
            'spec.support.topics["a"].sentence: is missing, must be the policy\'s sentence about it',
        ),
        (
            {"topics": [{"name": "a", "sentence": "No."}]},
            'spec.support.topics["a"].handling: is missing, must be one of Included, Excluded, UpgradeAssistance',
        ),
        ({"topics": [{"name": "training", "words": ["(a+)+$"]}]}, ""),  # no pattern, and so none that runs away
        ({"topics": [{"name": "training", "words": ["a*b"]}]}, f"spec.support.topics[0].words[0]: {PHRASE}, is 'a*b'"),
        ({"topics": [{"name": "training", "words": ["ab"]}]}, f"spec.support.topics[0].words[0]: {PHRASE}, is 'ab'"),
        (
            {"topics": [{"name": "training", "words": ["a" * 65]}]},
            f"spec.support.topics[0].words[0]: {PHRASE}, is '{'a' * 56}...",
        ),
        (
            {"sentences": {"other": "x"}},
            (
                "spec.support.sentences.other: is not a known field, known are community, guidance, knowledge, "
                "language, requesters, responseTargets"
            ),
        ),
        (
            plan(responseTargets=[{"severity": "SEV9", "amount": 1, "unit": "Hours"}]),
            (
                'spec.support.plans["Team"].responseTargets["SEV9"].severity: must name a severity of spec.support.severities, '
                "'SEV9' is not one"
            ),
        ),
        (
            plan(phoneSeverities=["SEV9"]),
            "spec.support.plans[\"Team\"].phoneSeverities: must name a severity of spec.support.severities, 'SEV9' is not one",
        ),
    ],
)
def test_fault_names_path_and_form(support: dict[str, Any], problem: str) -> None:
    assert problems_of(support) == ([problem] if problem else [])


def test_target_of_a_new_severity_needs_amount_and_unit() -> None:
    severities = [{"name": "SEV5", "definition": "none of these"}]
    support = {"severities": severities, **plan(responseTargets=[{"severity": "SEV5"}])}
    place = 'spec.support.plans["Team"].responseTargets["SEV5"]'
    assert [problem for problem in problems_of(support) if problem.startswith(place)] == [
        f"{place}.amount: is missing, must be a whole number from 1 to 1000",
        f"{place}.unit: is missing, must be one of Hours, BusinessDays",
    ]


def whole(support: dict[str, Any]) -> list[str]:
    spec = {**builtin_document()["spec"], "basePolicy": "None", "support": support}
    try:
        policy_of(policy_document(**spec))
    except DocumentError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_targets_need_hours_to_be_counted_in() -> None:
    severities = [{"name": "A", "definition": "all"}]
    support = {"severities": severities, **plan(responseTargets=[{"severity": "A", "amount": 1, "unit": "Hours"}])}
    assert whole(support) == [
        "spec.support.coverage: must state timeZone, opensAt, closesAt and weekdays: targets count in them"
    ]
    assert whole({**support, "coverage": {"opensAt": "08:00", "closesAt": "09:00"}}) == [
        f"{COVERAGE}.timeZone: is missing, {ZONE}",
        f"{COVERAGE}.weekdays: is missing, must be a list of weekdays",
    ]
    assert whole({}) == whole(plan(supportPortal=True)) == []


def test_every_fault_is_named_at_once() -> None:
    support = {"portal": "x", "coverage": {"opensAt": "x", "weekdays": []}, "topics": [{"name": "A"}], "plans": [{"name": ""}]}
    assert len(problems_of(support)) == 5
    assert all(isinstance(each, str) and each.startswith("spec.support.") for each in problems_of(support))
    assert Problem("a", "b")
