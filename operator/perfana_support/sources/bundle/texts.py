"""The texts in plain data, wherever they stand."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

# What of a policy names a registry, a repository or a part of one: no prose, no version, no path of a file.
_REPOSITORY = re.compile(r"(?:https?://)?[a-z0-9\[](?=[^\s]*[a-z])[a-z0-9._:\[\]-]*(?:/[a-z0-9._-]*)*", re.ASCII)


def may_be_repository(text: str) -> bool:
    """Whether a policy's text may be the name of a repository, or a part of one."""
    return bool(_REPOSITORY.fullmatch(text))


def changed(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - plain data of any shape
    """Plain data with every text in it changed; names of fields stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {field: changed(part, change) for field, part in value.items()}
    return [changed(part, change) for part in value] if isinstance(value, list) else value


def texts_of(value: object) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_of(part)
