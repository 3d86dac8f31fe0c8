"""The verdict: three values, what is summed up, what is said, and what time will change next."""

from datetime import date, timedelta

import pytest

from perfana_support.evaluate.verdict import SUMMED_UP, evaluate, summarise
from perfana_support.model.check import Check, Target
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.installation import Container, Declared, Installation, Node, Platform, Workload
from perfana_support.model.verdict import ComponentSummary, Condition, Verdict
from tests.unit.builders import (
    NAMESPACE,
    TODAY,
    codes,
    installation,
    judge,
    policy,
    supported,
    waiver,
    without_dependencies,
    workload,
)

NEWEST = "perfana/perfana-web:0.2.96.22"
OLD = "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT = "perfana/perfana-web:0.2.96.22-SNAPSHOT"
UNKNOWN = "perfana/perfana-web:latest"
# The worst last: each beats all before it.
BY_STATUS = [(NEWEST, Status.TRUE), (UNKNOWN, Status.UNKNOWN), (SNAPSHOT, Status.FALSE)]

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
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, Check(target=Target("0.2.96.22")))
    assert [condition.type for condition in verdict.conditions] == list(ConditionType)
    assert _change(verdict) == _change(judge(NEWEST))


@pytest.mark.parametrize("wanted", [kind for kind in SUMMED_UP if kind is not ConditionType.PLATFORM_SUPPORTED])
def test_condition_whose_rules_are_all_met_says_what_is_true(wanted: ConditionType) -> None:
    condition = judge(NEWEST).condition(wanted)
    assert condition == Condition(wanted, Status.TRUE, "AllRulesMet", SUMMED_UP[wanted])


def test_platform_that_manifests_cannot_show_is_not_observable_and_takes_no_part() -> None:
    verdict = judge(NEWEST)
    condition = verdict.condition(ConditionType.PLATFORM_SUPPORTED)
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "NotObservable")
    assert _summary(verdict) == Condition(
        ConditionType.SUPPORTED,
        Status.TRUE,
        "AllRulesMet",
        "all conditions that could be observed are met. Not observable here and left out: PlatformSupported",
    )


@pytest.mark.parametrize("image", [SNAPSHOT, UNKNOWN])
def test_summary_that_is_not_true_names_what_is_left_out_as_well(image: str) -> None:
    assert _summary(judge(image)).message.endswith(". Not observable here and left out: PlatformSupported")


@pytest.mark.parametrize(
    ("stated", "status", "reason"),
    [
        (Platform("v1.36.3"), Status.TRUE, "AllRulesMet"),
        (Platform("v1.36.3", "eks"), Status.TRUE, "AllRulesMet"),
        (Platform("v1.20.1"), Status.FALSE, "KubernetesEndOfLife"),
        (Platform("v1.99.0"), Status.TRUE, "KubernetesUntested"),
        (Platform("v1.36.3", "acme"), Status.UNKNOWN, "KubernetesUnlisted"),
        (Platform("", "eks"), Status.UNKNOWN, "KubernetesUnlisted"),
        (Platform(), Status.UNKNOWN, "KubernetesUnlisted"),
    ],
)
def test_platform_that_the_user_states_takes_part(stated: Platform, status: Status, reason: str) -> None:
    verdict = evaluate(installation(NEWEST), without_dependencies(policy()), TODAY, Check(platform=stated))
    condition = verdict.condition(ConditionType.PLATFORM_SUPPORTED)
    assert (condition.status, condition.reason) == (status, reason)
    assert (_summary(verdict).status, _summary(verdict).reason) == (status, reason)
    assert "Not observable" not in _summary(verdict).message


def test_what_the_source_shows_of_the_platform_is_not_overruled() -> None:
    seen = installation(NEWEST)._replace(platform=Platform("v1.20.1", nodes=(Node("n", "v1.20.1", "mips", "linux"),)))
    verdict = evaluate(seen, without_dependencies(policy()), TODAY, Check(platform=Platform("v1.36.3")))
    assert _summary(verdict).status is Status.FALSE
    assert {"KubernetesEndOfLife", "ArchitectureUnsupported"} <= set(codes(verdict))


