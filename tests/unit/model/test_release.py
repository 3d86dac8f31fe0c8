"""Release numbers: two to four numbers, compared number by number."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.model.release import Release, parse_release

# Ascending inside one numbering; every pair is tested. That 0.x came after 4.0 is the policy's knowledge, not a number's.
ASCENDING = [
    "0.1",
    "0.1.0.1",
    "0.2",
    "0.2.0.1",
    "0.2.1",
    "0.2.9",
    "0.2.10",
    "0.2.23",
    "0.2.23.1",
    "0.2.24.0",
    "0.2.47.9",
    "0.2.47.10",
    "0.2.61.99",
    "0.2.61.105",
    "0.2.63.0",
    "0.2.96.22",
    "0.2.100",
    "0.10",
    "0.10.0.1",
    "1.0.0",
    "2.2.1",
    "2.10.0",
    "2.10.15",
    "2.46.1",
    "3.5.3",
    "4.0.0",
    "10.0",
    "999999999.999999999.999999999.999999999",
]
SPELLINGS = [("4.0", "4.0.0"), ("4.0.0", "4.0.0.0"), ("0.2.24", "0.2.24.0")]
NO_RELEASES = [
    "",
    "4",
    "1.2.3.4.5",
    "1234567890.1",
    "4.0.",
    ".4.0",
    "4..0",
    "4.0.0-rc1",
    "v4.0.0",
    "perfana-4.0.0",
    " 4.0.0",
    "4.0.0 ",
    "4.0.0\n",
    "-4.0",
    "+4.0",
    "4.0e1",
    "1_0.0",
    "4,0",
    "\u0664.\u0660",
    "²3.1",
    "latest",
]


def _parsed(text: str) -> Release:
    release = parse_release(text)
    assert release is not None, text
    return release


@pytest.mark.parametrize(("lower", "higher"), list(combinations(ASCENDING, 2)))
def test_numbers_are_ordered_one_by_one(lower: str, higher: str) -> None:
    assert _parsed(lower) < _parsed(higher)


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_missing_number_is_zero(one: str, other: str) -> None:
    assert _parsed(one) == _parsed(other)
    assert hash(_parsed(one)) == hash(_parsed(other))


@pytest.mark.parametrize("text", NO_RELEASES)
def test_text_that_is_no_number_names_no_release(text: str) -> None:
    assert parse_release(text) is None


@pytest.mark.parametrize(("text", "line"), [("0.2.96.22", "0.2"), ("4.0.0", "4.0"), ("2.10.15", "2.10"), ("2.1", "2.1")])
def test_line_is_major_and_minor(text: str, line: str) -> None:
    assert _parsed(text).line == line


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    release = parse_release(text)
    assert release is None or all(0 <= number < 10**9 for number in release)


@given(st.lists(st.integers(0, 10**9 - 1), min_size=2, max_size=4))
def test_written_numbers_are_read_back(numbers: list[int]) -> None:
    assert parse_release(".".join(map(str, numbers))) == Release(*numbers)
