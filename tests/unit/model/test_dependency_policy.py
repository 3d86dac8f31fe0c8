"""Reading `spec.dependencies`: its form, its errors, and what must hold across it."""

from datetime import date
from typing import Any

import pytest

from perfana_support.model.dependency import read_image
from perfana_support.model.dependency_policy import KEYED_LISTS, check_dependencies, read_dependencies
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.document import Node, Problem
from perfana_support.model.policy_document import KEYED_LISTS as OTHER_KEYED_LISTS
from perfana_support.model.policy_document import merge_specs
from perfana_support.model.release import Release
from perfana_support.sources.policy import builtin_policy
from tests.unit.dependency_rules import builtin_rules, dependencies_spec, rules_of

LINES = frozenset(builtin_policy().lines)


def problems_of(spec: dict[str, Any], *, is_whole: bool = True) -> list[str]:
    problems: list[Problem] = []
    read_dependencies(Node(spec, "spec.dependencies", problems), is_whole=is_whole)
    return [str(problem) for problem in problems]


def contradictions(spec: dict[str, Any], lines: frozenset[str] = LINES) -> list[str]:
    problems: list[Problem] = []
    check_dependencies("spec.dependencies", rules_of(spec), lines, problems)
    return [str(problem) for problem in problems]


def test_the_builtin_policy_is_without_fault() -> None:
    assert problems_of(dependencies_spec()) == []
    assert contradictions(dependencies_spec()) == []


def test_every_line_has_a_deployment() -> None:
    assert set(builtin_rules().deployments) == LINES


def test_every_range_of_the_builtin_policy_is_read_by_packaging() -> None:
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - as the program does

    for deployment in builtin_rules().fields.deployments:
        texts = [text for each in deployment.products for text in (*each.versions, *(later for later, _ in each.later))]
        texts += [text for each in deployment.impossible for text in (*each.versions, *each.host_versions)]
        for text in texts:
            SpecifierSet(f"=={text}.*" if text[0].isdigit() else text)


def test_nothing_stated_is_nothing_known() -> None:
    rules = rules_of({})
    assert (rules.products, rules.carriers, rules.versioned_carriers, rules.deployments, rules.names) == ({}, {}, (), {}, {})
    assert rules.title("postgresql") == "postgresql"
    assert DependencyRules().fields == rules.fields


def test_lists_that_merge_do_not_collide_with_others() -> None:
    assert all(OTHER_KEYED_LISTS.get(name, key) == key for name, key in KEYED_LISTS.items())


def test_a_whole_policy() -> None:
    rules = rules_of(
        {
            "preReleaseWords": ["rc"],
            "products": [
                {"name": "postgresql", "title": "PostgreSQL", "versionParts": 2, "aliases": ["pg"], "editions": ["slim"]},
                {
                    "name": "redis",
                    "imitates": ["postgresql"],
                    "cycles": [{"name": "7.2", "endOfLifeOn": "2027-01-01"}, {"name": "7"}],
                },
            ],
            "carriers": [
                {
                    "name": "postgres",
                    "carries": [
                        {"product": "postgresql"},
                        {"product": "redis", "markers": ["r"], "needs": "x", "optional": True},
                    ],
                },
                {"name": "a/b", "workloadKinds": ["Cluster"]},
            ],
            "deployments": [
                {
                    "name": "modern",
                    "lines": ["4.0"],
                    "deployedProducts": [
                        {
                            "product": "postgresql",
                            "versions": ["16", ">=17,<18"],
                            "required": True,
                            "alternatives": ["redis"],
                            "laterVersions": [{"version": "18", "fromRelease": "0.2.48.5"}],
                        }
                    ],
                    "combinations": [
                        {
                            "name": "x",
                            "product": "redis",
                            "versions": [">7"],
                            "editions": ["slim"],
                            "unless": ["postgresql"],
                            "runningOn": {"product": "postgresql", "versions": ["15"]},
                            "reason": "it cannot",
                        }
                    ],
                }
            ],
        }
    )
    postgresql, redis = rules.products["postgresql"], rules.products["redis"]
    assert (postgresql.title, postgresql.parts, postgresql.editions) == ("PostgreSQL", 2, frozenset({"slim"}))
    assert (redis.title, redis.parts, redis.imitates) == ("redis", 3, ("postgresql",))
    assert redis.cycles == (((7, 2), date(2027, 1, 1)), ((7,), None))
    assert rules.names == {"pg": "postgresql", "postgresql": "postgresql", "redis": "redis"}
    assert rules.carriers["postgres"].slots == (
        ("postgresql", (), True, "", False),
        ("redis", ("r",), False, "x", True),
    )
    assert rules.carriers_of_kind == {"Cluster": rules.carriers["a/b"]}
    deployment = rules.deployments["4.0"]
    assert deployment.products == (("postgresql", ("16", ">=17,<18"), (("18", Release(0, 2, 48, 5)),), True, ("redis",)),)
    (combination,) = deployment.impossible
    assert (combination.versions, combination.host, combination.host_versions) == ((">7",), "postgresql", ("15",))
    assert (combination.editions, combination.unless) == (frozenset({"slim"}), ("postgresql",))
    assert combination.remedy == "ask the vendor which product and version to run"


