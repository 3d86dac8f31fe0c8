"""The rules of dependencies as a value, and their indexes."""

from typing import Any

import pytest

from perfana_support.model.dependency import Version, read_image
from perfana_support.model.dependency_rules import DependencyFields, DependencyRules
from tests.unit.dependency_rules import rules_of

REDIS = {"name": "redis", "title": "Redis", "aliases": ["remote-dictionary"]}


def _rules(*carriers: dict[str, Any]) -> DependencyRules:
    return rules_of({"products": [REDIS], "carriers": list(carriers)})


def test_rules_are_immutable_and_still_compute_their_indexes() -> None:
    rules = _rules()
    with pytest.raises(AttributeError, match="immutable"):
        rules.fields = DependencyFields()
    assert list(rules.products) == ["redis"]


def test_rules_are_equal_by_what_they_state() -> None:
    assert _rules() == _rules()
    assert hash(_rules()) == hash(_rules())
    assert _rules() != DependencyRules()
    assert DependencyRules() != DependencyFields()


def test_title_of_what_is_no_product_is_its_name() -> None:
    assert (_rules().title("redis"), _rules().title("acme")) == ("Redis", "acme")


def test_product_is_found_by_its_name_and_its_aliases() -> None:
    assert _rules().names == {"remote-dictionary": "redis", "redis": "redis"}


def test_second_place_for_a_version_counts_where_the_first_is_empty() -> None:
    carried = [{"product": "redis", "markers": [marker]} for marker in ("a", "b")]
    rules = _rules({"name": "acme/db", "carries": carried})
    for tag, text in (("b7.2", "7.2"), ("a7.1-b7.2", "7.1"), ("b7.2-a7.1", "7.1")):
        (reading,) = read_image("docker.io/acme/db", tag, rules)
        assert reading.version is not None
        assert reading.version.text == text


def test_version_in_a_repository_stands_where_the_policy_says() -> None:
    rules = _rules({"name": "redis-<version>-el9", "carries": [{"product": "redis"}]})
    (reading,) = read_image("docker.io/acme/redis-7.2-el9", None, rules)
    assert reading.version == Version((7, 2), "7.2")
    assert read_image("docker.io/acme/redis--el9", None, rules) == ()
    assert read_image("docker.io/acme/redis-7.2-el8", None, rules) == ()
    assert rules.carriers == {}
