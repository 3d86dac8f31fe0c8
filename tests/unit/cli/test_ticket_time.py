"""When a ticket is raised: local times, offsets, and times that a zone does not have."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from perfana_support.cli import ticket_time
from perfana_support.cli.ticket_time import read_instant, user_zone
from perfana_support.sources.errors import SourceError

AMSTERDAM = user_zone("Europe/Amsterdam")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the machine into New York for a while."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-27T16:59", "2026-11-27T16:59:00+01:00"),
        ("2026-11-27 16:59", "2026-11-27T16:59:00+01:00"),
        ("2026-11-27T16:59:30", "2026-11-27T16:59:30+01:00"),
        ("2026-07-01T12:00", "2026-07-01T12:00:00+02:00"),
        ("2026-11-27T15:59Z", "2026-11-27T16:59:00+01:00"),
        ("2026-11-27T10:59-05:00", "2026-11-27T16:59:00+01:00"),
        ("2026-10-25T02:30+02:00", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T02:30:00+01:00"),
        ("2027-03-28T01:59", "2027-03-28T01:59:00+01:00"),
        ("2027-03-28T03:00", "2027-03-28T03:00:00+02:00"),
    ],
)
def test_time_in_the_users_zone(text: str, found: str) -> None:
    assert read_instant(text, AMSTERDAM).isoformat() == found


@pytest.mark.parametrize("text", ["2027-03-28T02:00", "2027-03-28T02:59", "2026-10-25T02:00", "2026-10-25T02:59"])
def test_time_that_a_clocks_change_takes_away_or_doubles_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="state a time with an offset"):
        read_instant(text, AMSTERDAM)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-27",
        "20261127T1659",
        "2026-W48-5T16:59",
        "2026-11-27T16",
        "2026-11-27T24:00",
        "2026-11-27T16:60",
        "2026-11-31T10:00",
        "1969-12-31T10:00",
        "3000-01-01T10:00",
        "2026-11-27T16:59+25:00",
        "2026-11-27T16:59\n",
        "\u0662026-11-27T16:59",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="must be a time as YYYY-MM-DDTHH:MM"):
        read_instant(text, AMSTERDAM)


@pytest.mark.usefixtures("machine")
def test_machines_zone_is_the_users_where_none_is_stated() -> None:
    assert read_instant("2026-11-27T10:59", user_zone(None)).isoformat() == "2026-11-27T10:59:00-05:00"
    assert read_instant("2026-07-01T10:59", None).isoformat() == "2026-07-01T10:59:00-04:00"
    assert read_instant("2026-07-01T10:59Z", None).isoformat() == "2026-07-01T06:59:00-04:00"
    with pytest.raises(SourceError, match="is there twice"):
        read_instant("2026-11-01T01:30", None)
    with pytest.raises(SourceError, match="does not exist there"):
        read_instant("2027-03-14T02:30", None)


def test_now_is_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_time, "now", lambda: datetime(2026, 11, 27, 15, 59, tzinfo=UTC))
    assert read_instant(None, AMSTERDAM).isoformat() == "2026-11-27T16:59:00+01:00"
