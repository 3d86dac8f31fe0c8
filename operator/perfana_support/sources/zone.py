"""Time zones by their names: fixed offsets, and those of the machine's own database."""

import re
from datetime import UTC, timedelta, timezone, tzinfo

from perfana_support.sources.errors import Fault, SourceError

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)
_MOST_HOURS, _MOST_MINUTES = 14, 59


def read_zone(name: str, place: str) -> tzinfo:
    """The zone of an offset (+01:00) or a name (Europe/Amsterdam); `place` is where the name stands.

    Raises `SourceError` for one that nobody knows here: a wrong hour would look like a right one.
    """
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = -1 if offset[1] == "-" else 1, int(offset[2]), int(offset[3])
        if hours <= _MOST_HOURS and minutes <= _MOST_MINUTES:
            return timezone(sign * timedelta(hours=hours, minutes=minutes))
    elif name in {"UTC", "Z"}:
        return UTC
    else:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - who states an offset, or nothing, needs no database

        try:
            return ZoneInfo(name)
        except (LookupError, OSError, ValueError):  # a name that is unknown or no name, a database that cannot be read
            pass
    problem = f"is no time zone that this machine knows, is {name!r}; state an offset such as +01:00, or install tzdata"
    raise SourceError([Fault(place, 0, 0, f"{problem} (pip install tzdata)")])
