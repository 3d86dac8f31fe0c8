"""The verdict: three values, what is summed up, what is said, and what time will change next."""

from datetime import date

import pytest

from perfana_support.evaluate.verdict import EVALUATED, SUMMED_UP, evaluate, summarise
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.installation import Container, Installation, Workload
from perfana_support.model.verdict import ComponentSummary, Condition, Verdict
from tests.unit.builders import NAMESPACE, TODAY, codes, installation, judge, policy, supported, waiver, workload

NEWEST = "perfana/perfana-web:0.2.96.22"
OLD = "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"
UNKNOWN = "perfana/perfana-web:latest"
# The worst last: each beats all before it.
BY_STATUS = [(NEWEST, Status.TRUE), (UNKNOWN, Status.UNKNOWN), (SNAPSHOT, Status.FALSE)]
NOT_EVALUATED = [wanted for wanted in ConditionType if wanted not in EVALUATED and wanted is not ConditionType.SUPPORTED]

Change = tuple[str, str, str, str]


def _summary(verdict: Verdict) -> Condition:
    return verdict.condition(ConditionType.SUPPORTED)


def _change(verdict: Verdict) -> Change | None:
    change = verdict.next_transition
    return (change.day.isoformat(), str(change.condition), str(change.status), change.reason) if change else None


@pytest.mark.parametrize("better", range(3))
@pytest.mark.parametrize("worse", range(3))
def test_false_beats_unknown_beats_true(better: int, worse: int) -> None:
    (first, _), (second, _) = BY_STATUS[better], BY_STATUS[worse]
    assert supported(judge(first, second)) is BY_STATUS[max(better, worse)][1]


def test_all_conditions_are_there_in_their_order() -> None:
    wanted = [kind for kind in ConditionType if kind is not ConditionType.UPGRADE_SUPPORTED]
    assert [condition.type for condition in judge(NEWEST).conditions] == wanted


def test_upgrade_supported_is_there_with_a_target_alone() -> None:
    verdict = evaluate(installation(NEWEST), policy(), TODAY, has_target=True)
    assert [condition.type for condition in verdict.conditions] == list(ConditionType)
    assert _change(verdict) == _change(judge(NEWEST))


@pytest.mark.parametrize("wanted", NOT_EVALUATED)
def test_condition_without_rules_is_unknown_and_says_so(wanted: ConditionType) -> None:
    verdict = evaluate(installation(NEWEST), policy(), TODAY, has_target=True)
    condition = verdict.condition(wanted)
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "NotEvaluated")
    assert condition.message == f"this version has no rules for {wanted} yet"
    assert supported(verdict) is Status.TRUE


def test_summary_names_what_has_no_rules() -> None:
    assert _summary(judge(NEWEST)).message == (
        "VersionSupported and BuildSupported are True. No rules yet for ImagesUnmodified, ConfigurationUnmodified, "
        "PlatformSupported, DependenciesSupported"
    )


def test_summary_of_conditions_that_all_have_rules() -> None:
    conditions = [Condition(kind, Status.TRUE, "AllRulesMet", "fine") for kind in SUMMED_UP]
    assert summarise(conditions).message == " and ".join(SUMMED_UP) + " are True"


def test_summary_leaves_out_what_speaks_of_no_deployment() -> None:
    conditions = [Condition(kind, Status.TRUE, "AllRulesMet", "fine") for kind in SUMMED_UP]
    others = [kind for kind in ConditionType if kind not in SUMMED_UP]
    conditions += [Condition(kind, Status.FALSE, "MaintenanceExpired", "over") for kind in others]
    assert summarise(conditions).status is Status.TRUE


def test_summary_has_the_reason_of_the_worst_condition() -> None:
    assert [_summary(judge(image)).reason for image, _ in BY_STATUS] == ["AllRulesMet", "VersionUndetermined", "SnapshotBuild"]
    assert _summary(judge(OLD, SNAPSHOT)).reason == "EndOfLife"


def test_summary_has_the_reason_of_what_is_at_risk() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.2.0")
    assert (_summary(verdict).status, _summary(verdict).reason) == (Status.TRUE, "ApproachingEndOfLife")
    assert verdict.is_at_risk


def test_waived_risk_is_no_risk() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.2.0", waivers=(waiver("ApproachingEndOfLife", date.max),))
    assert not verdict.is_at_risk


def test_information_is_no_reason() -> None:
    condition = judge("perfana/perfana-web:0.2").condition(ConditionType.VERSION_SUPPORTED)
    assert (condition.status, condition.reason) == (Status.TRUE, "AllRulesMet")


def test_no_component_at_all_is_unknown() -> None:
    for verdict in (judge(), judge("nginx:1.29")):
        assert (_summary(verdict).status, _summary(verdict).reason) == (Status.UNKNOWN, "NoComponents")
        assert verdict.release is None
        assert verdict.next_transition is None


def test_test_repository_alone_is_a_component() -> None:
    assert supported(judge("perfana/perfana-web-test:0.2.96.22")) is Status.FALSE