def test_every_problem_is_named_with_path_and_form_at_once() -> None:
    spec = {
        "preReleaseWords": "rc",
        "products": [
            {"name": "PostgreSQL"},
            {
                "name": "redis",
                "versionParts": 5,
                "cycles": [{"name": "x"}, {"name": "7", "endOfLifeOn": "soon"}],
                "colour": "red",
            },
            {"name": "redis"},
        ],
        "carriers": [
            {"name": "Postgres", "carries": [7, {"product": "!"}, "redis", {}, {"product": "redis", "marker": "v"}]},
            {"name": "a/postgresql-<version>"},
            {"name": 7, "carries": "redis"},
        ],
        "deployments": [
            {
                "name": "modern",
                "deployedProducts": [
                    {"product": "redis", "versions": ["7.x", "16"], "laterVersions": [{"version": "?", "fromRelease": "1"}]}
                ],
                "combinations": [{"name": "x", "versions": ["~=7"], "runningOn": {"versions": ["7"]}}],
            }
        ],
    }
    word = "must be a lower-case word, for example postgresql"
    a_range = 'must be a version or a range, for example "16", "24.0", ">=2.26,<2.29", "*" for any, is '
    a_release = 'must be a release number as a text, for example "0.2.96.22", is '
    an_end = "must be the end of an image repository, for example postgres or percona/percona-server-mongodb, is "
    assert [problem.removeprefix("spec.dependencies.") for problem in problems_of(spec)] == [
        "preReleaseWords: must be a list of texts, each once, is 'rc'",
        f"products[0].name: {word}, is 'PostgreSQL'",
        "products[1].versionParts: must be a whole number from 1 to 4, is 5",
        "products[1].cycles[0].name: must be the beginning of a version as a text, for example \"16\", is 'x'",
        "products[1].cycles[1].endOfLifeOn: must be a date as YYYY-MM-DD, is 'soon'",
        "products[1].colour: is not a known field, known are aliases, cycles, editions, imitates, name, title, versionParts",
        "products[2].name: must be listed once, 'redis' stands at [1] already",
        f"carriers[0].name: {an_end}'Postgres'",
        "carriers[0].carries[0]: must be a mapping, is 7",
        f"carriers[0].carries[1].product: {word}, is '!'",
        "carriers[0].carries[2]: must be a mapping, is 'redis'",
        f"carriers[0].carries[3].product: is missing, {word}",
        "carriers[0].carries[4].marker: is not a known field, known are leads, markers, needs, optional, product",
        f"carriers[1].name: {an_end}'a/postgresql-<version>'",
        f"carriers[2].name: {an_end}7",
        "carriers[2].carries: must be a list, is 'redis'",
        f"deployments[0].deployedProducts[0].versions[0]: {a_range}'7.x'",
        f"deployments[0].deployedProducts[0].laterVersions[0].version: {a_range}'?'",
        f"deployments[0].deployedProducts[0].laterVersions[0].fromRelease: {a_release}'1'",
        f"deployments[0].combinations[0].product: is missing, {word}",
        f"deployments[0].combinations[0].versions[0]: {a_range}'~=7'",
        "deployments[0].combinations[0].reason: is missing, must be a text",
        f"deployments[0].combinations[0].runningOn.product: is missing, {word}",
    ]


