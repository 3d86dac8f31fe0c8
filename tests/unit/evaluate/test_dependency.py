"""DependenciesSupported: the corpus of installations, every code with its effect, days, messages, and what must always hold."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.dependency import dates, judge, judged_lines, judged_releases
from perfana_support.evaluate.inventory import take_inventory
from perfana_support.model.code import Code, ConditionType, Effect
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Container, ContainerRole, Declared, Installation, Location, Subject, Workload
from perfana_support.model.release import Release, parse_release
from perfana_support.sources.policy import builtin_policy, policy_of
from tests.unit.dependency_rules import (
    NAMESPACE,
    TODAY,
    builtin_rules,
    codes,
    dependencies_spec,
    findings,
    installation,
    load,
    rules_of,
    workload,
)

CASES: list[dict[str, Any]] = load("corpus", "dependencies.yaml")
IMAGES: list[str] = [case["image"] for case in load("corpus", "dependency-images.yaml")]
FIELDS = {"name", "lines", "releases", "images", "declared", "as_of", "expect"}
COMPLETE = ("timescale/timescaledb-ha:pg16.4-ts2.28.1", "valkey/valkey:8.1", "quay.io/keycloak/keycloak:24.0")
DECLARED = {"postgresql": "16.4", "timescaledb": "2.28.1", "redis": "7.2.5", "keycloak": "24.0"}
RISK = ("DependencyUpstreamEndOfLife", "quay.io/keycloak/keycloak:24.0")
BEFORE_2024 = date(2024, 1, 1)
CODES = {
    Code.DEPENDENCY_UNSUPPORTED: Effect.UNSUPPORTED,
    Code.DEPENDENCY_UNLISTED: Effect.UNDETERMINED,
    Code.DEPENDENCY_IMPOSTOR: Effect.UNDETERMINED,
    Code.DEPENDENCY_UPSTREAM_END_OF_LIFE: Effect.AT_RISK,
    Code.DEPENDENCY_UNDECLARED: Effect.AT_RISK,
}

lines = st.lists(st.sampled_from(["2.4", "2.6", "3.5", "4.0", "0.2", "7.7"]), min_size=1, max_size=3, unique=True)
images = st.lists(st.sampled_from(IMAGES), max_size=6)
days = st.dates(date(2023, 1, 1), date(2031, 1, 1))
declarations = st.dictionaries(
    st.sampled_from([*builtin_rules().names, "couchdb"]),
    st.sampled_from(["", "7", "7.0.14", "16.4", "2.28.1-oss", "x"]),
    max_size=3,
)


def only(*found: Finding) -> Finding:
    assert len(found) == 1, found
    return found[0]


def without_risk(*images: str, line: str = "4.0", declared: dict[str, str] | None = None) -> list[Finding]:
    """Judge before Keycloak 24.0 ended, so that what is missing stands alone."""
    return findings(installation(*images, declared=declared), line, as_of=BEFORE_2024)


@pytest.mark.parametrize("case", CASES, ids=[case["name"].replace(" ", "-") for case in CASES])
def test_corpus(case: dict[str, Any]) -> None:
    facts = installation(*case.get("images", ()), declared=case.get("declared"))
    as_of = date.fromisoformat(case["as_of"]) if "as_of" in case else TODAY
    releases = [release for text in case.get("releases", ()) if (release := parse_release(text))]
    found = findings(facts, *case["lines"], as_of=as_of, releases=releases)
    assert codes(found) == sorted((code, about) for code, about in case["expect"])


def test_corpus_has_known_fields_and_unique_names() -> None:
    names = [case["name"] for case in CASES]
    assert {field for case in CASES for field in case} <= FIELDS
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_in_the_corpus_with_its_effect(code: Code) -> None:
    assert any(found == code for case in CASES for found, _ in case["expect"])
    assert code.effect is CODES[code]
    assert code.conditions == (ConditionType.DEPENDENCIES_SUPPORTED,)


def test_every_code_of_the_condition_is_here() -> None:
    own = {code for code in Code if ConditionType.DEPENDENCIES_SUPPORTED in code.conditions}
    assert own == {*CODES, Code.WORKLOADS_UNREADABLE}


def test_no_line_gives_no_finding_and_no_day() -> None:
    assert findings(installation("mongo:latest")) == []
    assert list(dates(installation("mongo:7.0"), (), builtin_rules(), builtin_policy())) == []


def test_rules_without_content_find_nothing_in_images() -> None:
    assert findings(installation(*IMAGES), "4.0", rules=rules_of({})) == []


def test_rules_without_content_do_not_know_what_is_declared() -> None:
    found = only(*findings(installation(declared={"postgresql": "16"}), "4.0", rules=rules_of({})))
    assert found.code is Code.DEPENDENCY_UNLISTED
    assert "the products of a policy" in found.remediation


# Messages.


def test_a_version_that_is_not_listed_names_what_is() -> None:
    found = only(*without_risk("timescale/timescaledb-ha:pg17.6-ts2.28.1", *COMPLETE[1:]))
    assert found.message == (
        "timescale/timescaledb-ha:pg17.6-ts2.28.1 is PostgreSQL 17.6; policy default lists PostgreSQL 15, 16 or 18 for line 4.0"
    )
    assert found.remediation == "run PostgreSQL 15, 16 or 18, or ask the vendor about this version and waive this"


def test_a_version_that_is_not_told_says_so() -> None:
    found = only(*without_risk("postgres:latest", *COMPLETE))
    assert found.message == (
        "postgres:latest is PostgreSQL in a version that no tag tells; "
        "policy default lists PostgreSQL 15, 16 or 18 for line 4.0"
    )
    assert found.remediation == "set an image whose tag names the version, PostgreSQL 15, 16 or 18"


def test_a_declaration_is_marked_as_declared() -> None:
    found = only(*without_risk(line="3.5", declared={"mongodb": "", "grafana": "11.4.0"}))
    assert found.subject == Subject("Declaration", NAMESPACE, "mongodb")
    assert found.message == (
        "declared is MongoDB in a version that the declaration does not tell; policy default lists MongoDB 7.0 for line 3.5"
    )
    assert found.remediation == "run MongoDB 7.0, or ask the vendor about this version and waive this"


def test_a_version_that_leaves_releases_open_says_so() -> None:
    found = only(*without_risk("mongo:7", line="3.5", declared={"grafana": "11.4.0"}))
    assert found.message == "mongo:7 is MongoDB 7 (any 7 release); policy default lists MongoDB 7.0 for line 3.5"


def test_a_pre_release_says_so() -> None:
    found = only(*without_risk("redis:7.4-rc2-alpine", *COMPLETE))
    assert found.message.startswith("redis:7.4-rc2-alpine is a pre-release build of Redis 7.4; policy default lists Redis 7 ")


def test_a_look_alike_names_what_it_imitates() -> None:
    found = only(*without_risk("ghcr.io/ferretdb/ferretdb:2.1.0", line="3.5", declared={"grafana": "11.4.0"}))
    assert found.message == (
        "ghcr.io/ferretdb/ferretdb:2.1.0 is FerretDB 2.1.0, "
        "a look-alike of MongoDB that policy default does not list for line 3.5"
    )
    assert found.remediation == "run MongoDB 7.0 for line 3.5, or ask the vendor and waive this"


def test_a_look_alike_of_what_the_line_does_not_use_is_to_be_removed() -> None:
    found = only(*without_risk("ghcr.io/ferretdb/ferretdb:2.1.0", *COMPLETE))
    assert found.code is Code.DEPENDENCY_IMPOSTOR
    assert found.remediation == "remove it if Perfana does not use it, or ask the vendor and waive this"


def test_what_cannot_work_gives_the_policys_reason_and_remedy() -> None:
    found = only(*without_risk("timescale/timescaledb:2.28.3-pg16-oss", *COMPLETE[1:]))
    assert found.message == (
        "timescale/timescaledb:2.28.3-pg16-oss is TimescaleDB 2.28.3 in edition oss, which cannot work with line 4.0: "
        "the product needs TimescaleDB's Community edition with Toolkit, an -oss build has neither"
    )
    assert "timescaledb-ha" in found.remediation


def test_another_postgresql_does_not_lift_what_cannot_work_on_the_first() -> None:
    facts = installation(*COMPLETE[1:], declared={"timescaledb": "2.30.2", "postgresql": "15.2"})
    more = facts._replace(declared=(*facts.declared, Declared("postgresql", "18.4")))
    proven = only(*(found for found in findings(facts, "4.0") if found.subject.name == "timescaledb"))
    doubted = only(*(found for found in findings(more, "4.0") if found.subject.name == "timescaledb"))
    assert (proven.code, doubted.code) == (Code.DEPENDENCY_UNSUPPORTED, Code.DEPENDENCY_UNLISTED)
    assert "which PostgreSQL it runs on is not told" in doubted.message


def test_an_upstream_end_names_the_day() -> None:
    found = only(*findings(installation(*COMPLETE), "4.0"))
    assert found.message == (
        "quay.io/keycloak/keycloak:24.0 is Keycloak 24.0 (any 24.0 release), which policy default lists for line 4.0; "
        "its upstream support ended on 2024-06-10"
    )


def test_what_is_missing_names_the_alternative_and_how_to_declare_it() -> None:
    found = only(*without_risk(COMPLETE[0], COMPLETE[2]))
    assert found.subject == Subject("Dependency", NAMESPACE, "redis")
    assert found.message == "line 4.0 needs Redis or Valkey; none was seen and none is declared"
    assert found.remediation == (
        "declare product redis and its version in spec.dependencies of the SupportCheck; listed are Redis 7 for line 4.0"
    )


def test_several_lines_are_named_together() -> None:
    found = only(*findings(installation(*COMPLETE[:2]), "4.0", "0.1", "0.2", as_of=BEFORE_2024))
    assert found.message == "lines 4.0, 0.1 and 0.2 need Keycloak; none was seen and none is declared"


def test_lists_that_differ_by_line_are_named_by_line() -> None:
    found = findings(installation("mongo:6.0.1", declared={"grafana": "9.5"}), "2.6", "3.5")
    message = next(each.message for each in found if each.subject.image)
    assert message.endswith("lists MongoDB 5.0 for line 2.6; MongoDB 7.0 for line 3.5")


def test_a_version_listed_from_a_release_on_is_named_with_it() -> None:
    found = only(*without_risk("grafana/grafana:13.2.2", *COMPLETE, line="0.2"))
    assert found.message.endswith("lists Grafana 12.3, 12.4 or 13 from release 0.2.48.5 for line 0.2")


def test_a_finding_points_at_the_place_in_the_manifest() -> None:
    place = Location("db.yaml", 7)
    facts = Installation(
        NAMESPACE, (Workload("StatefulSet", NAMESPACE, "db", (Container("main", "mongo:3.6", location=place),)),)
    )
    assert findings(facts, "3.5")[0].location == place


# Evidence.


def test_a_listed_product_without_versions_is_listed_in_none() -> None:
    spec = dependencies_spec() | {"deployments": [{"name": "a", "lines": ["4.0"], "deployedProducts": [{"product": "redis"}]}]}
    found = only(*findings(installation("redis:7.2"), "4.0", rules=rules_of(spec)))
    assert found.message.endswith("policy default lists Redis in no version for line 4.0")


def test_any_version_needs_no_tag() -> None:
    deployment = {"name": "a", "lines": ["4.0"], "deployedProducts": [{"product": "redis", "versions": ["*"]}]}
    rules = rules_of(dependencies_spec() | {"deployments": [deployment]})
    assert findings(installation("redis", "redis:7.0"), "4.0", rules=rules, as_of=BEFORE_2024) == []


@pytest.mark.parametrize(
    "facts",
    [
        Installation(NAMESPACE, (workload("mongo:7.0"),), gaps=("no right to list statefulsets",)),
        Installation(NAMESPACE, (workload("mongo:7.0"), workload("Not An Image", "other"))),
        Installation(NAMESPACE, (workload("mongo:7.0", kind="CronJob"),)),
        Installation(NAMESPACE, (workload("mongo:7.0", role=ContainerRole.INIT),)),
        Installation(NAMESPACE, (workload("mongo:7.0"), workload("postgres:16.4", "dump", "CronJob"))),
    ],
    ids=["gap", "unreadable-image", "job", "init-container", "client-of-postgresql"],
)
def test_mongodb_alone_is_not_proven(facts: Installation) -> None:
    assert Code.DEPENDENCY_UNSUPPORTED not in {found.code for found in findings(facts, "4.0")}
    assert ("DependencyUnlisted", "mongo:7.0") in codes(findings(facts, "4.0"))


@pytest.mark.parametrize(
    ("kind", "role"), [("Job", ContainerRole.MAIN), ("CronJob", ContainerRole.MAIN), ("StatefulSet", ContainerRole.INIT)]
)
def test_a_client_does_not_serve(kind: str, role: ContainerRole) -> None:
    facts = Installation(NAMESPACE, (workload(COMPLETE[0], kind=kind, role=role),))
    assert ("DependencyUndeclared", "postgresql") in codes(findings(facts, "4.0"))


def test_a_client_is_judged_like_a_server() -> None:
    facts = Installation(NAMESPACE, (workload("postgres:13", kind="CronJob"),))
    assert ("DependencyUnlisted", "postgres:13") in codes(findings(facts, "4.0"))


def test_a_pod_of_a_job_does_not_serve() -> None:
    pod = Workload("Pod", NAMESPACE, "dump-1", (Container("main", "postgres:16.4"),), owner=("Job", "dump"))
    assert ("DependencyUndeclared", "postgresql") in codes(findings(Installation(NAMESPACE, (pod,)), "4.0"))


def test_a_mirror_rule_names_the_product_behind_a_copy() -> None:
    spec = {"images": {"mirrors": [{"from": "harbor.acme.example/cache/", "to": "docker.io/redislabs/"}]}}
    policy = policy_of(
        {"apiVersion": "support.perfana.io/v1alpha1", "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec}
    )
    facts = installation("harbor.acme.example/cache/redis:7.4")
    found = list(judge(facts, ("4.0",), builtin_rules(), policy, TODAY))
    assert found[0].code is Code.DEPENDENCY_IMPOSTOR


def test_mongodb_alone_cannot_work_whatever_lines_run_beside() -> None:
    found = findings(installation("mongo:7.0.14"), "7.7", "4.0")
    assert ("DependencyUnsupported", "mongo:7.0.14") in codes(found)


NEW_TIMESCALEDB = "timescale/timescaledb-ha:pg15.6-ts2.29.0"


@pytest.mark.parametrize(
    ("images", "declared", "is_proven"),
    [
        ((NEW_TIMESCALEDB, "postgres:16.4"), {}, True),
        (("postgres:16.4",), {"timescaledb": "2.29.1", "postgresql": "15.2"}, True),
        (("postgres:15.4",), {"timescaledb": "2.29.1", "postgresql": "16.2"}, False),
        (("postgres:15.4",), {"timescaledb": "2.29.1"}, True),
        (("postgres:15.4", "postgres:16.4"), {"timescaledb": "2.29.1"}, False),
        ((), {"timescaledb": "2.29.1"}, False),
    ],
    ids=["same-image", "both-declared", "declared-on-another", "the-only-one", "one-of-two", "nothing-to-run-on"],
)
def test_what_runs_on_the_wrong_host_must_be_proven(images: tuple[str, ...], declared: dict[str, str], is_proven: bool) -> None:  # noqa: FBT001
    found = findings(installation(*images, declared=declared), "4.0")
    assert (Code.DEPENDENCY_UNSUPPORTED in {each.code for each in found}) is is_proven


# CloudNativePG.


def cluster(image: str) -> Workload:
    return Workload("Cluster", NAMESPACE, "db", (Container("postgres", image),))


def instance(image: str, name: str = "postgres") -> Workload:
    return Workload("Pod", NAMESPACE, "db-1", (Container(name, image),), owner=("Cluster", "db"))


def test_a_cluster_and_its_pods_are_one_database() -> None:
    image = "registry.acme.example/db/perfana:18-ts2.30.2"
    facts = Installation(
        NAMESPACE, (cluster(image), instance(image)), declared=(Declared("redis", "7.2"), Declared("keycloak", "24.0"))
    )
    assert findings(facts, "4.0", as_of=BEFORE_2024) == []


def test_a_cluster_that_leaves_the_image_open_has_an_unknown_version() -> None:
    facts = Installation(NAMESPACE, (cluster("ghcr.io/cloudnative-pg/postgresql"),))
    assert ("DependencyUnlisted", "ghcr.io/cloudnative-pg/postgresql") in codes(findings(facts, "4.0"))


@pytest.mark.parametrize(
    ("image", "is_listed"),
    [("ghcr.io/cloudnative-pg/postgresql:18.3-system-trixie", True), ("ghcr.io/cloudnative-pg/postgresql:17.2", False)],
)
def test_pods_tell_the_image_that_a_cluster_leaves_open(image: str, is_listed: bool) -> None:  # noqa: FBT001
    facts = Installation(NAMESPACE, (cluster("ghcr.io/cloudnative-pg/postgresql"), instance(image)))
    found = {about for code, about in codes(findings(facts, "4.0")) if code == "DependencyUnlisted"}
    assert found == (set() if is_listed else {image})


def test_pods_with_a_sidecar_tell_the_image_that_a_cluster_leaves_open() -> None:
    pod = instance("ghcr.io/cloudnative-pg/postgresql:18.3-system-trixie")
    pod = pod._replace(containers=(*pod.containers, Container("proxy", "envoy:1")))
    facts = Installation(NAMESPACE, (cluster("ghcr.io/cloudnative-pg/postgresql"), pod))
    assert "DependencyUnlisted" not in {code for code, _ in codes(findings(facts, "4.0"))}


def test_another_container_of_a_pod_tells_nothing_of_the_cluster() -> None:
    facts = Installation(
        NAMESPACE, (cluster("ghcr.io/cloudnative-pg/postgresql"), instance("istio/proxyv2:1.23.0", "istio-proxy"))
    )
    assert ("DependencyUnlisted", "ghcr.io/cloudnative-pg/postgresql") in codes(findings(facts, "4.0"))


def test_a_deployment_without_tag_is_not_told_by_its_pods() -> None:
    pod = Workload("Pod", NAMESPACE, "w0-1", (Container("main", "redis:7.2"),), owner=("StatefulSet", "w0"))
    facts = Installation(NAMESPACE, (workload("redis", "w0"), pod))
    assert ("DependencyUnlisted", "redis") in codes(findings(facts, "4.0"))


# Releases and lines.


@pytest.mark.parametrize(
    ("line", "releases", "expected"),
    [
        ("0.2", (), False),
        ("0.2", (Release(0, 2, 48, 4),), False),
        ("0.2", (Release(0, 2, 48, 5),), True),
        ("0.2", (Release(0, 2, 48, 6),), True),
        ("0.2", (Release(0, 2, 48, 4), Release(0, 2, 96, 22)), False),
        ("0.2", (Release(4, 0, 3),), False),
        ("0.1", (Release(0, 2, 96, 22),), False),
        ("4.0", (Release(4, 0, 0),), False),
    ],
)
def test_grafana_13_is_listed_from_a_release_on(line: str, releases: tuple[Release, ...], expected: bool) -> None:  # noqa: FBT001
    found = codes(findings(installation("grafana/grafana:13.2.2"), line, releases=releases))
    assert (("DependencyUnlisted", "grafana/grafana:13.2.2") not in found) is expected


def test_a_version_from_a_release_on_is_listed_for_all_later_lines() -> None:
    deployed = {"product": "grafana", "laterVersions": [{"version": "13", "fromRelease": "4.0.3"}]}
    rules = rules_of(
        dependencies_spec() | {"deployments": [{"name": "a", "lines": ["3.5", "0.2"], "deployedProducts": [deployed]}]}
    )
    assert findings(installation("grafana/grafana:13.2.2"), "0.2", rules=rules) == []
    assert len(findings(installation("grafana/grafana:13.2.2"), "3.5", rules=rules)) == 1


def test_a_version_from_a_release_of_an_unknown_line_is_not_listed() -> None:
    deployed = {"product": "grafana", "laterVersions": [{"version": "13", "fromRelease": "9.9.9"}]}
    rules = rules_of(dependencies_spec() | {"deployments": [{"name": "a", "lines": ["0.2"], "deployedProducts": [deployed]}]})
    assert len(findings(installation("grafana/grafana:13.2.2"), "0.2", rules=rules)) == 1


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        (("perfana/perfana-web:0.2.96.22", "perfana/perfana-api:perfana-4.0.0"), ("4.0", "0.2")),
        (("perfana/perfana-web:0.2",), ("0.2",)),
        (("perfana/perfana-web:latest",), ("4.0", "0.1", "0.2")),
        (("perfana/perfana-web:latest", "perfana/perfana-api:0.2.96.22"), ("0.2",)),
        (("perfana/perfana-web:9.9.9",), ("9.9",)),
        (("nginx:1.27",), ()),
    ],
)
def test_lines_to_judge_by(components: tuple[str, ...], expected: tuple[str, ...]) -> None:
    policy = builtin_policy()
    assert judged_lines(take_inventory(installation(*components), policy), policy) == expected


def test_releases_to_judge_by() -> None:
    policy = builtin_policy()
    facts = installation(
        "perfana/perfana-web:0.2.96.22", "perfana/perfana-api:0.2", "perfana/perfana-worker:latest", "nginx:1.27"
    )
    assert judged_releases(take_inventory(facts, policy)) == {Release(0, 2, 96, 22), Release(0, 2)}


# Days.


@pytest.mark.parametrize(
    ("image", "line", "last"),
    [
        ("timescale/timescaledb-ha:pg15.7-ts2.28.1", "4.0", date(2027, 11, 11)),
        ("postgres:16", "4.0", date(2028, 11, 9)),
        ("postgres:18.4", "0.2", date(2030, 11, 14)),
        ("mongo:7.0.14", "3.5", date(2027, 8, 31)),
        ("mongo:4.4.29", "2.4", date(2024, 2, 29)),
        ("mongo:5.0", "2.6", date(2024, 10, 31)),
        ("quay.io/keycloak/keycloak:24.0.5", "4.0", date(2024, 6, 10)),
        ("grafana/grafana:12.3.2", "0.2", date(2026, 8, 19)),
        ("grafana/grafana:12.4.2", "0.2", date(2027, 5, 24)),
        ("grafana/grafana:11.4.0", "3.5", date(2025, 9, 5)),
        ("valkey/valkey:8.0.1", "4.0", date(2027, 9, 15)),
        ("valkey/valkey:8", "4.0", date(2030, 3, 31)),
        ("redis:7.0.15", "4.0", date(2024, 7, 29)),
    ],
)
def test_the_last_day_of_upstream_still_counts(image: str, line: str, last: date) -> None:
    facts = installation(image)

    def is_at_risk(day: date) -> bool:
        return ("DependencyUpstreamEndOfLife", image) in codes(findings(facts, line, as_of=day))

    day = timedelta(days=1)
    assert [is_at_risk(last - day), is_at_risk(last), is_at_risk(last + day)] == [False, False, True]
    assert last + day in set(dates(facts, (line,), builtin_rules(), builtin_policy()))


def test_what_has_no_end_gives_no_day() -> None:
    facts = installation("redis:7", "timescale/timescaledb:2.28.1", "nginx:1.27", declared={"couchdb": "3.3"})
    assert list(dates(facts, ("4.0",), builtin_rules(), builtin_policy())) == []


@given(images, declarations, lines, days)
def test_time_changes_nothing_but_on_the_days_named(
    images: list[str], declared: dict[str, str], lines: list[str], day: date
) -> None:
    facts = installation(*images, declared=declared)
    named = set(dates(facts, tuple(lines), builtin_rules(), builtin_policy()))
    if day not in named:
        assert findings(facts, *lines, as_of=day) == findings(facts, *lines, as_of=day - timedelta(days=1))


# What must always hold.


@given(images, declarations, lines, days, st.randoms(use_true_random=False))
def test_order_does_not_matter(images: list[str], declared: dict[str, str], lines: list[str], day: date, random: Any) -> None:  # noqa: ANN401
    facts = installation(*images, declared=declared)
    workloads, declarations = list(facts.workloads), list(facts.declared)
    random.shuffle(workloads)
    random.shuffle(declarations)
    shuffled = facts._replace(workloads=tuple(workloads), declared=tuple(declarations))
    assert set(findings(facts, *lines, as_of=day)) == set(findings(shuffled, *lines, as_of=day))


@given(images, declarations, lines, st.sampled_from(IMAGES))
def test_another_image_takes_no_statement_about_an_image_away(
    images: list[str], declared: dict[str, str], lines: list[str], another: str
) -> None:
    facts = installation(*images, declared=declared)
    more = facts._replace(workloads=(*facts.workloads, workload(another, "more")))
    before = {found.subject for found in findings(facts, *lines) if found.effect in (Effect.UNSUPPORTED, Effect.UNDETERMINED)}
    after = {found.subject for found in findings(more, *lines) if found.effect in (Effect.UNSUPPORTED, Effect.UNDETERMINED)}
    assert before <= after


@given(images, declarations, lines, days)
def test_every_finding_has_evidence_and_advice(
    images: list[str], declared: dict[str, str], lines: list[str], day: date
) -> None:
    for found in findings(installation(*images, declared=declared), *lines, as_of=day):
        assert found.code in CODES
        assert found.message
        assert found.remediation
        assert found.subject.image in found.message
        assert "  " not in found.message


@given(st.sampled_from(IMAGES), st.sampled_from(["2.4", "2.6", "3.5", "4.0", "0.1", "0.2"]))
def test_only_what_the_policy_lists_is_supported(image: str, line: str) -> None:
    """Held against the rules in other words: no finding but upstream's end means that every product and version is listed."""
    facts = installation(image)
    about_it = [found for found in findings(facts, line) if found.subject.image]
    if any(found.effect in (Effect.UNSUPPORTED, Effect.UNDETERMINED) for found in about_it):
        return
    case = next(case for case in load("corpus", "dependency-images.yaml") if case["image"] == image)
    listed = {each.product: each.versions for each in builtin_rules().deployments[line].products}
    for product, version in case["products"].items():
        assert version is not None
        assert not case.get("preRelease")
        assert not case.get("editions")
        assert any(f"{version}.".startswith(f"{text}.") for text in listed[product]), (image, line)


def test_a_complete_installation_has_one_risk() -> None:
    assert codes(findings(installation(*COMPLETE), "4.0")) == [RISK]
    assert findings(installation(declared=DECLARED), "0.2", as_of=BEFORE_2024) == []


def test_release_that_is_known_is_no_line_that_floats() -> None:
    facts = installation("perfana/perfana-web:0.2.96.22")
    assert judged_releases(take_inventory(facts, builtin_policy())) == {Release(0, 2, 96, 22)}


def test_another_line_that_uses_a_product_does_not_make_it_fit_this_one() -> None:
    """The database may be that other line's own, and then this line has none: nobody can tell."""
    alone = [finding.code for finding in findings(installation("mongo:7.0.14"), "0.2")]
    beside = [finding.code for finding in findings(installation("mongo:7.0.14"), "3.5", "0.2")]
    with_its_own = [finding.code for finding in findings(installation("mongo:7.0.14", *COMPLETE), "3.5", "0.2")]
    assert Code.DEPENDENCY_UNSUPPORTED in alone
    assert Code.DEPENDENCY_UNLISTED in beside
    assert not {Code.DEPENDENCY_UNSUPPORTED, Code.DEPENDENCY_UNLISTED}.intersection(with_its_own)
