"""Reading plain data: a usable value or a problem that names path and form."""

from datetime import UTC, date, datetime

import pytest

from perfana_support.model.document import DocumentError, Node, Problem, shown, to_day
from perfana_support.model.policy import Numbering


def _node(**data: object) -> Node:
    return Node(data, "spec", [])


def _problems(node: Node) -> list[str]:
    return [str(problem) for problem in node.problems]


def test_absent_field_is_none_without_a_problem() -> None:
    node = _node()
    values = [node.text("a"), node.day("b"), node.whole("c", 0, 9), node.flag("d"), node.choice("e", Numbering)]
    assert values == [None] * 5
    assert node.texts("f") == ()
    assert list(node.nodes("g", "name")) == []
    assert node.node("h").data == {}
    assert node.problems == []


def test_null_is_neither_a_value_nor_nothing() -> None:
    node = _node(a=None, b=None)
    assert node.text("a") is None
    assert list(node.nodes("b", "name")) == []
    assert _problems(node) == [
        "spec.a: must be a text, is null; leave the field out to state nothing",
        "spec.b: must be a list, is null; leave the field out to state nothing",
    ]


def test_required_field_is_a_problem_when_absent() -> None:
    node = _node(b=None)
    node.text("a", required=True)
    node.day("b", required=True)
    assert _problems(node) == ["spec.a: is missing, must be a text", "spec.b: is missing, must be a date as YYYY-MM-DD"]


@pytest.mark.parametrize("raw", ["", "  ", "\n", 7, True, [], {}])
def test_text_must_say_something(raw: object) -> None:
    node = _node(a=raw)
    assert node.text("a") is None
    assert _problems(node) == [f"spec.a: must be a text, is {raw!r}"]


@pytest.mark.parametrize("raw", [-1, 10, 5.0, "5", True, None])
def test_whole_number_is_within_its_limits(raw: object) -> None:
    assert _node(a=raw).whole("a", 0, 9) is None


@pytest.mark.parametrize("raw", [0, 5, 9])
def test_limits_of_a_whole_number_belong_to_it(raw: int) -> None:
    assert _node(a=raw).whole("a", 0, 9) == raw


@pytest.mark.parametrize("raw", [0, 1, "true", "", []])
def test_flag_is_true_or_false_alone(raw: object) -> None:
    node = _node(a=raw)
    assert node.flag("a") is None
    assert _problems(node) == [f"spec.a: must be true or false, is {raw!r}"]


@pytest.mark.parametrize("raw", ["release", "RELEASE", 1, True, ["Release"]])
def test_choice_is_one_of_its_words_to_the_letter(raw: object) -> None:
    node = _node(a=raw)
    assert node.choice("a", Numbering) is None
    assert _problems(node) == [f"spec.a: must be one of Release, Component, is {raw!r}"]


@pytest.mark.parametrize("raw", [["a", "a"], ["a", ""], ["a", 1], "a", {"a": "b"}])
def test_texts_are_distinct_and_not_empty(raw: object) -> None:
    node = _node(a=raw)
    assert node.texts("a") == ()
    assert _problems(node) == [f"spec.a: must be a list of texts, each once, is {raw!r}"]


def test_nodes_know_their_place() -> None:
    node = _node(a=[{"name": "x"}, "y", {"name": "z"}, {"name": "x"}, {}, {}])
    assert [entry.path for entry in node.nodes("a", "name")] == [
        "spec.a[0]",
        "spec.a[2]",
        "spec.a[3]",
        "spec.a[4]",
        "spec.a[5]",
    ]
    assert _problems(node) == [
        "spec.a[1]: must be a mapping, is 'y'",
        "spec.a[3].name: must be listed once, 'x' stands at [0] already",
    ]


def test_nodes_by_key_know_their_entry() -> None:
    odd: list[object] = ["x" * 81, 'x"', "x\n", "", 7]
    node = Node({"a": [{"name": name} for name in ("4.0", "4.0", *odd)], "b": {"c": [{"name": "x"}]}}, "spec", [], by_key=True)
    assert [entry.path for entry in node.nodes("a", "name")] == [
        'spec.a["4.0"]',
        *(f"spec.a[{place}]" for place in range(1, 7)),
    ]
    assert [entry.path for entry in node.node("b").nodes("c", "name")] == ['spec.b.c["x"]']


def test_fields_of_the_root_have_no_dot_in_front() -> None:
    node = Node({"a": 1, "b": 1, "c": [1]}, "", [])
    node.text("a")
    node.node("b")
    list(node.nodes("c", "name"))
    assert [problem.path for problem in node.problems] == ["a", "b", "c[0]"]


def test_field_that_nobody_asked_for_is_unknown() -> None:
    node = _node(known=1, unknwon=2)
    node.whole("known", 0, 9)
    node.finish()
    assert _problems(node) == ["spec.unknwon: is not a known field, known are known"]


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        (date(2026, 11, 24), date(2026, 11, 24)),
        (datetime(2026, 11, 24, tzinfo=UTC), None),
        ("2026-11-24T00:00:00Z", None),
        (20261124, None),
    ],
)
def test_day_is_a_text_or_a_date_without_time(raw: object, day: date | None) -> None:
    assert to_day(raw) == day


def test_long_value_is_shown_in_sixty_characters() -> None:
    assert shown("a" * 58) == repr("a" * 58)
    assert shown("a" * 59) == "'" + "a" * 56 + "..."
    assert "\n" not in shown("a\nb")


def test_error_says_all_problems() -> None:
    error = DocumentError([Problem("a", "is bad"), Problem("b.c", "is worse")])
    assert str(error) == "a: is bad; b.c: is worse"


@pytest.mark.parametrize(
    "raw",
    [
        *("", "a", "it's", 'a "b"', "x" * 59, "x" * 60, "x" * 61, "x" * 100, "é" * 70, "\n" * 40, "\ud800", "\u2028"),
        *(0, -7, 10**60, 1.5, float("inf"), True, None, [], {}, [1, "a", None], {"a": [1, {"b": "c"}]}, ["x" * 30] * 3, [[[]]]),
        *([date(2026, 1, 1)], {1: 2}, {"a": "x" * 80}, [list(range(100))]),
    ],
)
def test_shown_value_is_as_python_spells_it_and_cut(raw: object) -> None:
    spelled = repr(raw)
    assert shown(raw) == (spelled if len(spelled) <= 60 else spelled[:57] + "...")


def test_value_without_end_is_shown_at_once() -> None:
    """Aliases of YAML can make of a few bytes what would take hours to spell out, and no memory would hold."""
    wide: object = "a"
    for _ in range(60):
        wide = [wide] * 10
    deep: object = "a"
    for _ in range(100_000):
        deep = {"a": deep}
    assert shown(wide) == "[" * 57 + "..."
    assert shown(deep) == ("{'a': " * 10)[:57] + "..."
    assert shown(10**10_000) == "a number beyond all measure"
    while isinstance(deep, dict):  # else Python would take it apart by recursion
        deep = deep["a"]


def test_field_that_nobody_would_write_is_cut() -> None:
    node = _node(**{"x" * 1000: 1, "y" * 80: 1})
    node.finish()
    assert [problem.path for problem in node.problems] == ["spec." + "x" * 77 + "...", "spec." + "y" * 80]