def test_an_overlay_states_only_what_differs() -> None:
    spec = {
        "deployments": [
            {
                "name": "modern",
                "deployedProducts": [{"product": "grafana", "laterVersions": [{"version": "13"}]}],
                "combinations": [{"name": "mongodb-alone", "remedy": "move"}, {"name": "x", "runningOn": {"versions": ["15"]}}],
            }
        ]
    }
    assert problems_of(spec, is_whole=False) == []
    assert len(problems_of(spec)) == 6


@pytest.mark.parametrize("text", ["16", "24.0", "*", ">=16", ">=16.2,<17", "==7.0.*", "!=7.3.*", "!=7.3", "~=7.2", "<=8", ">7"])
def test_ranges(text: str) -> None:
    spec = {"deployments": [{"name": "a", "deployedProducts": [{"product": "redis", "versions": [text]}]}]}
    assert problems_of(spec) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "16.x",
        "16.*",
        ">=",
        ">=16.*",
        "~=7",
        "~=7.*",
        "===7",
        ">= 16",
        "16,",
        ",16",
        "7,8",
        "v16",
        "=16",
        "16rc1",
        "9999999999",
        "١٦",
        "**",
    ],
)
def test_no_ranges(text: str) -> None:
    spec = {"deployments": [{"name": "a", "deployedProducts": [{"product": "redis", "versions": [text]}]}]}
    assert len(problems_of(spec)) == 1


def test_a_range_that_is_no_text() -> None:
    later = {"version": 13, "fromRelease": 4}
    spec = {
        "deployments": [{"name": "a", "deployedProducts": [{"product": "redis", "versions": [16], "laterVersions": [later]}]}]
    }
    assert [problem.partition(": ")[0].rpartition(".")[2] for problem in problems_of(spec)] == [
        "versions",
        "version",
        "fromRelease",
    ]


def test_names_that_do_not_exist_are_refused() -> None:
    spec = {
        "products": [{"name": "redis", "imitates": ["memcached"]}],
        "carriers": [{"name": "redis", "carries": [{"product": "redis"}, {"product": "rdis"}]}],
        "deployments": [
            {
                "name": "a",
                "lines": ["4.0", "9.9"],
                "deployedProducts": [{"product": "postgres", "alternatives": ["valkey"]}],
                "combinations": [
                    {"name": "x", "product": "mongo", "unless": ["pg"], "runningOn": {"product": "linux"}, "reason": "because"},
                    {"name": "y", "product": "redis", "reason": "because"},
                ],
            },
            {"name": "b", "lines": ["4.0"]},
        ],
    }
    found = contradictions(spec, frozenset({"4.0"}))
    assert found[:2] == [
        "spec.dependencies.deployments[\"a\"].lines: must name lines of spec.lines, '9.9' is not one",
        "spec.dependencies.deployments[\"b\"].lines: must not name line 4.0, which 'a' names already",
    ]
    assert [problem.partition(", ")[2] for problem in found[2:]] == [
        f"{name!r} is not one" for name in ("memcached", "rdis", "postgres", "valkey", "mongo", "pg", "linux")
    ]
    assert found[-1].startswith('spec.dependencies.deployments["a"].combinations["x"].runningOn: must be a product of ')


def test_the_first_deployment_of_a_line_holds() -> None:
    rules = rules_of({"deployments": [{"name": "a", "lines": ["4.0"]}, {"name": "b", "lines": ["4.0", "0.1"]}]})
    assert (rules.deployments["4.0"].name, rules.deployments["0.1"].name) == ("a", "b")


def test_a_carrier_that_carries_nothing_is_no_dependency() -> None:
    rules = rules_of(
        {
            "products": [{"name": "redis"}],
            "carriers": [{"name": "redis", "carries": [{"product": "redis"}]}, {"name": "tools/redis"}],
        }
    )
    assert read_image("docker.io/tools/redis", "7", rules) == ()
    assert len(read_image("docker.io/library/redis", "7", rules)) == 1


