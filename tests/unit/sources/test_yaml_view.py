"""A composed YAML node as a plain mapping."""

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from perfana_support.sources.errors import Unquoted
from perfana_support.sources.yaml_view import MappingView, NodeError, ViewLoader, to_plain


def _view(text: str) -> MappingView:
    view = _plain(text)
    assert isinstance(view, MappingView)
    return view


def _plain(text: str) -> Any:  # noqa: ANN401 - a document holds anything
    node = yaml.compose(text, Loader=ViewLoader)
    assert node is not None
    return to_plain(node)


def _deep(value: Any) -> Any:  # noqa: ANN401 - a document holds anything
    """Convert all of a view."""
    if isinstance(value, MappingView):
        return {key: _deep(item) for key, item in value.items()}
    return [_deep(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def _refused(text: str) -> NodeError:
    with pytest.raises(NodeError) as caught:
        _deep(_plain(text))
    return caught.value


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_is_none(text: str) -> None:
    assert _view(f"a: {text}")["a"] is None


@pytest.mark.parametrize("text", ['""', "''", '"null"', "'~'"])
def test_null_in_quotes_is_a_text(text: str) -> None:
    assert _view(f"a: {text}")["a"] == text[1:-1]


@pytest.mark.parametrize("text", ["true", "on", "1", "0.2", "1e3", "0x10", "2026-11-24", "nUll"])
def test_scalar_stays_as_written(text: str) -> None:
    assert _view(f"a: {text}")["a"] == text


def test_view_is_a_mapping() -> None:
    view = _view("{a: 1, b: [x, {c: 2}], d: {}}")
    assert (list(view), len(view), "b" in view, "x" in view, view.get("x")) == (["a", "b", "d"], 3, True, False, None)
    assert _deep(view) == {"a": "1", "b": ["x", {"c": "2"}], "d": {}}


def test_line_of_a_value() -> None:
    view = _view("\na: 1\nb:\n  c: 2\nd: >-\n  text\n  more\n")
    assert (view.line, view.line_of("a"), view.line_of("b"), view.line_of("d")) == (2, 2, 4, 5)


def test_line_of_an_absent_field_is_the_mappings_own() -> None:
    assert _view("\n\na: 1").line_of("image") == 3


def test_alias_is_what_its_anchor_holds() -> None:
    view = _view("a: &x {b: 1}\nc: *x\n")
    assert _deep(view) == {"a": {"b": "1"}, "c": {"b": "1"}}
    assert view.line_of("c") == 1


def test_merge_key_adds_fields_that_are_not_there() -> None:
    assert _deep(_view("base: &x {a: 1, b: 2}\nc: {<<: *x, b: 3, d: 4}"))["c"] == {"a": "1", "b": "3", "d": "4"}


def test_first_of_several_merges_wins() -> None:
    text = "- &x {a: 1}\n- &y {a: 2, b: 2}\n- {<<: [*x, *y]}\n- {<<: *x, '<<': 3}\n- {<<: *x, <<: {a: '1', b: 2}}"
    assert [_deep(item) for item in list(_plain(text))[2:]] == [
        {"a": "1", "b": "2"},
        {"a": "1", "<<": "3"},
        {"a": "1", "b": "2"},
    ]


def test_merge_reaches_through_merges() -> None:
    assert _deep(_view("a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}"))["c"] == {"p": "1", "q": "2"}


@pytest.mark.parametrize("value", ["text", "[a, b]", "[[]]", "~"])
def test_merge_of_anything_else_is_refused(value: str) -> None:
    assert _refused(f"a: 1\n<<: {value}").problem == "a merge key (<<) must name mappings"


def test_field_that_stands_twice_is_refused_with_both_lines() -> None:
    error = _refused("a: 1\nb: 2\na: 3\n")
    assert (error.line, error.problem) == (3, "field 'a' stands twice, first in line 1")


@pytest.mark.parametrize("key", ["[a]", "{a: b}", "? [a]\n: b", "{{ .Values.x }}"])
def test_field_name_that_is_no_text_is_refused(key: str) -> None:
    assert _refused(f"{{{key}: 1}}" if "?" not in key else key).problem == "a field's name must be a text"


@pytest.mark.parametrize(
    "text", ["a: &x {p: 1}\nb: {p: 2, <<: *x}", "a: &x {p: 1}\nb: {<<: {p: 2}, <<: *x}", "a: &x {p: [1]}\nb: {p: [1], <<: *x}"]
)
def test_merge_that_brings_another_value_for_a_field_above_it_is_refused(text: str) -> None:
    """By YAML the field stays; the API server's reader takes what comes last."""
    error = _refused(text)
    assert (error.line, "readers differ" in error.problem) == (2, True)


@pytest.mark.parametrize(
    "text", ["a: !!binary YQ==", "a: !!int [5]", "a: !!null ''", "a: !vault x", "a: !!set {b}", "a: !!str [b]", "a: !<x> 1"]
)
def test_tag_that_changes_a_value_is_refused(text: str) -> None:
    assert "changes what is written" in _refused(text).problem


@pytest.mark.parametrize(
    ("text", "value"), [("!!str 1", "1"), ("!!str null", "null"), ("!!map {b: c}", {"b": "c"}), ("!!seq [b]", ["b"])]
)
def test_tag_that_says_what_is_there_is_read(text: str, value: object) -> None:
    assert _deep(_view(f"a: {text}"))["a"] == value


def test_merge_into_itself_ends() -> None:
    assert "merge keys are nested more than" in _refused("a: &x\n  <<: *x\n").problem


@pytest.mark.parametrize(
    ("text", "value"), [("!!int '5'", "5"), ("!!bool 'true'", "true"), ("!!float '1.10'", "1.10"), ("!!int 5", "5")]
)
def test_number_by_its_tag_is_no_text(text: str, value: str) -> None:
    found = _view(f"a: {text}")["a"]
    assert (found, isinstance(found, Unquoted)) == (value, True)
