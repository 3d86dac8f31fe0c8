"""UpgradeSupported: what an installation would be after an upgrade."""

from datetime import date

import pytest

from perfana_support.evaluate.inventory import Inventory, select, take_inventory
from perfana_support.evaluate.target import Upgrade, upgrade_to
from perfana_support.evaluate.verdict import evaluate, evaluate_target
from perfana_support.model.check import Check, Operator, Requirement, Target
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.installation import Container, ContainerSettings, Declared, Installation, Platform, Setting, Workload
from perfana_support.model.verdict import Condition
from tests.unit.builders import NAMESPACE, TODAY, installation, judge, policy, waiver, without_dependencies, workload

RELEASE = "0.2.96.22"
OLD = ("perfana/perfana-fe:perfana-3.1.0", "perfana/perfana-check:perfana-3.1.0", "perfana/perfana-grafana:perfana-3.1.0")
NEWEST = "perfana/perfana-web:0.2.96.22"
SNAPSHOT = "perfana/perfana-api:0.2.96.22-SNAPSHOT"
WEB, API = "perfana/perfana-web:0.2.96.20", "perfana/perfana-api:0.2.96.20"
ELSEWHERE = (
    Declared("postgresql", "18.4"),
    Declared("timescaledb", "2.30.2"),
    Declared("redis", "7"),
    Declared("keycloak", "24.0"),
)


def _upgrade(subject: Installation, *images: str, release: str = "") -> Upgrade:
    return upgrade_to(Target(release, images), subject, take_inventory(subject, policy()), policy(), TODAY)


def _after(subject: Installation, target: Target, check: Check = Check(), day: date = TODAY) -> Condition:  # noqa: B008
    verdict = evaluate(subject, policy(), day, check._replace(target=target))
    return verdict.condition(ConditionType.UPGRADE_SUPPORTED)


def _without_needs(subject: Installation, target: Target, check: Check = Check()) -> Condition:  # noqa: B008
    verdict = evaluate(subject, without_dependencies(policy()), TODAY, check._replace(target=target))
    return verdict.condition(ConditionType.UPGRADE_SUPPORTED)


def _images(upgrade: Upgrade) -> list[str]:
    return sorted(container.image for each in upgrade.installation.workloads for container in each.containers)


def _pod(name: str, owner: tuple[str, str], *containers: Container) -> Workload:
    return Workload("Pod", NAMESPACE, name, containers, owner=owner, node="n")


def test_upgrade_over_the_new_start_of_the_numbering() -> None:
    upgrade = _upgrade(installation(*OLD), release=RELEASE)
    assert upgrade.retires == ("perfana/perfana-check", "perfana/perfana-fe", "perfana/perfana-grafana")
    assert upgrade.brings == (
        "perfana/perfana-api",
        "perfana/perfana-grafana-sync",
        "perfana/perfana-web",
        "perfana/perfana-worker",
    )
    assert _images(upgrade) == [f"{name}:{RELEASE}" for name in upgrade.brings]


def test_upgrade_says_what_goes_what_comes_and_what_it_needs() -> None:
    condition = _after(installation(*OLD), Target(RELEASE))
    assert (condition.status, condition.reason) == (Status.TRUE, "DependencyUndeclared")
    assert condition.message.startswith(
        "the upgrade retires perfana/perfana-check, perfana/perfana-fe, perfana/perfana-grafana and brings "
        "perfana/perfana-api, perfana/perfana-grafana-sync, perfana/perfana-web, perfana/perfana-worker and needs PostgreSQL, "
        "TimescaleDB, Redis or Valkey, Keycloak and no longer needs MongoDB; "
    )
    verdict = evaluate(_upgrade(installation(*OLD), release=RELEASE).installation, policy(), TODAY)
    assert any("PostgreSQL" in finding.message for finding in verdict.findings if finding.code == "DependencyUndeclared")


def test_target_is_spelled_as_the_catalogue_lists_it_or_else_as_written() -> None:
    upgrade = _upgrade(installation(WEB), release="0.2.96.99")
    assert "perfana/perfana-web:0.2.96.99" in _images(upgrade)
    assert "perfana/perfana-web:0.2.24.0" in _images(_upgrade(installation(WEB), release="0.2.24"))
    assert "perfana/perfana-web:perfana-4.0.9" in _images(_upgrade(installation(WEB), release="4.0.9"))


