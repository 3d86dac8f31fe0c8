"""Time zones by their names."""

from datetime import datetime, timedelta

import pytest

from perfana_support.sources.errors import SourceError
from perfana_support.sources.zone import read_zone

AT = datetime(2026, 7, 1, 12)  # noqa: DTZ001 - a local time


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("+01:00", 60),
        ("-05:30", -330),
        ("+14:00", 840),
        ("+00:00", 0),
        ("UTC", 0),
        ("Z", 0),
        ("Europe/Amsterdam", 120),
        ("America/New_York", -240),
    ],
)
def test_zone_by_offset_or_name(name: str, minutes: int) -> None:
    assert read_zone(name, "--time-zone").utcoffset(AT) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "name", ["", "Nowhere", "Europe", "../etc/passwd", "/etc/localtime", "a\0b", "+15:00", "+01:60", "+1:00", "01:00", "\u0660"]
)
def test_unknown_zone_names_what_to_do(name: str) -> None:
    with pytest.raises(SourceError) as error:
        read_zone(name, "--time-zone")
    assert str(error.value) == (
        f"--time-zone: is no time zone that this machine knows, is {name!r}; state an offset such as +01:00, or install tzdata "
        "(pip install tzdata)"
    )
