"""One whole YAML document as plain data, for what is small and read completely: policies and settings.

Read as the API server reads the same object: days are texts, and whatever YAML's readers disagree about is refused.
"""

import codecs
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

import yaml

from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, Unquoted, shown_name
from perfana_support.sources.json_text import with_characters
from perfana_support.sources.text_lines import TextFault, TextLines
from perfana_support.sources.yaml_hazards import Hazards
from perfana_support.sources.yaml_view import NodeError, ViewLoader, fields_of, to_plain

# A policy of a thousand releases is a twentieth of it.
_MAX_BYTES = 4 * 1024 * 1024
# No policy has a fifth of it.
_MAX_DEPTH = 50
# Far beyond any number that is asked for; Python refuses to read one of some thousand digits.
_MAX_DIGITS = 100
_Read = TypeVar("_Read")
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


class DocumentFaultError(Exception):
    """A text that is not one document of plain data."""

    def __init__(self, fault: TextFault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


def load_file(file: str) -> object:
    """The one document of a file, or of standard input. Raises `SourceError` that names line and column."""
    return _read(file, load_document, "is not one YAML document")


def load_documents(file: str) -> list[object]:
    """All documents of a file. Raises `SourceError` that names line and column."""
    return _read(file, lambda stream: _load(_text(stream), _compose_all), "is not valid YAML")


def _read(file: str, load: Callable[[BinaryIO], _Read], otherwise: str) -> _Read:
    name = shown_name(file)
    try:
        if file == STANDARD_INPUT and sys.stdin is None:
            raise SourceError([Fault(name, 0, 0, "is closed")])
        if file == STANDARD_INPUT:
            return load(sys.stdin.buffer)
        with open(file, "rb") as stream:
            return load(stream)
    except OSError as error:
        raise SourceError([Fault(name, 0, 0, error.strerror or str(error))]) from error
    except DocumentFaultError as error:
        line, column, problem = error.fault
        raise SourceError([Fault(name, 0, line, f"{otherwise}: {problem}", column)]) from error


def load_document(stream: BinaryIO) -> object:
    """The one document of a stream, None for an empty one. Raises `DocumentFaultError`."""
    documents = _load(_text(stream), _compose)
    return documents[0] if documents else None


def _load(text: bytes, compose: Callable[[bytes], Iterator[yaml.Node]]) -> list[object]:
    lines, hazards, documents = TextLines(text), Hazards(text), list[object]()
    try:
        for root in compose(text):
            lines.correct(root)
            hazards.refuse(root)
            documents.append(_to_data(root, {}, 0))
    except yaml.YAMLError as error:
        raise DocumentFaultError(lines.fault_of(error)) from error
    except NodeError as error:
        raise DocumentFaultError(TextFault(error.line, error.column, error.problem)) from error
    except RecursionError as error:  # where the library was built without libyaml, which has a limit of its own
        raise DocumentFaultError(TextFault(0, 0, "it is nested too deeply")) from error
    return documents


def _text(stream: BinaryIO) -> bytes:
    """What is small and read completely, in UTF-8 and with JSON's way to write a character as YAML knows it."""
    text = stream.read(_MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise DocumentFaultError(TextFault(0, 0, f"is larger than {_MAX_BYTES // 1024 // 1024} MiB"))
    if not text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return with_characters(text)
    try:
        return with_characters(text.decode("utf-16").encode())
    except UnicodeError as error:
        raise DocumentFaultError(TextFault(0, 0, f"its UTF-16 is broken ({error})")) from error


def _compose(text: bytes) -> Iterator[yaml.Node]:
    """The only document, if there is one. Raises `yaml.YAMLError` where there are more."""
    loader = ViewLoader(text)
    try:
        root = loader.get_single_node()
    finally:
        loader.dispose()
    if root is not None:
        yield root


def _compose_all(text: bytes) -> Iterator[yaml.Node]:
    loader = ViewLoader(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _to_data(node: yaml.Node, known: dict[int, object], depth: int) -> object:
    """A node as lists, dicts, texts, numbers, truth values and None. What an alias repeats is `known` and one object."""
    found = known.get(id(node))
    if found is not None:
        return found
    if depth == _MAX_DEPTH:
        raise NodeError(node, 0, f"it is nested more than {_MAX_DEPTH} deep")
    plain = to_plain(node)
    data: object = plain
    if isinstance(plain, Unquoted):
        data = _number(node, plain)
    elif isinstance(node, yaml.MappingNode):
        data = {field: _to_data(value, known, depth + 1) for field, value in fields_of(node).items()}
    elif isinstance(node, yaml.SequenceNode):
        data = [_to_data(item, known, depth + 1) for item in node.value]
    known[id(node)] = data
    return data


def _number(node: yaml.Node, text: str) -> object:
    """A truth value or number as go-yaml reads it, the API server's library; a text where it is none after all, like `0b_`."""
    word, digits = text.lower(), text.lower().replace("_", "")
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    if len(text) > _MAX_DIGITS:
        raise NodeError(node, 0, f"a number of more than {_MAX_DIGITS} digits; a text stands in quotes")
    sign, magnitude = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    if magnitude.isdecimal() and magnitude.startswith("0"):
        magnitude = f"0o{magnitude}"  # octal in YAML 1.1
    for read in (lambda: int(sign + magnitude, 0), lambda: float(digits.replace(".inf", "inf").replace(".nan", "nan"))):
        try:
            return read()
        except ValueError:
            continue
    return str(text)
