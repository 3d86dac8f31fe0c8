"""SupportPolicy documents: their form, what they merge with, and what is said about bad ones."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.document import DocumentError
from perfana_support.model.policy import Build, ClockStart, Policy
from perfana_support.model.policy_document import merge_specs
from perfana_support.model.tag import read_tag
from perfana_support.sources.policy import policy_of
from perfana_support.sources.yaml_document import load_document
from tests.unit.builders import codes, judge, policy, policy_document

FILE = Path(__file__).parents[2] / "data" / "policies" / "bad.yaml"
with FILE.open("rb") as stream:
    BAD: Any = load_document(stream)

# The smallest policy that stands on its own.
WHOLE: dict[str, Any] = {
    "basePolicy": "None",
    "publishedOn": "2026-01-01",
    "endOfLife": {"clockStartsAt": "OwnRelease", "years": 1, "lookaheadDays": 30},
    "lines": [{"name": "1.0", "firstReleasedOn": "2026-01-01"}],
    "productLines": [{"name": "a", "lines": ["1.0"], "numbering": "Release", "components": [{"repository": "acme/app"}]}],
}


def _problems(document: object) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        policy_of(document)
    assert str(caught.value) == "; ".join(map(str, caught.value.problems))
    return [str(problem) for problem in caught.value.problems]


def _line_names(owner: Policy) -> list[str]:
    return list(owner.lines)


@pytest.mark.parametrize("case", BAD, ids=[case["name"].replace(" ", "-") for case in BAD])
def test_bad_document_is_refused_with_every_problem(case: dict[str, Any]) -> None:
    assert _problems(policy_document(**case["spec"])) == case["problems"]


@pytest.mark.parametrize("document", [None, "text", 1, [], ["a"]])
def test_document_that_is_no_object(document: object) -> None:
    assert _problems(document) == ["document: must be a SupportPolicy object"]


def test_document_of_another_kind() -> None:
    assert _problems({"apiVersion": "v1", "kind": "ConfigMap"}) == [
        "apiVersion: must be support.perfana.io/v1alpha1, is 'v1'",
        "kind: must be SupportPolicy, is 'ConfigMap'",
        "metadata.name: is missing, must be the policy's name",
        "spec: is missing, must be a mapping",
    ]


def test_field_beside_the_spec_is_refused() -> None:
    """As when the indentation of a line is lost."""
    known = "is not a known field, known are apiVersion, kind, metadata, spec, status"
    assert _problems(policy_document() | {"lines": [], "status": {}}) == [f"lines: {known}"]


@pytest.mark.parametrize("metadata", [None, {}, {"name": ""}, {"name": 7}, []])
def test_policy_without_a_name(metadata: object) -> None:
    document = policy_document() | {"metadata": metadata}
    assert _problems(document) == ["metadata.name: is missing, must be the policy's name"]


def _plain(read: Policy, **changes: Any) -> tuple[object, ...]:  # noqa: ANN401 - plain data
    """Take a policy's fields, those of its dependencies unpacked: their rules are an object that is equal to itself alone."""
    fields = read.fields._replace(**changes)
    others = {name: value for name, value in fields._asdict().items() if name != "dependencies"}
    return others, fields.dependencies.fields


def test_nothing_stated_is_the_builtin_policy_under_another_name() -> None:
    stated = policy_of(policy_document())
    assert _plain(stated) == _plain(policy(), name="acme")


def test_default_base_may_be_named() -> None:
    assert policy({"basePolicy": "Default", "maxPolicyAgeDays": 7}).fields.lines == policy().fields.lines


def test_policy_without_base_holds_what_it_states_and_no_more() -> None:
    owner = policy(WHOLE)
    assert _line_names(owner) == ["1.0"]
    assert owner.releases == {}
    assert owner.tags.qualifiers == {}
    assert owner.fields.max_policy_age_days == 180
    assert set(owner.product_lines_of) == {"docker.io/acme/app"}


def test_policy_without_base_judges() -> None:
    verdict = judge("acme/app:1.0.0", "perfana/perfana-fe:perfana-2.1.0", as_of=date(2026, 6, 1), spec=WHOLE)
    assert codes(verdict) == ["UnlistedPatch"]


