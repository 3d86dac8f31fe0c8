"""What can go wrong with a source, in the user's terms."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# What stands for standard input where a file is asked for.
STANDARD_INPUT = "-"
# More problems of one document than anybody reads at once; a few bytes with aliases can make a hundred thousand.
_MAX_PROBLEMS = 200
# Classes of which an abstract class has said that they are such; asking it again for each object takes five times as long.
_MAPPINGS: set[type] = {dict}
_SEQUENCES: set[type] = {list}


class Fault(NamedTuple):
    """One thing that could not be read. `document`, `line` and `column` count from 1 and are 0 where they do not apply."""

    file: str
    document: int
    line: int
    problem: str
    column: int = 0

    def __str__(self) -> str:
        document = f"document {self.document}" if self.document else ""
        line = f"line {self.line}" if self.line else ""
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(part for part in (self.file, document, line, column) if part)
        return f"{place}: {self.problem}"


class SourceError(Exception):
    """Input that cannot be read, with every fault found: a part that is missing must never look like a pass."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class ShapeError(Exception):
    """An object that is not what its kind promises; `path` is the field, `form` what was expected there.

    `line` is where the field stands, 0 where only the object's own place is known.
    """

    def __init__(self, path: str, form: str, line: int = 0) -> None:
        super().__init__(f"{path}: {form}")
        self.path = path
        self.form = form
        self.line = line


class Unquoted(str):
    """A number or truth value as a manifest spells it, which the API server refuses where a text must be."""

    __slots__ = ()


def mapping(value: object, path: str) -> Mapping[str, Any]:
    """A field's mapping, empty where the field is absent. Raises `ShapeError`."""
    if value is None:
        return {}
    if value.__class__ not in _MAPPINGS:
        if not isinstance(value, Mapping):
            raise ShapeError(path, "must be a mapping")
        _MAPPINGS.add(value.__class__)
    return value  # type: ignore[return-value] # its class is one of these


def sequence(value: object, path: str) -> Sequence[Any]:
    """A field's list, empty where the field is absent. Raises `ShapeError`."""
    if value is None:
        return ()
    if value.__class__ not in _SEQUENCES:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ShapeError(path, "must be a list")
        _SEQUENCES.add(value.__class__)
    return value  # type: ignore[return-value] # its class is one of these


def faults_of(file: str, problems: Sequence[object]) -> list[Fault]:
    """What is wrong with a document, by its file; of very many problems the first, and how many there are."""
    name = shown_name(file)
    faults = [Fault(name, 0, 0, str(problem)) for problem in problems[:_MAX_PROBLEMS]]
    left = len(problems) - _MAX_PROBLEMS
    return [*faults, Fault(name, 0, 0, f"has {left} more problems")] if left > 0 else faults


def shown_name(file: str) -> str:
    """A file as messages name it."""
    return "standard input" if file == STANDARD_INPUT else file
