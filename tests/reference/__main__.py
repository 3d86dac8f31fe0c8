"""Write the reference pages of docs/reference anew, from the program and its schemas: `make reference`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.reference import conditions, exit_codes, flags, resources, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "conditions.md": conditions.page,
    "exit-codes.md": exit_codes.page,
    "flags.md": flags.page,
    "resources.md": resources.page,
    "settings.md": settings.page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
