"""docs/reference/settings.md: every setting of the operator, from the class that holds them."""

from __future__ import annotations

from dataclasses import fields

from perfana_support.controller.settings import Settings, flag, variable
from tests.reference.markup import MADE, code, prose, table

HEAD = f"""\
# Settings of the operator

{MADE}
Each is a flag of `perfana-support operator` and a variable of its process, which is what a Deployment sets; flags
win. A switch has `--no-…` beside it, and takes `true` or `false` as a variable; a list has commas between its parts.
A variable that is empty states nothing. All mistakes are told at once, with exit code 2. What they do, in more words:
[the operator](../operator.md).

"""


def page() -> str:
    """Return the page."""
    rows = []
    for one in fields(Settings):
        unit, purpose = one.metadata["unit"], one.metadata["purpose"]
        rows.append((code(f"{flag(one.name)} {unit}".strip()), code(variable(one.name)), _default(one.default), prose(purpose)))
    return HEAD + table(("flag", "variable", "default", "what"), rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("", ()):
        return "none"
    return code(f"{value:g}" if isinstance(value, float) else str(value))