def test_a_versioned_carrier_that_carries_nothing_is_no_dependency() -> None:
    rules = rules_of({"carriers": [{"name": "redis-<version>"}]})
    assert read_image("rhel9/redis-7", "1", rules) == ()


def test_a_versioned_carrier_tells_the_version_of_its_first_product_only() -> None:
    carries = [{"product": "postgresql"}, {"product": "timescaledb", "markers": ["ts"]}]
    rules = rules_of({"carriers": [{"name": "pg-<version>-ts", "carries": carries}]})
    readings = read_image("acme/pg-16-ts", "1.0-ts2.28", rules)
    assert [(each.product, each.version and each.version.text) for each in readings] == [
        ("postgresql", "16"),
        ("timescaledb", "2.28"),
    ]


def _deployment(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    return {"deployments": [{"name": "a", "lines": ["4.0"], **fields}]}


REDIS = {"product": "redis"}
IMPOSSIBLE = {"name": "a", "product": "redis", "reason": "why", "remedy": "what"}


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"products": [{"title": "x"}]}, "products[0].name: is missing"),
        ({"products": [{"name": "a"}] * 2}, "products[1].name: must be listed once"),
        ({"products": [{"name": "a", "cycles": [{"endOfLifeOn": "2030-01-01"}]}]}, "products[0].cycles[0].name: is missing"),
        ({"products": [{"name": "a", "cycles": [{"name": "1"}] * 2}]}, "products[0].cycles[1].name: must be listed once"),
        ({"carriers": [{"carries": [{"product": "redis"}]}]}, "carriers[0].name: is missing"),
        ({"carriers": [{"name": "a", "carries": [{"product": "redis"}]}] * 2}, "carriers[1].name: must be listed once"),
        ({"carriers": [{"name": "a", "carries": [{"product": "redis"}], "x": 1}]}, "carriers[0].x: is not a known field"),
        ({"carriers": [{"name": "a", "carries": [{"markers": ["b"]}]}]}, "carriers[0].carries[0].product: is missing"),
        ({"deployments": [{"lines": ["4.0"]}]}, "deployments[0].name: is missing"),
        ({"deployments": _deployment()["deployments"] * 2}, "deployments[1].name: must be listed once"),
        (_deployment(deployedProducts=[{}]), "deployments[0].deployedProducts[0].product: is missing"),
        (_deployment(deployedProducts=[REDIS] * 2), "deployments[0].deployedProducts[1].product: must be listed once"),
        (_deployment(deployedProducts=[REDIS | {"x": 1}]), "deployments[0].deployedProducts[0].x: is not a known field"),
        (_deployment(combinations=[IMPOSSIBLE | {"name": None}]), "deployments[0].combinations[0].name: is missing"),
        (_deployment(combinations=[IMPOSSIBLE] * 2), "deployments[0].combinations[1].name: must be listed once"),
        (
            _deployment(combinations=[IMPOSSIBLE | {"runningOn": {"product": "postgresql", "x": 1}}]),
            "deployments[0].combinations[0].runningOn.x: is not a known field",
        ),
    ],
)
def test_entry_that_is_nameless_repeated_or_misspelt_is_a_problem(spec: dict[str, Any], problem: str) -> None:
    (found,) = problems_of(spec, is_whole=False)
    assert found.startswith(f"spec.dependencies.{problem}")


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("products", "name"),
        ("cycles", "name"),
        ("carriers", "name"),
        ("deployments", "name"),
        ("deployedProducts", "product"),
        ("laterVersions", "version"),
        ("combinations", "name"),
    ],
)
def test_lists_of_dependencies_merge_entry_by_entry(field: str, key: str) -> None:
    base, overlay = {field: [{key: "a", "x": 1}, {key: "b"}]}, {field: [{key: "a", "y": 2}]}
    assert merge_specs(base, overlay) == {field: [{key: "a", "x": 1, "y": 2}, {key: "b"}]}
