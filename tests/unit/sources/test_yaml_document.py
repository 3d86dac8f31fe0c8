"""Policies, checks and settings as plain data: read as the API server reads them, or refused with a place."""

import argparse
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfana_support.cli.check import OPTIONS
from perfana_support.cli.options import fill
from perfana_support.model.document import DocumentError
from perfana_support.sources.check import read_check_file
from perfana_support.sources.errors import SourceError
from perfana_support.sources.policy import policy_of, read_policy
from perfana_support.sources.yaml_document import DocumentFaultError, load_document, load_file
from tests.unit.sources.manifests import write

POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\n"
TAGS = ("!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!!merge", "!!value", "!!set", "!!omap", "!!foo")
# What PyYAML writes when it is to quote everything: the tag says what is there anyway.
SOUND = {("!!int", "1"), ("!!float", "1"), ("!!bool", "1")}
BOMB = "x0: &x0 [a,a,a,a,a,a,a,a,a,a]\n" + "".join(f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 9))


def _data(content: str) -> Any:  # noqa: ANN401 - a document holds anything
    return load_document(io.BytesIO(content.encode()))


@pytest.mark.parametrize(
    ("tag", "value"),
    [(tag, value) for tag in TAGS for value in ("foo", "1", "[a]", "2024-01-01") if (tag, value) not in SOUND],
)
def test_tag_that_changes_a_value_is_refused_where_it_stands(tmp_path: Path, tag: str, value: str) -> None:
    file = write(tmp_path, f"{POLICY}spec:\n  publishedOn: {tag} {value}\n")
    with pytest.raises(SourceError) as caught:
        read_policy(file)
    expected = (
        f"{file}, line 5, column 16: is not one YAML document: the tag {tag} changes what is written; write the value out"
    )
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("content", "value"), [('!!int "1"', 1), ('!!bool "true"', True), ("!!int 1", 1), ('!!float "1.5"', 1.5)]
)
def test_tag_that_says_what_is_there_is_read(content: str, value: object) -> None:
    assert _data(f"a: {content}") == {"a": value}


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("!&*<>{}[],:?-|'\"\\ \n\t#%@`~=ab01_.xeE+\x00\x85\u2028é\ud800"), max_size=40))
def test_any_text_is_data_or_a_fault_with_a_place(content: str) -> None:
    raw = content.encode(errors="surrogatepass")
    try:
        data = load_document(io.BytesIO(raw))
    except DocumentFaultError as error:
        data, place = None, error.fault
        assert min(place.line, place.column, len(place.problem)) > 0
    with pytest.raises(DocumentError):
        policy_of(data)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("yes", True), ("On", True), ("TRUE", True), ("no", False), ("off", False), ("False", False)),
        *(("0", 0), ("7", 7), ("-7", -7), ("+7", 7), ("1_000", 1000), ("0x1F", 31), ("0b11", 3), ("0o17", 15), ("017", 15)),
        *(("1.5", 1.5), ("-.5", -0.5), ("1e3", 1000.0), ("09", 9.0), (".inf", float("inf")), ("-.Inf", float("-inf"))),
        *(("~", None), ("null", None), ("", None)),
        *(("y", "y"), ("0b_", "0b_"), ("2026-12-01", "2026-12-01"), ("12:30:45", "12:30:45"), ("=", "="), ("4.10.1", "4.10.1")),
        *(
            ("'7'", "7"),
            ('"yes"', "yes"),
            ("!!str 7", "7"),
            ("'~'", "~"),
            ("[1, [a]]", [1, ["a"]]),
            ("{1: {b: ''}}", {"1": {"b": ""}}),
        ),
    ],
)
def test_values_are_those_of_the_api_server(written: str, meant: object) -> None:
    found = _data(f"a: {written}\n")["a"]
    assert (found, type(found)) == (meant, type(meant))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64)
        | st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<", max_size=3), inner, max_size=3),
        max_leaves=10,
    )
)
def test_json_is_read_as_what_it_says(data: object) -> None:
    """But for escapes of halves of characters, and what ends lines in YAML alone."""
    assert _data(json.dumps(data, ensure_ascii=False)) == data


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_mark_of_byte_order_says_how_the_text_is_written(encoding: str) -> None:
    mark = "" if encoding in {"utf-8-sig", "utf-16"} else "\ufeff"
    assert load_document(io.BytesIO(f"{mark}a: é\n".encode(encoding))) == {"a": "é"}


def test_broken_utf_16_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="its UTF-16 is broken"):
        load_file(write(tmp_path, b"\xff\xfea"))


def test_closed_standard_input_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SourceError, match="standard input: is closed"):
        load_file("-")


def _read_options(file: str) -> None:
    fill(argparse.Namespace(config=file, **dict.fromkeys(option.dest for option in OPTIONS)), OPTIONS, {})


@pytest.mark.parametrize("read", [read_policy, read_check_file, _read_options], ids=["policy", "check", "config"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (BOMB, "its aliases make "),
        (
            "l0: &l0 {a: 1}\n" + "".join(f"l{n}: &l{n} {{<<: [{','.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 9)),
            "its aliases make",
        ),
        ("a: &a [*a]\n", "an anchor holds an alias of itself"),
        (f"a: {'x' * 5_000_000}\n", "is larger than 4 MiB"),
        (f"a: {'[' * 500}{']' * 500}\n", "is nested more than 50 deep"),
    ],
    ids=["aliases", "merges", "itself", "large", "deep"],
)
def test_what_grows_without_end_is_refused_at_once(
    tmp_path: Path, read: Callable[[str], object], content: str, problem: str
) -> None:
    began = time.process_time()
    with pytest.raises(SourceError, match=problem):
        read(write(tmp_path, content))
    assert time.process_time() - began < 20


def test_problems_without_end_are_counted(tmp_path: Path) -> None:
    """One entry of a few bytes, brought in by many aliases, with a name that nobody would write."""
    entry = f"&e {{{'x' * 1000}: 1}}"
    file = write(tmp_path, f"{POLICY}spec:\n  e: {entry}\n  releases: [{','.join(['*e'] * 20_000)}]\n")
    with pytest.raises(SourceError) as caught:
        read_policy(file)
    problems = str(caught.value).splitlines()
    assert len(problems) == 201
    assert problems[-1].endswith(" more problems")
    assert max(map(len, problems)) < 500
