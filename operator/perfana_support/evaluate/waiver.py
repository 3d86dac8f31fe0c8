"""Waivers: a finding that somebody agreed to live with stays visible and does not count until a day."""

from collections.abc import Iterable, Iterator
from datetime import date

from perfana_support.model.calendar import day_after
from perfana_support.model.check import Waiver
from perfana_support.model.finding import Finding


def waive(findings: Iterable[Finding], waivers: tuple[Waiver, ...], as_of: date) -> Iterator[Finding]:
    """The findings, those that a waiver covers marked with its last day; the longest of several waivers holds."""
    for finding in findings:
        days = [
            waiver.expires_on
            for waiver in waivers
            if waiver.expires_on >= as_of and waiver.covers(finding.code, finding.subject)
        ]
        yield finding._replace(waived_until=max(days)) if days else finding


def dates(waivers: tuple[Waiver, ...]) -> Iterator[date]:
    """The days on which a waiver no longer holds."""
    for waiver in waivers:
        yield day_after(waiver.expires_on)