def test_what_is_declared_elsewhere_holds_after_the_upgrade() -> None:
    condition = _after(installation(*OLD), Target(RELEASE), Check(declared=ELSEWHERE))
    assert condition.reason == "DependencyUpstreamEndOfLife"


def test_database_of_the_old_line_alone_is_impossible_for_the_new_one() -> None:
    condition = _after(installation(*OLD, "mongo:7.0.14"), Target(RELEASE))
    assert (condition.status, condition.reason) == (Status.FALSE, "DependencyUnsupported")


def test_upgrade_that_changes_numbers_alone_names_nothing() -> None:
    condition = _without_needs(
        installation(WEB, API, *(f"perfana/perfana-{n}:0.2.96.20" for n in ("worker", "grafana-sync"))), Target(RELEASE)
    )
    assert (condition.status, condition.reason) == (Status.TRUE, "AllRulesMet")
    assert not condition.message.startswith("the upgrade")


def test_optional_component_is_upgraded_where_it_runs_and_not_brought_elsewhere() -> None:
    report = "perfana/perfana-report"
    assert f"{report}:{RELEASE}" in _images(_upgrade(installation(WEB, f"{report}:0.2.96.20"), release=RELEASE))
    assert report not in _upgrade(installation(WEB), release=RELEASE).brings


def test_prefix_of_the_line_is_in_the_tag() -> None:
    assert "perfana/perfana-web:perfana-4.0.0" in _images(_upgrade(installation(*OLD), release="4.0.0"))


@pytest.mark.parametrize("release", ["", "latest", "9.9.9", "0.3.0", "0.2.96.22-SNAPSHOT", "perfana-4", "3.4.0"])
def test_release_that_cannot_be_placed_is_unknown(release: str) -> None:
    condition = _after(installation(*OLD), Target(release))
    assert condition.status is not Status.TRUE
    if condition.reason != "TargetUnknown":
        assert condition.status is Status.FALSE


@pytest.mark.parametrize(
    ("release", "status", "reason"), [("3.1.0", Status.FALSE, "EndOfLife"), ("9.9.9", Status.UNKNOWN, "TargetUnknown")]
)
def test_upgrade_to_what_is_not_supported(release: str, status: Status, reason: str) -> None:
    condition = _without_needs(installation("perfana/perfana-fe:perfana-2.4.4"), Target(release))
    assert (condition.status, condition.reason) == (status, reason)


@pytest.mark.parametrize("target", [Target(RELEASE), Target(images=(NEWEST,))])
def test_nothing_to_upgrade_is_unknown(target: Target) -> None:
    condition = _after(installation("nginx:1.29"), target)
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "NoComponents")


@pytest.mark.parametrize(
    ("image", "status", "reason"),
    [
        (NEWEST, Status.TRUE, "SecurityFixMissing"),
        (SNAPSHOT, Status.FALSE, "SnapshotBuild"),
        ("perfana/perfana-web:latest", Status.UNKNOWN, "VersionUndetermined"),
        ("perfana/perfana-web-test:0.2.96.20", Status.FALSE, "TestRepository"),
        ("eu.example.com/a/perfana-web:0.2.96.20", Status.UNKNOWN, "UnofficialRepository"),
        ("{{ x }}", Status.UNKNOWN, "VersionUndetermined"),
        ("", Status.UNKNOWN, "VersionUndetermined"),
    ],
)
def test_target_images(image: str, status: Status, reason: str) -> None:
    condition = _without_needs(installation(WEB, API), Target(images=(image,)))
    assert (condition.status, condition.reason) == (status, reason)


def test_target_images_leave_the_rest_as_it_runs() -> None:
    upgrade = _upgrade(installation(WEB, API, "nginx:1.29"), NEWEST)
    assert (_images(upgrade), upgrade.retires, upgrade.brings) == (sorted([NEWEST, API, "nginx:1.29"]), (), ())


@pytest.mark.parametrize("images", [(SNAPSHOT, API), (API, SNAPSHOT)])
def test_target_images_do_not_repair_what_they_do_not_name(images: tuple[str, str]) -> None:
    assert _without_needs(installation(WEB, *images), Target(images=(NEWEST,))).status is Status.FALSE


