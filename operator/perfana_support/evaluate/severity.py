"""Which severity fits what somebody states of a problem's impact, by the policy's definitions."""

from collections.abc import Iterable
from typing import NamedTuple

from perfana_support.model.ticket_policy import Impact, Severity


class Fit(NamedTuple):
    """The severity that fits, None where no definition does.

    `missing` is what a more severe one would need beside what is stated, with its name: nobody is to guess it.
    """

    severity: Severity | None
    nearest: Severity | None = None
    missing: tuple[Impact, ...] = ()


def fit(impacts: frozenset[Impact], severities: Iterable[Severity]) -> Fit:
    """The first severity, as the policy lists them, whose definition what is stated meets."""
    nearest: Severity | None = None
    missing: tuple[Impact, ...] = ()
    for severity in severities:
        if _is_met(impacts, severity):
            return Fit(severity, nearest, missing)
        if nearest is None and impacts.intersection(severity.fits_together):
            nearest = severity
            missing = tuple(impact for impact in severity.fits_together if impact not in impacts)
    return Fit(None, nearest, missing)


def _is_met(impacts: frozenset[Impact], severity: Severity) -> bool:
    together = severity.fits_together
    return not impacts.isdisjoint(severity.fits) or (bool(together) and impacts.issuperset(together))
