"""For how long a registry asks to be left alone."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from perfana_support.sources import clock

# What is waited where a registry says that it is too much, and not for how long.
_UNSAID_SECONDS = 60.0
# A registry that asks for a day would be silent for a day by a slip of somebody's clock.
_MAX_SECONDS = 3600.0
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# "100;w=21600": so many in a window of so many seconds (Docker Hub's usage limits; draft-ietf-httpapi-ratelimit-headers).
_LIMIT = re.compile(r"\s*(\d{1,9})\s*(?:;\s*w\s*=\s*(\d{1,9}))?\s*", re.ASCII)


def asked_pause(status: int, headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds to leave a registry alone after an answer, headers by their names in small letters; 0 for none.

    Where the last request of a window was spent, the next one is free when the oldest leaves it: on average after a share.
    """
    if status in _BUSY:
        seconds = _retry_after(headers.get("retry-after", ""), now or clock.now())
        if seconds is None:
            return _UNSAID_SECONDS if status == HTTPStatus.TOO_MANY_REQUESTS else 0.0
        return min(max(seconds, 1.0), _MAX_SECONDS)
    remaining = _LIMIT.fullmatch(headers.get("ratelimit-remaining", ""))
    if remaining is None or int(remaining[1]) > 0:
        return 0.0
    limit = _LIMIT.fullmatch(headers.get("ratelimit-limit", ""))
    window = float(remaining[2] or (limit[2] if limit else None) or _UNSAID_SECONDS)
    return min(max(window / max(int(limit[1]) if limit else 1, 1), 1.0), _MAX_SECONDS)


def _retry_after(text: str, now: datetime) -> float | None:
    """Seconds of a `Retry-After` header: a number, or a date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r"\s*\d{1,9}\s*", text, re.ASCII):
        return float(text)
    try:
        return (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):  # TypeError: a date without its zone
        return None