@pytest.mark.parametrize("images", [(SNAPSHOT, API), (API, SNAPSHOT)])
def test_worst_of_two_target_images_of_a_component_counts(images: tuple[str, str]) -> None:
    assert _without_needs(installation(WEB, API), Target(images=images)).status is Status.FALSE


@pytest.mark.parametrize("target", [Target(RELEASE), Target(images=(NEWEST,))])
def test_pods_of_the_old_release_vanish(target: Target) -> None:
    template = workload(WEB, name="web")
    pod = _pod("web-1", ("Deployment", "web"), Container("c0", WEB, image_id="sha256:" + "a" * 64))
    after = upgrade_to(target, *_facts(template, pod), policy(), TODAY).installation
    assert WEB not in [container.image for each in after.workloads for container in each.containers]


def test_pods_of_retired_components_vanish() -> None:
    pod = _pod("fe-1", ("Deployment", "fe"), Container("c0", OLD[0]))
    after = upgrade_to(Target(RELEASE), *_facts(workload(OLD[0], name="fe"), pod), policy(), TODAY).installation
    assert OLD[0] not in [container.image for each in after.workloads for container in each.containers]


def _facts(*workloads: Workload) -> tuple[Installation, Inventory]:
    subject = Installation(NAMESPACE, workloads)
    return subject, take_inventory(subject, policy())


def test_component_whose_owner_is_not_shown_does_not_get_lost() -> None:
    """Argo's Rollouts and the like: nobody reads the owner, the pod alone shows the component."""
    pod = _pod("api-1", ("Rollout", "api"), Container("c", API))
    subject = Installation(NAMESPACE, (workload(WEB, name="web"), pod))
    assert _without_needs(subject, Target(images=(SNAPSHOT,))).status is Status.FALSE
    upgrade = _upgrade(subject, release=RELEASE)
    assert f"perfana/perfana-api:{RELEASE}" in _images(upgrade)


def test_settings_stay_after_the_upgrade() -> None:
    mounted = ContainerSettings(mounts=(Setting("/app/patch.js", "configMap a"),))
    subject = Installation(NAMESPACE, (Workload("Deployment", NAMESPACE, "a", (Container("c", WEB, settings=mounted),)),))
    assert _without_needs(subject, Target(RELEASE)).reason == "CodeMounted"


def test_platform_and_waivers_hold_for_the_upgrade_as_well() -> None:
    check = Check(platform=Platform("v1.20.1"))
    assert _without_needs(installation(WEB), Target(RELEASE), check).reason == "KubernetesEndOfLife"
    check = check._replace(waivers=(waiver("KubernetesEndOfLife", date.max),))
    assert _without_needs(installation(WEB), Target(RELEASE), check).status is Status.TRUE


def test_gap_stays_a_gap() -> None:
    subject = installation(WEB)._replace(gaps=("pods: forbidden",))
    assert _without_needs(subject, Target(RELEASE)).reason == "WorkloadsUnreadable"


def test_target_changes_nothing_else_of_the_verdict() -> None:
    plain = judge(WEB)
    asked = evaluate(installation(WEB), without_dependencies(policy()), TODAY, Check(target=Target(RELEASE)))
    assert asked._replace(conditions=asked.conditions[:-1], next_transition=plain.next_transition) == plain


MODERN = ("timescale/timescaledb-ha:pg18.6-ts2.30.2", "redis:7.2.5", "quay.io/keycloak/keycloak:24.0.5")


@pytest.mark.parametrize(
    "database", ["mongo:7.0.14", "percona/percona-server-mongodb:7.0.14-8", "ghcr.io/ferretdb/ferretdb:2.0.0"]
)
@pytest.mark.parametrize("release", ["4.0.0", "0.2", RELEASE])
def test_database_that_the_upgrade_leaves_behind_is_no_obstacle(database: str, release: str) -> None:
    """It is needed until the upgrade, so it runs beside what the new line needs."""
    condition = _after(installation(*OLD, database, *MODERN), Target(release))
    assert (condition.status, condition.reason) == (Status.TRUE, "DependencyUpstreamEndOfLife")
    assert "no longer needs MongoDB" in condition.message