def test_platform_that_could_have_been_shown_and_was_not_takes_part() -> None:
    seen = installation(NEWEST)._replace(platform=Platform("v1.36.3", gaps=("nodes: forbidden",)))
    verdict = evaluate(seen, without_dependencies(policy()), TODAY)
    assert (_summary(verdict).status, _summary(verdict).reason) == (Status.UNKNOWN, "PlatformUnreadable")


@pytest.mark.parametrize(
    ("server", "status", "reason", "summary"),
    [
        ("v1.36.3", Status.UNKNOWN, "NotObservable", "AllRulesMet"),
        ("v1.99.0", Status.UNKNOWN, "NotObservable", "KubernetesUntested"),
        ("v1.20.1", Status.FALSE, "KubernetesEndOfLife", "KubernetesEndOfLife"),
    ],
)
def test_nodes_that_are_not_shown_are_never_said_to_be_supported(
    server: str, status: Status, reason: str, summary: str
) -> None:
    """What the server is found to be counts all the same, a risk for the attention that it wants."""
    bare = installation(NEWEST)
    seen = bare._replace(
        workloads=(*bare.workloads, bare.workloads[0]._replace(kind="Pod", name="p", node="n")), platform=Platform(server)
    )
    verdict = evaluate(seen, without_dependencies(policy()), TODAY)
    condition = verdict.condition(ConditionType.PLATFORM_SUPPORTED)
    assert (condition.status, condition.reason) == (status, reason)
    assert _summary(verdict).reason == summary
    left_out = "left out: PlatformSupported" in _summary(verdict).message
    assert left_out == (status is Status.UNKNOWN)


def test_a_waiver_of_a_risk_of_a_part_left_out_ends_as_a_change_of_the_summary() -> None:
    bare = installation(NEWEST)
    seen = bare._replace(workloads=(bare.workloads[0]._replace(node="n"),), platform=Platform("v1.99.0"))
    ends = TODAY.replace(day=TODAY.day + 2)
    check = Check(waivers=(waiver("KubernetesUntested", ends),), target=Target("0.2.96.22"))
    verdict = evaluate(seen, without_dependencies(policy()), TODAY, check)
    assert _summary(verdict).reason == "AllRulesMet"
    change = verdict.next_transition
    assert change
    assert (change.condition, change.reason) == (ConditionType.SUPPORTED, "KubernetesUntested")
    assert ends <= change.day <= ends + timedelta(days=1)


def test_condition_without_components_is_unknown_for_that_reason() -> None:
    bare = judge("nginx:1.29")
    for kind in SUMMED_UP:
        expected = "NotObservable" if kind is ConditionType.PLATFORM_SUPPORTED else "NoComponents"
        assert (bare.condition(kind).status, bare.condition(kind).reason) == (Status.UNKNOWN, expected)
    seen = installation("nginx:1.29")._replace(platform=Platform("v1.20.1"))
    assert evaluate(seen, policy(), TODAY).condition(ConditionType.PLATFORM_SUPPORTED).reason == "NoComponents"


@pytest.mark.parametrize(
    ("images", "gaps", "reason"),
    [((), ("pods: forbidden",), "WorkloadsUnreadable"), (("{{ x }}",), (), "VersionUndetermined"), ((), (), "NoComponents")],
)
def test_what_could_not_be_read_is_the_reason_where_no_component_was_seen(
    images: tuple[str, ...], gaps: tuple[str, ...], reason: str
) -> None:
    verdict = evaluate(installation(*images)._replace(gaps=gaps), without_dependencies(policy()), TODAY)
    assert (_summary(verdict).status, _summary(verdict).reason) == (Status.UNKNOWN, reason)


def test_maintenance_that_nobody_declared_is_unknown_and_no_finding() -> None:
    verdict = judge(NEWEST)
    for kind in (ConditionType.MAINTENANCE_ACTIVE, ConditionType.TICKET_ELIGIBLE):
        assert (verdict.condition(kind).status, verdict.condition(kind).reason) == (Status.UNKNOWN, "NotDeclared")
    assert _summary(verdict).status is Status.TRUE
    assert verdict.findings == ()


