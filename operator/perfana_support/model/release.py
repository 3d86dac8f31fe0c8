"""Release numbers: two to four numbers, compared one by one."""

import re
from typing import NamedTuple

# Nine digits hold every number seen (dates included) and keep a hostile tag from becoming a giant integer.
NUMBERS = r"\d{1,9}(?:\.\d{1,9}){1,3}"
_NUMBERS = re.compile(NUMBERS, re.ASCII)


class Release(NamedTuple):
    """A release of Perfana, or a component's own version: `0.2.96.22`, `4.0.0`.

    Perfana's numbers are not semver: there may be four, and a missing one is 0 (0.2.24 is 0.2.24.0). Two releases
    are comparable only inside one numbering: 0.2.96.22 is newer than 4.0.0, which only the policy's order of lines tells.
    """

    major: int
    minor: int
    patch: int = 0
    build: int = 0

    @property
    def line(self) -> str:
        """The release line this number belongs to, MAJOR.MINOR."""
        return f"{self.major}.{self.minor}"


def parse_release(text: str) -> Release | None:
    """The release that a bare number names, None when the text is not two to four numbers with dots between."""
    if not _NUMBERS.fullmatch(text):
        return None
    return Release(*map(int, text.split(".")))