def test_database_that_no_line_uses_stays_an_obstacle() -> None:
    for images in ((WEB, API), OLD):
        condition = _after(installation(*images, "cockroachdb/cockroach:v24.1.0", *MODERN), Target(RELEASE))
        assert condition.status is Status.UNKNOWN
    condition = _after(installation(WEB, API, "mongo:7.0.14", *MODERN), Target(RELEASE))
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "DependencyUnlisted")


def test_partial_upgrade_leaves_nothing_behind() -> None:
    condition = _after(installation(*OLD, "mongo:7.0.14", *MODERN), Target(images=(NEWEST,)))
    assert "no longer needs" not in condition.message


@pytest.mark.parametrize(
    ("release", "as_of", "told"),
    [
        ("0.2", TODAY, "0.2 means 0.2.96.22; "),
        ("0.2", date(2026, 4, 4), "0.2 means 0.2.31.0; "),
        ("4.0", TODAY, "4.0 means 4.0.0; "),
        (RELEASE, TODAY, ""),
    ],
)
def test_line_means_its_newest_release_that_is_out(release: str, as_of: date, told: str) -> None:
    subject = installation("perfana/perfana-web:0.2.0")
    condition = _after(subject, Target(release), day=as_of)
    assert condition.message.startswith(told or "the upgrade ")
    assert upgrade_to(Target(release), *_facts(*subject.workloads), policy(), as_of).release in (told or release)


@pytest.mark.parametrize(("release", "as_of"), [("0.3", TODAY), ("0.2", date(2026, 3, 22)), ("9.9", TODAY)])
def test_line_without_a_release_is_unknown(release: str, as_of: date) -> None:
    condition = _after(installation(WEB), Target(release), day=as_of)
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "TargetUnknown")


def test_target_whose_line_is_not_out_yet_is_not_supported_yet() -> None:
    condition = _after(installation("perfana/perfana-fe:perfana-3.5.0"), Target(RELEASE), day=date(2026, 3, 22))
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "UnknownRelease")


def _wakes(release: str, as_of: str, *images: str) -> tuple[str, str, str, str] | None:
    check = Check(target=Target(release))
    change = evaluate(installation(*images), without_dependencies(policy()), date.fromisoformat(as_of), check).next_transition
    return (str(change.day), str(change.condition), str(change.status), change.reason) if change else None


@pytest.mark.parametrize(
    ("release", "as_of", "change"),
    [
        ("4.0.0", "2026-11-24", ("2027-05-24", "UpgradeSupported", "True", "PolicyStale")),
        ("4.0.0", "2027-05-24", ("2027-12-24", "UpgradeSupported", "True", "ApproachingEndOfLife")),
        ("4.0.0", "2027-12-24", ("2028-03-24", "UpgradeSupported", "False", "EndOfLife")),
        ("4.0.0", "2028-03-24", None),
        ("9.9.9", "2026-11-24", None),
    ],
)
def test_end_of_life_of_the_target_is_a_transition(release: str, as_of: str, change: tuple[str, str, str, str] | None) -> None:
    assert _wakes(release, as_of, "perfana/perfana-fe:perfana-3.1.0") == change


def test_platform_of_the_target_is_a_transition() -> None:
    check = Check(target=Target("4.0.0"), platform=Platform("v1.36.3"))
    subject = installation("perfana/perfana-fe:perfana-3.1.0")
    day, seen = date(2027, 5, 24), []
    while change := evaluate(subject, without_dependencies(policy()), day, check).next_transition:
        seen.append((change.condition, change.reason))
        day = change.day
    assert (ConditionType.PLATFORM_SUPPORTED, "KubernetesEndOfLife") in seen
    assert (ConditionType.UPGRADE_SUPPORTED, "EndOfLife") in seen


def test_what_only_pods_show_stays_after_the_upgrade() -> None:
    injected = Container("c0", WEB, settings=ContainerSettings(mounts=(Setting("/app/patch.js", "configMap a"),)))
    subject = Installation(NAMESPACE, (workload(WEB, name="web"), _pod("web-1", ("Deployment", "web"), injected)))
    for target in (Target(RELEASE), Target(images=(NEWEST,))):
        condition = _without_needs(subject, target)
        assert (condition.status, condition.reason) == (Status.FALSE, "CodeMounted")


