"""What came of a mutant."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What tests made of a mutant; `UNSURE` until they ran on a fresh import of it."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    UNSURE = "unsure"


class Record(NamedTuple):
    """What came of one mutant, by its module's name and its place there."""

    module: str
    place: int
    outcome: Outcome
