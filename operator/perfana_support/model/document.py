"""Reading plain data (what YAML and JSON parse to) into values, with every error named by path and expected form."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from perfana_support.model.calendar import parse_day
from perfana_support.model.image import to_repository
from perfana_support.model.release import Release, parse_release

# A JSON object: as somebody reads it, and as somebody makes it.
Json = Mapping[str, Any]
NewJson = dict[str, Any]
E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

REPOSITORY_FORM = "an image repository without tag, for example perfana/perfana-web"
_RELEASE_FORM = 'a release number as a text, for example "0.2.96.22"'
# The longest key that names an entry in a path: a digest has 71 characters.
_MAX_KEY = 80
# Sixty characters fit beside a path.
_MAX_SHOWN = 60
# More digits than are shown; Python refuses to write some thousands.
_MAX_BITS = 256


class Problem(NamedTuple):
    """One fault of a document: where, and what was expected there."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class DocumentError(Exception):
    """A document that cannot be used, with all its problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Node:
    """A mapping of a document, its path, and the list that collects problems.

    Readers return a usable value or None and note a problem, so that one run finds all of them. `seen` remembers the
    fields asked for: `finish` reports the others as unknown. `by_key`: paths name entries of keyed lists by their key, for data
    that was put together of several documents, whose indexes nobody can see.
    """

    __slots__ = ("by_key", "data", "path", "problems", "seen")

    def __init__(self, data: Mapping[str, Any], path: str, problems: list[Problem], *, by_key: bool = False) -> None:
        self.data = data
        self.path = path
        self.problems = problems
        self.by_key = by_key
        self.seen: list[str] = []

    def fail(self, field: str, message: str) -> None:
        """Note a problem of a field."""
        self.problems.append(Problem(self._path_of(field), message))

    def read(self, field: str, convert: Callable[[Any], T | None], form: str, *, required: bool) -> T | None:
        """A field's value by `convert`, which answers None for a value that has not the form."""
        self.seen.append(field)
        raw = self.data.get(field)
        if raw is None:
            if required:
                self.fail(field, f"is missing, must be {form}")
            elif field in self.data:
                # Neither "nothing" nor "as in the base": whoever left the value out may have meant either.
                self.fail(field, f"must be {form}, is null; leave the field out to state nothing")
            return None
        value = convert(raw)
        if value is None:
            self.fail(field, f"must be {form}, is {shown(raw)}")
        return value

    def text(self, field: str, form: str = "a text", *, required: bool = False) -> str | None:
        """A text that is not empty."""
        return self.read(field, _text, form, required=required)

    def day(self, field: str, *, required: bool = False) -> date | None:
        """A day as YYYY-MM-DD."""
        return self.read(field, to_day, "a date as YYYY-MM-DD", required=required)

    def whole(self, field: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from `low` to `high`."""

        def convert(raw: object) -> int | None:
            return raw if isinstance(raw, int) and not isinstance(raw, bool) and low <= raw <= high else None

        return self.read(field, convert, f"a whole number from {low} to {high}", required=required)

    def flag(self, field: str) -> bool | None:
        """True or false."""
        return self.read(field, lambda raw: raw if isinstance(raw, bool) else None, "true or false", required=False)

    def choice(self, field: str, options: type[E], *, required: bool = False) -> E | None:
        """One word of an enumeration."""
        words = {option.value: option for option in options}

        def convert(raw: object) -> E | None:
            return words.get(raw) if isinstance(raw, str) else None

        return self.read(field, convert, "one of " + ", ".join(words), required=required)

    def texts(self, field: str, form: str = "a list of texts") -> tuple[str, ...]:
        """A list of texts without repetition, empty when absent."""

        def convert(raw: object) -> tuple[str, ...] | None:
            if not isinstance(raw, list) or not all(isinstance(item, str) and item for item in raw):
                return None
            return tuple(raw) if len(set(raw)) == len(raw) else None

        return self.read(field, convert, form + ", each once", required=False) or ()

    def values(self, field: str, form: str, convert: Callable[[str], T | None], item_form: str) -> tuple[T, ...]:
        """The items of a list of texts by `convert`, which answers None for one that has not the form: a problem each."""
        found = []
        for place, text in enumerate(self.texts(field, form)):
            value = convert(text)
            if value is None:
                self.fail(f"{field}[{place}]", f"must be {item_form}, is {shown(text)}")
            else:
                found.append(value)
        return tuple(found)

    def release(self, field: str, *, required: bool = False) -> Release | None:
        """A release number."""
        return self.read(field, _to_release, _RELEASE_FORM, required=required)

    def repository(self, field: str, *, required: bool = False) -> str | None:
        """An image's repository in its full form."""
        return self.read(field, to_repository, REPOSITORY_FORM, required=required)

    def node(self, field: str) -> "Node":
        """A mapping below this one, empty when absent."""
        data = self.read(field, lambda raw: raw if isinstance(raw, Mapping) else None, "a mapping", required=False)
        return self._child(data or {}, self._path_of(field))

    def nodes(self, field: str, key: str) -> Iterator["Node"]:
        """The mappings of a list whose entries are told apart by `key`; an entry listed twice is a problem."""
        entries = self.read(field, lambda raw: raw if isinstance(raw, list) else None, "a list", required=False)
        place: dict[object, int] = {}
        path = self._path_of(field)
        by_key = self.by_key
        for index, entry in enumerate(entries or ()):
            if not isinstance(entry, Mapping):
                self.problems.append(Problem(f"{path}[{index}]", f"must be a mapping, is {shown(entry)}"))
                continue
            name = entry.get(key)
            first = place.setdefault(name, index) if isinstance(name, str) else index
            if first != index:
                message = f"must be listed once, {shown(name)} stands at [{first}] already"
                self.problems.append(Problem(f"{path}[{index}].{key}", message))
            is_named = by_key and first == index and _names(name)
            yield self._child(entry, f'{path}["{name}"]' if is_named else f"{path}[{index}]")

    def finish(self) -> None:
        """Report fields that nobody asked for: a misspelt field must not be ignored in silence."""
        for field in self.data:
            if field not in self.seen:
                self.fail(shown_field(field), "is not a known field, known are " + ", ".join(sorted(set(self.seen))))

    def _path_of(self, field: str) -> str:
        return f"{self.path}.{field}" if self.path else field

    def _child(self, data: Mapping[str, Any], path: str) -> "Node":
        return Node(data, path, self.problems, by_key=self.by_key)


class SoundNode(Node):
    """A mapping of a document that is known to have no fault: the built-in policy, read in every run.

    Nothing is collected of what only a fault's message needs, which takes half of the time.
    """

    __slots__ = ()

    def read(self, field: str, convert: Callable[[Any], T | None], form: str, *, required: bool) -> T | None:  # noqa: ARG002
        """A field's value by `convert`, None where it is absent."""
        raw = self.data.get(field)
        return None if raw is None else convert(raw)

    def nodes(self, field: str, key: str) -> Iterator[Node]:  # noqa: ARG002 - as above
        """The mappings of a list."""
        problems = self.problems
        for entry in self.data.get(field) or ():
            yield SoundNode(entry, "", problems)

    def finish(self) -> None:
        """Nothing is unknown."""

    def _path_of(self, field: str) -> str:
        return field

    def _child(self, data: Mapping[str, Any], path: str) -> Node:
        return SoundNode(data, path, self.problems)


def to_day(raw: object) -> date | None:
    """A day from its text; YAML readers that resolve dates hand over a date already."""
    if isinstance(raw, date):
        return raw if type(raw) is date else None
    return parse_day(raw) if isinstance(raw, str) else None


def present(items: Iterable[T | None]) -> tuple[T, ...]:
    """The items that are there: entries that could not be read are problems already."""
    return tuple(item for item in items if item is not None)


def shown(raw: object) -> str:
    """A value as an error message shows it: short, in one line. Takes no longer for a large one."""
    text = ""
    for part in _spelled(raw):
        text += part
        if len(text) > _MAX_SHOWN:
            return text[: _MAX_SHOWN - 3] + "..."
    return text


def shown_field(field: object) -> str:
    """A field's name as a path shows it, cut where it is no name that anybody would write."""
    name = str(field)
    return name if len(name) <= _MAX_KEY else name[: _MAX_KEY - 3] + "..."


def _spelled(raw: object) -> Iterator[str]:
    """The pieces of a value as Python spells it, of which callers take as many as they need."""
    if isinstance(raw, Mapping):
        yield "{"
        for place, (key, value) in enumerate(raw.items()):
            yield ", " if place else ""
            yield from _spelled(key)
            yield ": "
            yield from _spelled(value)
        yield "}"
    elif isinstance(raw, list):
        yield "["
        for place, item in enumerate(raw):
            yield ", " if place else ""
            yield from _spelled(item)
        yield "]"
    elif isinstance(raw, int) and raw.bit_length() > _MAX_BITS:
        yield "a number beyond all measure"
    else:
        yield repr(raw[:_MAX_SHOWN] if isinstance(raw, str) else raw)


def _names(key: object) -> bool:
    """Whether a key can stand in a path."""
    return isinstance(key, str) and 0 < len(key) <= _MAX_KEY and key.isprintable() and '"' not in key


def _to_release(raw: object) -> Release | None:
    return parse_release(raw) if isinstance(raw, str) else None


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw.strip() else None
