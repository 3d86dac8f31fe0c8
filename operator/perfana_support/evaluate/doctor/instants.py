"""Times as the API server writes them, and the Leases that are renewed in time."""

from datetime import UTC, datetime

from perfana_support.model.diagnosis import Json

# A Lease is renewed six times in its duration; a reader's clock and a busy machine are given this much beside it.
LATE_SECONDS = 30.0
_DURATION_SECONDS = 12.0


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


def renewed_before(lease: Json, moment: datetime) -> float | None:
    """How many seconds ago whoever holds a Lease renewed it; None where nobody does or that is too long ago."""
    spec = lease.get("spec") or {}
    renewed = instant(spec.get("renewTime"))
    if renewed is None or not spec.get("holderIdentity"):
        return None
    seconds = (moment - renewed).total_seconds()
    return seconds if seconds <= late_after(spec) else None


def late_after(spec: Json) -> float:
    """After how many seconds without being renewed a Lease is late."""
    return max(LATE_SECONDS, 2 * float(spec.get("leaseDurationSeconds") or _DURATION_SECONDS))