def test_scalar_replaces() -> None:
    assert policy({"maxPolicyAgeDays": 7}).fields.max_policy_age_days == 7


def test_mapping_merges_by_field() -> None:
    rule = policy({"endOfLife": {"years": 3}}).fields.end_of_life
    assert (rule.clock_starts_at, rule.years, rule.lookahead_days) == (ClockStart.SUCCESSOR_RELEASE, 3, 90)


def test_keyed_list_merges_by_entry_and_keeps_the_order() -> None:
    owner = policy({"lines": [{"name": "3.1", "endOfLifeOn": "2029-01-01"}, {"name": "0.3", "firstReleasedOn": "2027-01-01"}]})
    assert _line_names(owner) == [*_line_names(policy()), "0.3"]
    assert owner.lines["3.1"].first_released_on == date(2024, 4, 5)
    assert owner.lines["3.1"].end_of_life_on == date(2029, 1, 1)


def test_release_gets_components_without_losing_its_day() -> None:
    spec = {"releases": [{"version": "4.0.0", "components": [{"repository": "perfana/perfana-fe", "version": "9.9"}]}]}
    listed = next(release for release in policy(spec).fields.releases if release.version == "4.0.0")
    assert listed.released_on == date(2025, 12, 13)
    assert len(listed.components) == 1


def test_components_of_a_product_line_merge_by_repository() -> None:
    spec = {"productLines": [{"name": "platform", "components": [{"repository": "perfana/perfana-ai", "optional": True}]}]}
    owner = policy(spec)
    assert len(owner.fields.product_lines) == len(policy().fields.product_lines)
    assert len(owner.fields.product_lines[-1].components) == len(policy().fields.product_lines[-1].components) + 1


def test_line_names_of_a_product_line_are_replaced() -> None:
    spec = {
        "lines": [{"name": "0.3", "firstReleasedOn": "2027-01-01"}],
        "productLines": [{"name": "platform", "lines": ["4.0", "0.1", "0.2", "0.3"]}],
    }
    assert policy(spec).fields.product_lines[-1].lines == ("4.0", "0.1", "0.2", "0.3")


def test_list_without_key_is_replaced() -> None:
    assert policy({"tools": ["acme/tool"]}).fields.tools == {"docker.io/acme/tool"}
    assert policy({"tags": {"releasePrefixes": ["acme-"]}}).tags.release_prefixes == ("acme-",)


def test_qualifier_of_the_base_gets_another_build() -> None:
    qualifiers = policy({"tags": {"qualifiers": [{"name": "alpine", "build": "Snapshot"}]}}).tags.qualifiers
    assert qualifiers == {**policy().tags.qualifiers, "alpine": Build.SNAPSHOT}


def test_merging_changes_neither_part() -> None:
    base = {"a": {"b": 1}, "lines": [{"name": "1.0", "x": 1}]}
    overlay = {"a": {"c": 2}, "lines": [{"name": "1.0", "y": 2}, {"name": "1.1"}]}
    merged = merge_specs(base, overlay)
    assert merged == {"a": {"b": 1, "c": 2}, "lines": [{"name": "1.0", "x": 1, "y": 2}, {"name": "1.1"}]}
    assert base == {"a": {"b": 1}, "lines": [{"name": "1.0", "x": 1}]}
    assert overlay == {"a": {"c": 2}, "lines": [{"name": "1.0", "y": 2}, {"name": "1.1"}]}


INCOMPLETE = {
    "lines": ({"name": "0.3"}, "firstReleasedOn: is missing, must be a date as YYYY-MM-DD"),
    "releases": ({"version": "4.0.9"}, "releasedOn: is missing, must be a date as YYYY-MM-DD"),
    "productLines": ({"name": "next"}, "numbering: is missing, must be one of Release, Component"),
    "defects": (
        {"name": "a", "from": "0.2.8", "to": "0.2.9", "fixedIn": "0.2.10"},
        "problem: is missing, must be a text",
    ),
}


@pytest.mark.parametrize("field", INCOMPLETE)
def test_new_entry_must_be_complete(field: str) -> None:
    entry, problem = INCOMPLETE[field]
    (found,) = _problems(policy_document(**{field: [entry]}))
    key = entry["version" if field == "releases" else "name"]
    assert found == f'spec.{field}["{key}"].{problem}'


