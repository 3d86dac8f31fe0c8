"""For how long a registry asks to be left alone."""

from datetime import UTC, datetime

import pytest

from perfana_support.sources.registry.pause import asked_pause

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {}, 0),
        (200, {"retry-after": "30"}, 0),
        (404, {}, 0),
        (500, {}, 0),
        (429, {}, 60),
        (429, {"retry-after": "30"}, 30),
        (429, {"retry-after": " 30 "}, 30),
        (429, {"retry-after": "0"}, 1),
        (429, {"retry-after": "-5"}, 60),
        (429, {"retry-after": "99999999999999999999"}, 60),
        (429, {"retry-after": "86400"}, 3600),
        (429, {"retry-after": "Wed, 25 Nov 2026 12:01:30 GMT"}, 90),
        (429, {"retry-after": "Wed, 25 Nov 2026 11:00:00 GMT"}, 1),
        (429, {"retry-after": "Wed, 25 Nov 2026 12:01:30 -0000"}, 60),
        (429, {"retry-after": "soon"}, 60),
        (503, {}, 0),
        (503, {"retry-after": "5"}, 5),
        (200, {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"}, 0),
        (200, {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}, 216),
        (200, {"ratelimit-remaining": "0;w=21600"}, 3600),
        (200, {"ratelimit-remaining": "0"}, 60),
        (200, {"ratelimit-limit": "0;w=0", "ratelimit-remaining": "0;w=0"}, 1),
        (200, {"ratelimit-remaining": "none"}, 0),
    ],
)
def test_pause(status: int, headers: dict[str, str], seconds: float) -> None:
    assert asked_pause(status, headers, NOW) == seconds