@pytest.mark.parametrize(
    ("running", "after"),
    [
        ("eu.example.com/a/perfana-web:0.2.96.20", "eu.example.com/a/{name}:0.2.96.22"),
        ("eu.example.com:5000/perfana-web:0.2.96.20-ubi9", "eu.example.com:5000/{name}:0.2.96.22-ubi9"),
        ("perfana/perfana-web:0.2.96.20-ubi9", "perfana/{name}:0.2.96.22-ubi9"),
        ("perfana/perfana-web-test:0.2.96.20", "perfana/{name}:0.2.96.22"),
        ("perfana/perfana-web:0.2.96.20-SNAPSHOT", "perfana/{name}:0.2.96.22"),
    ],
)
def test_target_release_comes_from_where_the_components_come_from(running: str, after: str) -> None:
    """And what the upgrade brings comes from beside them: who rebuilds one rebuilds all."""
    names = ("perfana-api", "perfana-grafana-sync", "perfana-web", "perfana-worker")
    assert _images(_upgrade(installation(running), release=RELEASE)) == sorted(after.format(name=name) for name in names)


@pytest.mark.parametrize("images", [("nginx:1.29",), ("perfana/perfana-fixture:1.0.0", "mongo:7.0")])
def test_target_without_a_component_is_unknown(images: tuple[str, ...]) -> None:
    condition = _after(installation(WEB), Target(images=images))
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "TargetUnknown")


def test_target_may_be_spelled_as_its_tag() -> None:
    assert _upgrade(installation(*OLD), release="perfana-4.0.0") == _upgrade(installation(*OLD), release="4.0.0")


@pytest.mark.parametrize("runs", [OLD, (NEWEST,), (SNAPSHOT,), (WEB, API), ("perfana/perfana-web:latest",), ()])
@pytest.mark.parametrize("release", [RELEASE, "3.1.0", "0.2", "9.9", "4.0.0"])
def test_verdict_on_the_target_alone_is_what_the_upgrade_condition_says(runs: tuple[str, ...], release: str) -> None:
    check = Check(target=Target(release))
    subject = installation(*runs)
    upgrade = evaluate(subject, policy(), TODAY, check).condition(ConditionType.UPGRADE_SUPPORTED)
    alone = evaluate_target(subject, policy(), TODAY, check)
    supported = alone.condition(ConditionType.SUPPORTED)
    assert (supported.status, supported.reason) == (upgrade.status, upgrade.reason)
    assert {condition.type for condition in alone.conditions} == {*ConditionType} - {ConditionType.UPGRADE_SUPPORTED}
    assert not alone.upgrade_findings


def test_without_a_target_the_verdict_on_it_is_that_on_what_runs() -> None:
    subject = installation(*OLD)
    assert evaluate_target(subject, policy(), TODAY, Check()) == evaluate(subject, policy(), TODAY)


@pytest.mark.parametrize(
    ("target", "gaps", "status", "reason"),
    [
        (RELEASE, (), Status.TRUE, "DependencyUndeclared"),
        ("3.1.0", (), Status.FALSE, "EndOfLife"),
        ("9.9", (), Status.UNKNOWN, "TargetUnknown"),
        (RELEASE, ("pods: forbidden",), Status.UNKNOWN, "WorkloadsUnreadable"),
    ],
)
def test_first_installation_is_judged_by_the_target_alone_where_somebody_means_the_namespace(
    target: str, gaps: tuple[str, ...], status: Status, reason: str
) -> None:
    subject = Installation(NAMESPACE, (), gaps)
    condition = _after(subject, Target(target, may_install=True))
    assert (condition.status, condition.reason) == (status, reason)
    assert target == "9.9" or "no component runs here yet" in condition.message
    assert evaluate(subject, policy(), TODAY).condition(ConditionType.SUPPORTED).status is Status.UNKNOWN


def test_selector_that_leaves_components_out_makes_no_first_installation() -> None:
    subject = select(installation(NEWEST), Check(selector=(Requirement("app", Operator.IN, ("typo",)),)), policy())
    assert not subject.workloads
    condition = _after(subject, Target(RELEASE, may_install=True))
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "NoComponents")