def test_dependencies_take_part() -> None:
    verdict = evaluate(installation(NEWEST, "timescale/timescaledb:2.28.0-pg16-oss"), policy(), TODAY)
    assert (_summary(verdict).status, _summary(verdict).reason) == (Status.FALSE, "DependencyUnsupported")


def test_declared_dependencies_are_taken_for_seen() -> None:
    declared = (Declared("postgresql", "18.4"), Declared("timescaledb", "2.30.2"), Declared("redis", "7.2.4"))
    verdict = evaluate(installation(NEWEST), policy(), TODAY, Check(declared=(*declared, Declared("keycloak", "26.0.1"))))
    assert "DependencyUndeclared" not in codes(verdict)
    assert codes(evaluate(installation(NEWEST), policy(), TODAY)).count("DependencyUndeclared") == 4
    assert (_summary(verdict).status, _summary(verdict).reason) == (Status.UNKNOWN, "DependencyUnlisted")


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
    assert codes(evaluate(Installation(NAMESPACE, (twins,)), without_dependencies(policy()), TODAY)) == ["SnapshotBuild"]


def test_release_is_the_one_whose_support_ends_first() -> None:
    verdict = judge(NEWEST, OLD, "perfana/perfana-web:perfana-4.0.0", UNKNOWN)
    assert (verdict.release, verdict.support_ends_on) == ("3.1.0", date(2026, 7, 12))


def test_release_is_told_by_the_end_of_support_and_not_by_the_order_of_lines() -> None:
    spec = {"lines": [{"name": "4.0", "endOfLifeOn": "2027-01-01"}]}
    verdict = judge("perfana/perfana-fe:perfana-3.5.3", "perfana/perfana-web:perfana-4.0.0", spec=spec)
    assert (verdict.release, verdict.support_ends_on) == ("4.0.0", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("images", "release"),
    [
        # Both lines end on one day: the earlier line, whose numbers are the higher ones.
        (["perfana/perfana-web:0.1.0", "perfana/perfana-web:perfana-4.0.0"], "4.0.0"),
        # The lower number, whose text sorts behind the other's.
        (["perfana/perfana-web:0.2.96.21", "perfana/perfana-web:0.2.96.9"], "0.2.96.9"),
        # A line may stand for its first release.
        (["perfana/perfana-web:0.1.0", "perfana/perfana-web:0.1"], None),
    ],
)
def test_release_of_several_that_end_together_is_the_earliest(images: list[str], release: str | None) -> None:
    assert judge(*images).release == judge(*images[::-1]).release == release


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
    assert judge("perfana/perfana-web").components == (ComponentSummary("perfana/perfana-web", "", "", "", 1),)


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


def test_next_transition_may_be_the_end_of_a_kubernetes_line() -> None:
    check = Check(platform=Platform("v1.35.0"))
    verdict = evaluate(installation(NEWEST), without_dependencies(policy({"maxPolicyAgeDays": 3650})), TODAY, check)
    assert _change(verdict) == ("2027-03-01", "PlatformSupported", "False", "KubernetesEndOfLife")


def test_next_transition_may_be_the_end_of_a_databases_upstream_support() -> None:
    declared = (Declared("postgresql", "15.2"), Declared("timescaledb", "2.28.1"), Declared("redis", "7.2.4"))
    check = Check(declared=(*declared, Declared("keycloak", "24.0.1")))
    verdict = evaluate(installation(NEWEST), policy({"maxPolicyAgeDays": 3650}), TODAY, check)
    assert codes(verdict) == ["DependencyUpstreamEndOfLife"]
    waived = check._replace(waivers=(waiver("DependencyUpstreamEndOfLife", date.max, name="keycloak"),))
    verdict = evaluate(installation(NEWEST), policy({"maxPolicyAgeDays": 3650}), TODAY, waived)
    assert _change(verdict) == ("2027-11-12", "DependenciesSupported", "True", "DependencyUpstreamEndOfLife")


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
