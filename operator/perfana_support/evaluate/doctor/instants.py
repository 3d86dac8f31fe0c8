"""Times as the API server writes them."""

from datetime import UTC, datetime


def instant(text: object) -> datetime | None:
    """The instant that a text names, None for what is none."""
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def ago(seconds: float) -> str:
    """How long ago something was, for people."""
    whole = max(0, round(seconds))
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * unit:
            return f"{whole // unit} {name} ago"
    return f"{whole} s ago"
