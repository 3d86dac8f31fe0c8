"""The grammar of other people's images, and the ranges that versions are held against."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.dependency import (
    Reading,
    Version,
    is_listed,
    is_partial,
    is_within,
    read_declared,
    read_image,
    read_version,
    upstream_cycle,
)
from perfana_support.model.dependency_rules import Cycle, Product
from perfana_support.model.image import parse_image
from tests.unit.dependency_rules import builtin_rules, load

RULES = builtin_rules()
CORPUS: list[dict[str, Any]] = load("corpus", "dependency-images.yaml")
PRODUCTS = RULES.products
LONG = "0123456789abcdef" * 4

numbers = st.lists(st.integers(0, 40), min_size=1, max_size=4).map(tuple)


def read(image: str, kind: str = "") -> tuple[Reading, ...]:
    reference = parse_image(image)
    assert reference is not None, image
    return read_image(reference.repository, reference.tag, RULES, kind)


def version(text: str) -> Version:
    found = read_version(text)
    assert found is not None, text
    return found


def product(parts: int = 3, **fields: Any) -> Product:  # noqa: ANN401 - plain data
    empty = Product("redis", "Redis", parts, (), (), frozenset(), ())
    return empty._replace(**fields)


@pytest.mark.parametrize("case", CORPUS, ids=[case["image"].replace(LONG, "digest") for case in CORPUS])
def test_corpus_of_images(case: dict[str, Any]) -> None:
    readings = read(case["image"])
    assert {each.product: each.version and each.version.text for each in readings} == case["products"]
    assert {word for each in readings for word in each.editions} == set(case.get("editions", ()))
    assert any(each.version and each.version.is_pre_release for each in readings) is case.get("preRelease", False)


def test_corpus_of_images_is_large_and_without_repetition() -> None:
    images = [case["image"] for case in CORPUS]
    assert len(set(images)) == len(images) >= 200


def test_every_carrier_is_in_the_corpus() -> None:
    carried = {
        name.rpartition("/")[2] for case in CORPUS if (reference := parse_image(case["image"])) for name in [reference.path]
    }
    missing = {name for name in RULES.carriers if name.rpartition("/")[2] not in carried}
    assert missing <= {
        "postgres-documentdb-dev",
        "cloudnativepg-timescaledb",
        "cloudnative-pg-cluster",
        "percona-valkey",
        "keycloakx",
        "keycloak-rhel8",
    }


@pytest.mark.parametrize("case", CORPUS, ids=[case["image"].replace(LONG, "digest") for case in CORPUS])
def test_a_copy_in_another_registry_is_the_same(case: dict[str, Any]) -> None:
    reference = parse_image(case["image"])
    assert reference is not None
    copy = reference._replace(registry="registry.acme.example:5000", path=f"mirror/{reference.path}")
    assert read_image(copy.repository, copy.tag, RULES) == read(case["image"])


def test_the_longest_end_of_a_repository_decides() -> None:
    assert [each.product for each in read("redislabs/redis:7.4.6")] == ["redis-enterprise"]
    assert [each.product for each in read("acme/redis:7.4.6")] == ["redis"]


def test_an_operators_workload_carries_its_product_whatever_the_image_is_called() -> None:
    image = "registry.acme.example/db/perfana:18-ts2.30.2"
    assert [(each.product, each.version and each.version.text) for each in read(image, "Cluster")] == [
        ("postgresql", "18"),
        ("timescaledb", "2.30.2"),
    ]
    assert read(image, "StatefulSet") == ()


def test_an_operators_workload_does_not_hide_what_an_image_is() -> None:
    assert [each.product for each in read("timescale/timescaledb-ha:pg16-ts2.28.1", "Cluster")] == ["postgresql", "timescaledb"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16", (16,)),
        ("16.4", (16, 4)),
        ("v6.3.4", (6, 3, 4)),
        ("1.2.3.4", (1, 2, 3, 4)),
        ("16.", (16,)),
        ("999999999", (999999999,)),
    ],
)
def test_versions(text: str, expected: tuple[int, ...]) -> None:
    assert version(text).numbers == expected
    assert not version(text).is_pre_release


@pytest.mark.parametrize("text", ["19beta1", "18rc1", "26.0.0.beta1", "8.0.final"])
def test_letters_behind_the_numbers_are_a_pre_release(text: str) -> None:
    assert version(text).is_pre_release


@pytest.mark.parametrize(
    "text", ["", "v", "latest", "3f2a9bc", "1..2", ".16", "1.2.3.4.5", "1000000000", "16beta1x", "١٦", "16,4"]
)
def test_no_versions(text: str) -> None:
    assert read_version(text) is None


@given(numbers)
def test_numbers_are_read_as_they_are_written(parts: tuple[int, ...]) -> None:
    assert version(".".join(map(str, parts))).numbers == parts


@given(st.text(max_size=40))
def test_any_text_is_read_without_error(text: str) -> None:
    read_version(text)
    read_declared("postgresql", text, RULES)
    for name in ("library/postgres", "timescale/timescaledb-ha", "eqalpha/keydb", f"rhel9/postgresql-{text}"):
        read_image(name, text, RULES)


@given(
    st.sampled_from(["latest", "bookworm", "alpine3.20", "main"]),
    st.sampled_from([case["image"].partition(":")[0] for case in CORPUS]),
)
def test_a_tag_without_a_version_tells_none(tag: str, repository: str) -> None:
    if "@" not in repository and "-1" not in repository:
        for each in read(f"{repository}:{tag}"):
            assert each.version is None or repository.endswith(("-7", "-6", "-8", "-7-c9s", "-15-c9s", "-8-c10s"))


@pytest.mark.parametrize(
    ("text", "ranges", "parts", "expected"),
    [
        # A bare version stands for all of its releases.
        ("16", ("16",), 2, True),
        ("16.4", ("16",), 2, True),
        ("18.6.1", ("18",), 2, True),
        ("17.4", ("15", "16", "18"), 2, False),
        ("160.4", ("16",), 2, False),
        ("24.0", ("24.0",), 3, True),
        ("24.0.5", ("24.0",), 3, True),
        ("24.1.0", ("24.0",), 3, False),
        # A version that leaves releases open is listed only if all of them are.
        ("7", ("7",), 3, True),
        ("7", ("7.0",), 3, False),
        ("7", ("7.0", "7.1", "7.2", "7.3"), 3, False),
        ("7.0", ("7.0",), 3, True),
        ("7.0", ("7.0.14",), 3, False),
        ("7.0", ("==7.0.0",), 3, False),
        ("2", ("2.26", "2.28", "2.30"), 3, False),
        ("7", (">=7,<8",), 3, True),
        ("7", (">=7.2,<8",), 3, False),
        ("7", (">=6,<7.4",), 3, False),
        ("7.3", (">=7,<7.4",), 3, True),
        ("7", ("!=7.3.*",), 3, False),
        ("7.3", ("!=7.3.5",), 3, False),
        ("7.3", ("!=7.4.*",), 3, True),
        ("7", ("!=70.*",), 3, True),
        # A version that is complete is one point.
        ("16.4", ("==16.4",), 2, True),
        ("16.4", ("==16.5",), 2, False),
        ("16.4", (">=16.2,<16.5",), 2, True),
        ("16.4", ("<=16.4",), 2, True),
        ("7.2.5", ("~=7.2",), 3, True),
        ("8.0.0", ("~=7.2",), 3, False),
        ("7.3.5", ("!=7.3.5,>=7",), 3, False),
        ("7.3.6", ("!=7.3.5,>=7",), 3, True),
        # Any version at all, and none.
        ("7.3.6", ("*",), 3, True),
        ("7.3.6", (), 3, False),
        # A pre-release is in no range.
        ("19beta1", ("19",), 2, False),
        ("19beta1", ("*",), 2, True),
    ],
)
def test_listed_versions(text: str, ranges: tuple[str, ...], parts: int, expected: bool) -> None:  # noqa: FBT001
    assert is_listed(version(text), ranges, product(parts)) is expected


def test_a_version_that_is_not_told_is_listed_only_where_any_is() -> None:
    assert not is_listed(None, ("1", "2", ">=0"), product())
    assert is_listed(None, ("1", "*"), product())


def test_within_takes_a_pre_release_for_its_release() -> None:
    assert is_within(version("2.29.0rc1"), (">=2.29",), product())
    assert not is_within(version("2.28.0rc1"), (">=2.29",), product())


def test_within_no_ranges_is_everything() -> None:
    assert is_within(None, (), product())
    assert is_within(None, ("*",), product())
    assert not is_within(None, ("16",), product())


def test_within_needs_all_that_a_version_can_be() -> None:
    assert not is_within(version("2"), (">=2.29",), product())
    assert is_within(version("3"), (">=2.29",), product())


@given(numbers, st.integers(1, 4))
def test_a_longer_version_of_a_listed_one_is_listed(parts: tuple[int, ...], count: int) -> None:
    short, ranges = ".".join(map(str, parts[:count])), (">=7,<20", "24.0", "!=30.1.*,>=30")
    if is_listed(version(short), ranges, product(4)):
        assert is_listed(version(".".join(map(str, parts))), ranges, product(4))


@given(numbers)
def test_a_version_is_listed_by_itself_and_by_what_it_begins_with(parts: tuple[int, ...]) -> None:
    text = ".".join(map(str, parts))
    for count in range(1, len(parts) + 1):
        assert is_listed(version(text), (".".join(map(str, parts[:count])),), product(4))


def test_completeness_is_the_products_own() -> None:
    assert is_partial(version("16"), PRODUCTS["postgresql"])
    assert not is_partial(version("16.4"), PRODUCTS["postgresql"])
    assert is_partial(version("7.0"), PRODUCTS["mongodb"])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("postgresql", "16.4", (16,)),
        ("mongodb", "7.0.14", (7, 0)),
        ("mongodb", "7", (7, 0)),
        ("grafana", "8.5.27", (8,)),
        ("redis", "7.0.15", (7, 0)),
        ("keycloak", "24", (24, 0)),
        ("valkey", "8", (8, 1)),
    ],
)
def test_upstream_cycles(name: str, text: str, expected: tuple[int, ...]) -> None:
    cycle = upstream_cycle(version(text), PRODUCTS[name])
    assert cycle is not None
    assert cycle.numbers == expected


def test_a_major_version_with_a_cycle_that_has_no_end_has_none() -> None:
    cycle = upstream_cycle(version("7"), PRODUCTS["redis"])
    assert cycle is not None
    assert cycle.ends_on is None


@pytest.mark.parametrize(("name", "text"), [("postgresql", "99.1"), ("timescaledb", "2.28.1"), ("mongodb", "70.0.1")])
def test_no_upstream_cycle(name: str, text: str) -> None:
    assert upstream_cycle(version(text), PRODUCTS[name]) is None


def test_no_upstream_cycle_without_a_version() -> None:
    assert upstream_cycle(None, PRODUCTS["postgresql"]) is None


def test_cycles_of_the_policy_end_in_their_order() -> None:
    for name in ("postgresql", "mongodb", "keycloak"):
        days = [cycle.ends_on for cycle in PRODUCTS[name].cycles if cycle.ends_on]
        assert all(before < after for before, after in pairwise(days)), name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("postgres", "16.4", ("postgresql", (16, 4), set())),
        ("postgresql", "16.4-R2", ("postgresql", (16, 4), set())),
        ("timescale", "2.28.1-oss", ("timescaledb", (2, 28, 1), {"oss"})),
        ("mongo", "7.0.14", ("mongodb", (7, 0, 14), set())),
        ("amazon-documentdb", "5.0.0", ("documentdb", (5, 0, 0), set())),
        ("postgresql", "", ("postgresql", None, set())),
        ("couchdb", "3.3", ("couchdb", (3, 3), set())),
    ],
)
def test_declarations(name: str, text: str, expected: tuple[str, tuple[int, ...] | None, set[str]]) -> None:
    reading = read_declared(name, text, RULES)
    assert (reading.product, reading.version and reading.version.numbers, set(reading.editions)) == expected


def test_a_declared_pre_release() -> None:
    reading = read_declared("postgresql", "18-rc1", RULES)
    assert reading.version is not None
    assert reading.version.is_pre_release


@pytest.mark.parametrize(
    ("text", "ranges", "is_in"),
    [
        ("2.27", (">=2.26,!=2.27.3",), False),
        ("2.27", (">=2.26,!=2.27.*",), False),
        ("2", (">=2.0,<3,!=2.27.*",), False),
        ("2.2", (">=2.0,<3,!=2.27.*",), True),
        ("2.28", (">=2.26,!=2.27.*",), True),
        ("2.27.4", (">=2.26,!=2.27.3",), True),
        ("16", (">=16,<16.95",), False),
        ("16", (">=16,<17",), True),
    ],
)
def test_version_that_may_be_an_excluded_one_is_not_listed(text: str, ranges: tuple[str, ...], *, is_in: bool) -> None:
    assert is_listed(version(text), ranges, product(3)) is is_in


def test_upstream_cycle_is_the_narrowest_that_holds_a_version_and_the_last_to_end_of_those_it_can_be() -> None:
    cycles = (
        Cycle((7,), date(2030, 1, 1)),
        Cycle((7, 2), date(2020, 1, 1)),
        Cycle((8, 1), date(2025, 1, 1)),
        Cycle((8, 10), date(2021, 1, 1)),
    )
    made = product(3)._replace(cycles=cycles)
    for text, day in (("7.2.1", date(2020, 1, 1)), ("7.3", date(2030, 1, 1)), ("8", date(2025, 1, 1))):
        found = upstream_cycle(version(text), made)
        assert found is not None
        assert found.ends_on == day
    for shuffled in (cycles, cycles[::-1]):
        found = upstream_cycle(version("7.2"), made._replace(cycles=shuffled))
        assert found == Cycle((7, 2), date(2020, 1, 1))


def test_upstream_cycle_that_is_still_open_wins_whatever_others_are() -> None:
    cycles = (Cycle((9, 1), None), Cycle((9, 2), None), Cycle((9, 3), date(2020, 1, 1)))
    found = upstream_cycle(version("9"), product(3)._replace(cycles=cycles))
    assert found is not None
    assert found.ends_on is None


@pytest.mark.parametrize("product", ["PostgreSQL", "postgresql", "POSTGRESQL", "postgres"])
def test_products_are_declared_by_name_title_or_alias_in_any_case(product: str) -> None:
    assert read_declared(product, "16.4", builtin_rules()).product == "postgresql"
