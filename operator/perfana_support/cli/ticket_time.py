"""When a ticket is raised, as the user says it: a time with an offset, or a local one."""

import re
from datetime import UTC, datetime, tzinfo

from perfana_support.sources.clock import now
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.zone import read_zone

_FORM = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?P<offset>Z|[+-]\d\d:\d\d)?", re.ASCII)
# Before there was UTC, and beyond what anybody plans, zones are guesses.
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def user_zone(name: str | None) -> tzinfo | None:
    """The user's zone; None stands for the machine's, as `datetime.astimezone` takes it. Raises `SourceError`."""
    return read_zone(name, "--time-zone") if name else None


def read_instant(text: str | None, zone: tzinfo | None) -> datetime:
    """The instant in the user's zone, now where none is stated. Raises `SourceError` for a time that the zone does not have."""
    if text is None:
        return now().astimezone(zone)
    found = _FORM.fullmatch(text)
    try:
        at = datetime.fromisoformat(text) if found else None
    except ValueError:
        at = None
    if found is None or at is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise _refusal(text, "must be a time as YYYY-MM-DDTHH:MM, local or with an offset such as +01:00 or Z")
    if found["offset"]:
        return at.astimezone(zone)
    first, second = (_in_zone(at.replace(fold=fold), zone) for fold in (0, 1))
    if first.replace(tzinfo=None) != at.replace(tzinfo=None):
        raise _refusal(text, "does not exist there, the clock is put forward then; state a time with an offset")
    if first.utcoffset() != second.utcoffset():
        offsets = f"{first.strftime('%z')} and {second.strftime('%z')}"
        raise _refusal(text, f"is there twice, with {offsets}, the clock is put back then; state a time with an offset")
    return first


def _in_zone(at: datetime, zone: tzinfo | None) -> datetime:
    """A local time as the zone writes that instant."""
    stated = at.astimezone() if zone is None else at.replace(tzinfo=zone)
    return stated.astimezone(UTC).astimezone(zone)


def _refusal(text: str, problem: str) -> SourceError:
    return SourceError([Fault("--at", 0, 0, f"{problem}, is {text!r}")])
