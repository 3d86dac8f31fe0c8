"""Label selectors as kubectl takes them: `app=web,tier!=cache,env in (a,b),!legacy`."""

import argparse
import re

from perfana_support.model.check import Operator, Requirement

_KEY = r"(?P<key>[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?)"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
# At least one, which may be empty beside a comma alone.
_VALUES = rf"(?!\s*\))\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*"
_FORMS = (
    (re.compile(rf"{_KEY}\s*==?\s*(?P<value>{_VALUE})"), Operator.IN),
    (re.compile(rf"{_KEY}\s*!=\s*(?P<value>{_VALUE})"), Operator.NOT_IN),
    (re.compile(rf"{_KEY}\s+in\s*\((?P<values>{_VALUES})\)"), Operator.IN),
    (re.compile(rf"{_KEY}\s+notin\s*\((?P<values>{_VALUES})\)"), Operator.NOT_IN),
    (re.compile(rf"!\s*{_KEY}"), Operator.DOES_NOT_EXIST),
    (re.compile(_KEY), Operator.EXISTS),
)
# Commas part requirements, except those between parentheses.
_PARTS = re.compile(r",(?![^()]*\))")


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """The requirements of a selector, none for an empty one, which selects all. Raises `argparse.ArgumentTypeError`."""
    if not text.strip():
        return ()
    return tuple(_parse(part.strip()) for part in _PARTS.split(text))


def _parse(part: str) -> Requirement:
    for form, operator in _FORMS:
        match = form.fullmatch(part)
        if match is None:
            continue
        stated = match.groupdict()
        if "values" in stated:
            values = tuple(value.strip() for value in stated["values"].split(","))
        else:
            values = (stated["value"],) if "value" in stated else ()
        return Requirement(match["key"], operator, values)
    raise argparse.ArgumentTypeError(f"must be a label selector such as app=web,tier!=cache, is {part!r}")