def test_condition_counts_the_other_findings_of_its_effect() -> None:
    one = judge(OLD).condition(ConditionType.VERSION_SUPPORTED).message
    three = judge(OLD, OLD, OLD).condition(ConditionType.VERSION_SUPPORTED).message
    assert three == f"{one} (and 2 more)"


def test_findings_stand_worst_first() -> None:
    images = ("perfana/perfana-web:0.2.96.20", UNKNOWN, SNAPSHOT, OLD)
    assert codes(judge(*images)) == [
        "EndOfLife",
        "SnapshotBuild",
        "VersionUndetermined",
        "SecurityFixMissing",
        "MixedReleases",
        "RetiredComponent",
        "UpgradeAvailable",
        "UpgradeAvailable",
    ]


def test_containers_that_are_alike_give_one_finding() -> None:
    twins = Workload("Deployment", NAMESPACE, "a", (Container("c", SNAPSHOT), Container("c", SNAPSHOT)))
    assert codes(evaluate(Installation(NAMESPACE, (twins,)), policy(), TODAY)) == ["SnapshotBuild"]


def test_release_is_the_one_whose_support_ends_first() -> None:
    verdict = judge(NEWEST, OLD, "perfana/perfana-web:perfana-4.0.0", UNKNOWN)
    assert (verdict.release, verdict.support_ends_on) == ("3.1.0", date(2026, 7, 12))


def test_release_without_end_ends_last() -> None:
    assert judge(NEWEST, "perfana/perfana-web:0.1.0").release == "0.1.0"
    verdict = judge(NEWEST, "perfana/perfana-web:0.2.96.21")
    assert (verdict.release, verdict.support_ends_on) == ("0.2.96.21", None)


def test_spelling_of_the_release_does_not_depend_on_the_order() -> None:
    images = ["perfana/perfana-web:0.2.200", "perfana/perfana-api:0.2.200.0"]
    assert judge(*images).release == judge(*images[::-1]).release


def test_floating_line_has_an_end_and_no_release() -> None:
    verdict = judge("perfana/perfana-fe:perfana-3.5")
    assert (verdict.release, verdict.support_ends_on) == (None, date(2027, 12, 13))


def test_components_are_summed_up_by_image() -> None:
    pair = workload(NEWEST, NEWEST, name="a")
    other = workload(NEWEST, "nginx:1.29", "perfana/perfana-fe:2.46.1", name="b")
    verdict = evaluate(Installation(NAMESPACE, (other, pair)), policy(), TODAY)
    assert verdict.components == (
        ComponentSummary("perfana/perfana-fe", "2.46.1", "", "", 1),
        ComponentSummary("perfana/perfana-web", "0.2.96.22", "0.2.96.22", "0.2", 2),
    )


@pytest.mark.parametrize(
    ("image", "as_of", "change"),
    [
        (NEWEST, "2026-11-24", ("2027-05-24", "VersionSupported", "True", "PolicyStale")),
        (NEWEST, "2027-05-23", ("2027-05-24", "VersionSupported", "True", "PolicyStale")),
        (NEWEST, "2027-05-24", None),
        (OLD, "2026-04-12", ("2026-04-13", "VersionSupported", "True", "ApproachingEndOfLife")),
        (OLD, "2026-04-13", ("2026-07-13", "VersionSupported", "False", "EndOfLife")),
        (OLD, "2026-07-12", ("2026-07-13", "VersionSupported", "False", "EndOfLife")),
        (OLD, "2026-07-13", None),
        ("perfana/perfana-fe:3.3.0", "2026-11-24", ("2027-04-16", "VersionSupported", "True", "ApproachingEndOfLife")),
        ("perfana/perfana-fe:3.3.0", "2027-04-16", ("2027-07-16", "VersionSupported", "False", "EndOfLife")),
        (UNKNOWN, "2026-11-24", None),
        (SNAPSHOT, "2026-11-24", ("2027-05-24", "VersionSupported", "True", "PolicyStale")),
        ("perfana/perfana-web:0.2.96.20", "2026-11-24", None),
        ("nginx:1.29", "2026-11-24", None),
        (NEWEST, "9999-12-31", None),
    ],
)
def test_next_transition_is_the_first_day_on_which_something_changes(image: str, as_of: str, change: Change | None) -> None:
    assert _change(judge(image, as_of=date.fromisoformat(as_of))) == change


def test_next_transition_is_what_that_day_brings() -> None:
    for image in (NEWEST, OLD, "perfana/perfana-fe:3.3.0", "perfana/perfana-web:perfana-4.0.0"):
        day = date(2026, 1, 1)
        while change := judge(image, as_of=day).next_transition:
            then = judge(image, as_of=change.day)
            before = judge(image, as_of=date.fromordinal(change.day.toordinal() - 1))
            assert (then.condition(change.condition).status, then.condition(change.condition).reason) == change[2:]
            assert before.conditions != then.conditions
            assert [c[:3] for c in before.conditions] == [c[:3] for c in judge(image, as_of=day).conditions]
            day = change.day


def test_verdict_repeats_what_it_was_asked() -> None:
    verdict = judge(NEWEST, as_of=date(2027, 1, 2))
    assert (verdict.namespace, verdict.as_of) == (NAMESPACE, date(2027, 1, 2))
