"""The table of a chart's values, made of the comments in its values.yaml."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]+):(?: .*)?$")
_BEGIN, _END = "<!-- values, written by make manifests -->", "<!-- end of values -->"


class Value(NamedTuple):
    """A value that can be set: its path, its default and what it is for."""

    path: str
    default: Any
    purpose: str


def read_values(text: str) -> list[Value]:
    """Return the values of a values.yaml, which says on the lines before each what it is for."""
    return list(_read(text))


def _read(text: str) -> Iterator[Value]:
    defaults = yaml.safe_load(text)
    path: list[str] = []
    comment: list[str] = []
    told: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip().startswith("#"):
            comment.append(line.strip().removeprefix("#").strip())
        elif found := _KEY.match(line):
            depth = len(found["indent"]) // 2
            path[depth:] = [found["key"]]
            name, purpose = ".".join(path), " ".join(comment)
            default = _at(defaults, path)
            told[name] = purpose
            parent = told.get(".".join(path[:-1]), "") if depth else ""
            comment = []
            if default and isinstance(default, dict) and not (name == "resources" or name.endswith(".labels")):
                continue
            if not name.startswith("resources.") and ".labels." not in name:
                yield Value(name, default, purpose or parent)
        else:
            comment = []


def _at(values: Any, path: list[str]) -> Any:  # noqa: ANN401 - whatever YAML holds
    for key in path:
        values = values[key]
    return values


def with_values(page: str, values: str) -> str:
    """Return a page with the table of these values between its two marks."""
    rows = [f"| `{each.path}` | `{json.dumps(each.default)}` | {each.purpose} |" for each in read_values(values)]
    table = "\n".join(["| value | default | what it is for |", "|---|---|---|", *rows])
    head, _, rest = page.partition(_BEGIN)
    assert rest, "the page has no place for a table of values"
    return f"{head}{_BEGIN}\n{table}\n{_END}{rest.partition(_END)[2]}"
