"""Reports as YAML: the document of `-o json`, in the form that people and Kubernetes tools read.

Written here and not by PyYAML, since only a few forms are needed. A text that could be read as anything else stands in quotes,
days too; ASCII alone, so that no encoding can harm it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from perfana_support.reports.document import LIST_HEAD, documents_of
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.report import Report

# Texts that every version of YAML reads as themselves: words that begin with a letter and have nothing of YAML's in them.
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ./_()-]|:(?=[A-Za-z0-9/]))*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def pieces(reports: Iterable[Report]) -> Iterator[str]:
    """All reports as one document; several are the items of a list."""
    documents, is_list = documents_of(reports)
    if is_list:
        yield "".join(f"{line}\n" for line in _block(LIST_HEAD)) + "items:\n"
    for document in documents:
        yield harmless_json("".join(f"{line}\n" for line in _block([document] if is_list else document)))


def _block(value: Any) -> Iterator[str]:  # noqa: ANN401 - plain data
    """A mapping or list as lines, each nested value two columns further in."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{_scalar(key)}:", item, "" if isinstance(item, list | tuple) else "  ")
    else:
        for item in value:
            first, *others = _block(item) if _is_nested(item) else [_scalar(item)]
            yield f"- {first}"
            yield from (f"  {line}" for line in others)


def _entry(key: str, item: Any, indent: str) -> Iterator[str]:  # noqa: ANN401 - plain data
    if _is_nested(item):
        yield key
        yield from (f"{indent}{line}" for line in _block(item))
    else:
        yield f"{key} {_scalar(item)}"


def _is_nested(value: Any) -> bool:  # noqa: ANN401 - plain data
    return isinstance(value, dict | list | tuple) and bool(value)


def _scalar(value: Any) -> str:  # noqa: ANN401 - plain data
    if not isinstance(value, str):
        return json.dumps(value)  # numbers, truth values, null and what is empty are the same in YAML
    text = str(value)
    if _PLAIN.fullmatch(text) and not text.endswith(" ") and text.lower() not in _WORDS:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    """A character between double quotes; half of a surrogate pair is no character and becomes the sign for one."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if " " <= character <= "~":
        return character
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - the surrogates of Unicode
        return "\\uFFFD"
    if number > 0xFFFF:  # noqa: PLR2004 - what four digits hold
        return f"\\U{number:08X}"
    return f"\\u{number:04X}"