def test_mirror_must_have_a_source() -> None:
    (found,) = _problems(policy_document(images={"mirrors": [{"from": "harbor.example.com/hub/"}]}))
    assert found.startswith('spec.images.mirrors["harbor.example.com/hub/"].to: is missing, must be a registry')


def test_mirror_must_say_of_what_registry() -> None:
    (problem,) = _problems(policy_document(images={"mirrors": [{"to": "docker.io/"}]}))
    assert problem.startswith("spec.images.mirrors[0].from: is missing")


def test_list_of_mappings_without_key_is_replaced() -> None:
    carried = [{"product": "postgresql", "markers": ["pg"]}]
    spec = {"dependencies": {"carriers": [{"name": "timescaledb-ha", "carries": carried}]}}
    carrier = policy(spec).fields.dependencies.carriers["timescaledb-ha"]
    assert [slot.product for slot in carrier.slots] == ["postgresql"]


def test_merging_replaces_what_is_of_another_kind() -> None:
    assert merge_specs({"a": {"b": 1}}, {"a": 2}) == {"a": 2}
    assert merge_specs({"a": 2}, {"a": {"b": 1}}) == {"a": {"b": 1}}
    assert merge_specs({"lines": [{"name": "1"}]}, {"lines": ["1"]}) == {"lines": ["1"]}
    assert merge_specs({"lines": ["1"]}, {"lines": [{"name": "1"}]}) == {"lines": [{"name": "1"}]}
    assert merge_specs({"lines": ["1", {"name": "1"}]}, {"lines": [{"name": "2"}]}) == {"lines": [{"name": "2"}]}


def test_policy_stated_in_full_equals_the_policy_merged() -> None:
    spec: dict[str, Any] = {"lines": [{"name": "0.3", "firstReleasedOn": "2027-01-01"}]}
    assert _plain(policy(spec)) == _plain(policy(spec | {"basePolicy": "Default"}))


def test_longest_pattern_reads_the_longest_tag_in_no_time() -> None:
    spec = {"tags": {"wholeTags": [{"name": "-".join(["<n>"] * 32) + "-x", "build": "Floating"}]}}
    started = time.perf_counter()
    for tag in ("1" * 128, "1-" * 64, "-".join(["1"] * 33)):
        read_tag(tag, policy(spec).tags)
    assert time.perf_counter() - started < 1


KEYS = ["name", "version", "repository", "from", "to", "lines", "components", "build", "x"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("2026-01-01")
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
SPEC_FIELDS = ["publishedOn", "endOfLife", "lines", "releases", "defects", "productLines", "tools", "tags", "images"]


@given(st.dictionaries(st.sampled_from(SPEC_FIELDS), PLAIN, max_size=4))
def test_any_spec_is_a_policy_or_a_document_error(spec: dict[str, Any]) -> None:
    try:
        policy_of(policy_document(**spec))
    except DocumentError as error:
        assert error.problems  # noqa: PT017 - either outcome is right, another error is not


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"lines": [{"name": "0.2", "endOfLifeOn": "2020-01-01"}]},
            'spec.lines["0.2"].endOfLifeOn: must not be before 2026-03-23, when the line came out',
        ),
        (
            {"releases": [{"version": "0.2.99", "releasedOn": "2020-01-01"}]},
            'spec.releases["0.2.99"].releasedOn: must not be before 2026-03-23, when line 0.2 came out',
        ),
        (
            {"releases": [{"version": "9.9.9", "releasedOn": "2026-10-01"}]},
            'spec.releases["9.9.9"].version: must be of a line of spec.lines, 9.9 is not one',
        ),
        (
            {
                "images": {
                    "mirrors": [
                        {"from": "index.docker.io/a/", "to": "docker.io/b/"},
                        {"from": "docker.io/a/", "to": "docker.io/c/"},
                    ]
                }
            },
            'spec.images.mirrors["docker.io/a/"].from: must be listed once, index.docker.io/a/ is the same',
        ),
    ],
)
def test_days_and_spellings_that_contradict_each_other_are_refused(spec: dict[str, Any], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        policy(spec)
    assert problem in str(caught.value)
