"""One whole YAML document as plain data, for what is small and read completely: policies and settings."""

import sys
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

import yaml

from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, shown_name
from perfana_support.sources.json_text import with_characters

_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Read = TypeVar("_Read")
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _PlainLoader(_SafeLoader):  # type: ignore[misc, valid-type] # the C loader where the library was built with it
    """Safe, with days left as texts (as the API server reads them) and fields that stand twice refused."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own interface
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a field's name must be a text", key.start_mark)
            if key.value in seen:
                problem = f"field {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def load_file(file: str) -> object:
    """The one document of a file, or of standard input. Raises `SourceError` that names the line."""
    return _read(file, load_document, "is not one YAML document")


def load_documents(file: str) -> list[object]:
    """All documents of a file. Raises `SourceError` that names the line."""
    return _read(file, lambda stream: list(yaml.load_all(_text(stream), Loader=_PlainLoader)), "is not valid YAML")


def load_document(stream: BinaryIO) -> object:
    """The one document of a stream. Raises `yaml.YAMLError`."""
    return yaml.load(_text(stream), Loader=_PlainLoader)  # noqa: S506 - a safe loader, see above


def _text(stream: BinaryIO) -> bytes:
    """What is small and read completely, with JSON's way to write a character as YAML knows it."""
    return with_characters(stream.read())


def _read(file: str, load: Callable[[BinaryIO], _Read], otherwise: str) -> _Read:
    name = shown_name(file)
    try:
        if file == STANDARD_INPUT:
            return load(sys.stdin.buffer)
        with open(file, "rb") as stream:
            return load(stream)
    except OSError as error:
        raise SourceError([Fault(name, 0, 0, error.strerror or str(error))]) from error
    except RecursionError as error:
        raise SourceError([Fault(name, 0, 0, "is nested too deeply")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise SourceError([Fault(name, 0, mark.line + 1 if mark else 0, f"{otherwise}: {problem}")]) from error
