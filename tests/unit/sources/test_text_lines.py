"""Lines as editors count them, whatever else ends a line for YAML."""

import codecs
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources import yaml_view
from perfana_support.sources.errors import SourceError
from perfana_support.sources.text_lines import TextLines
from perfana_support.sources.yaml_document import load_file
from tests.unit.sources.manifests import WEB, faults, workloads, write

ODD = ("\x85", "\u2028", "\u2029")
HEAD = "apiVersion: v1\nkind: Pod\n"
SPEC = f"spec:\n  containers:\n  - name: c\n    image: {WEB}\n"


def _shown(content: str, what: str) -> tuple[int, int]:
    """Line and column at which an editor shows a text."""
    before = content.removeprefix("\ufeff").partition(what)[0]
    lines = re.split("\r\n|[\r\n]", before)
    return len(lines), len(lines[-1]) + 1


def _places(file: str) -> list[tuple[int, int]]:
    found = [container.location for workload in workloads(file) for container in workload.containers]
    return [(location.line, location.column) for location in found if location]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "before",
    ["# a%s# b%s# c\n", "x: 'a%sb'\n", 'x: "a%s  b"\n', "x: |\n  a%s  b\n", "x: a%s  b\n", "x: 1%s", "%s", "---%s"],
    ids=["comment", "quotes", "double quotes", "block", "plain", "a line's end", "alone", "behind a separator"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_those_of_editors(tmp_path: Path, odd: str, before: str, end: str, mark: str) -> None:
    content = mark + (before.replace("%s", odd) + HEAD + SPEC).replace("\n", end)
    assert _places(write(tmp_path, content)) == [_shown(content, WEB)]


@pytest.mark.parametrize("odd", ODD)
def test_column_behind_an_odd_end_is_that_of_the_whole_line(tmp_path: Path, odd: str) -> None:
    content = f"{HEAD}spec: {{a: 'x{odd} y', containers: [{{image: '{WEB}'}}]}}\n"
    assert _places(write(tmp_path, content)) == [_shown(content, f"'{WEB}")]


@pytest.mark.parametrize("odd", ODD)
def test_documents_behind_are_placed_as_well(tmp_path: Path, odd: str) -> None:
    content = f"{HEAD}x: 'a{odd}b'\n{SPEC}---\n# {odd}\n{HEAD}{SPEC.replace('4.0.0', '4.0.1')}"
    assert _places(write(tmp_path, content)) == [_shown(content, WEB), _shown(content, WEB.replace("4.0.0", "4.0.1"))]


@given(st.lists(st.sampled_from(["a", " ", "\n", "\r\n", "\r", *ODD, "é", "\U0001f600"]), max_size=30).map("".join))
def test_any_comment_moves_nothing(comment: str) -> None:
    """Composed alone, without files: hundreds of texts."""
    body = re.sub("(\r\n|[\r\n\x85\u2028\u2029])", r"\1#", comment)
    content = f"#{body}\nimage: {WEB}\n"
    loader = yaml_view.ViewLoader(content.encode())
    root = loader.get_single_node()
    loader.dispose()
    TextLines(content.encode()).correct(root)
    mark = root.value[0][1].start_mark
    assert (mark.line + 1, mark.column + 1) == _shown(content, WEB)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("broken", "what"), [("b: [1\nc: 2\n", "c: 2"), ("\tb: 1\n", "\tb"), ("b: *nobody\n", "*nobody"), ("a: 1\na: 2\n", "a: 2")]
)
def test_faults_are_placed_as_well(tmp_path: Path, odd: str, broken: str, what: str) -> None:
    content = f"kind: 'x{odd}y'\n{broken}"
    file = write(tmp_path, content)
    (fault,) = faults(file)
    assert fault.line in {_shown(content, what)[0], _shown(content, what)[0] + 1}
    with pytest.raises(SourceError) as caught:
        load_file(file)
    assert (caught.value.faults[0].line, caught.value.faults[0].column) == (fault.line, fault.column)


UNREADABLE = {
    "NUL": (b"\x00", "the character U+0000 (NUL) is not allowed in YAML"),
    "escape": (b"\x1b", "the character U+001B (escape) is not allowed in YAML"),
    "a control character without a name": (b"\x01", "the character U+0001 is not allowed in YAML"),
    "a control character of two bytes": (b"\xc2\x80", "the character U+0080 is not allowed in YAML"),
    "a noncharacter": (b"\xef\xbf\xbe", "the character U+FFFE is not allowed in YAML"),
    "Latin-1": (b"\xe9", "the byte 0xE9 is not UTF-8; save the file as UTF-8"),
    "a surrogate": (b"\xed\xa0\x80", "the byte 0xED is not UTF-8; save the file as UTF-8"),
    "the first of two": (b"\x00\xff", "the character U+0000 (NUL) is not allowed in YAML"),
    "the other of two": (b"\xff\x00", "the byte 0xFF is not UTF-8; save the file as UTF-8"),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("before", ["# é\u2028\r\n", "a: '€'\r", "kind: X\n---\n"], ids=["CR and LF", "CR", "a document"])
def test_what_is_no_text_is_placed_and_named(tmp_path: Path, name: str, mark: bytes, before: str) -> None:
    content, problem = UNREADABLE[name]
    kept = f"{before}apiVersion: v1\nkind: Service\nb: é"
    file = write(tmp_path, mark + kept.encode() + content + b"\n")
    (fault,) = faults(file)
    assert (fault.line, fault.column) == _shown(f"{kept}!", "!")
    assert fault.problem == f"is not valid YAML: {problem}"
    if "---" not in before:
        with pytest.raises(SourceError) as caught:
            load_file(file)
        assert str(caught.value) == f"{file}, line {fault.line}, column {fault.column}: is not one YAML document: {problem}"


def test_place_is_found_far_into_a_long_text(tmp_path: Path) -> None:
    content = b"# " + b"x" * 100 + b"\n"
    (fault,) = faults(write(tmp_path, content * 10_000 + b"a: \x00"))
    assert (fault.line, fault.column) == (10_001, 4)


def test_documents_of_one_piece_are_placed_in_linear_time(tmp_path: Path) -> None:
    """A separator behind a CR parts no pieces; the lines of a piece are found once and not for each of its documents."""
    documents = 10_000
    content = f"# {ODD[1] * 50_000}\n" + "kind: a\r---\r" * documents + f"---\n{HEAD}{SPEC}"
    began = time.process_time()
    assert _places(write(tmp_path, content)) == [_shown(content, WEB)]
    assert time.process_time() - began < 30
