"""An earlier report, read for what it found: only what is new since then is to count."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from perfana_support.model.installation import Subject
from perfana_support.sources.errors import Fault, SourceError

_KINDS = ("SupportReport", "SupportReportList")


class Baseline(NamedTuple):
    """How often a report found what counted, by its identity (`Finding.identity`).

    `lacks_details`: it is of a version that did not write what exactly was found, so it knows of no finding that has such a
    detail: a mount that took another's place would pass as that one.
    """

    known: Counter[tuple[str, ...]]
    lacks_details: bool = False


def read_baseline(file: str) -> Baseline:
    """What a report found. Raises `SourceError`.

    What it had set aside itself, by a waiver or an option, counts from now on, unless it is set aside again.
    """
    try:
        with open(file, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise SourceError([Fault(file, 0, 0, error.strerror or str(error))]) from error
    except (ValueError, RecursionError) as error:
        raise SourceError([Fault(file, 0, 0, f"is not JSON: {error}")]) from error
    if not isinstance(document, Mapping) or document.get("kind") not in _KINDS:
        raise SourceError([Fault(file, 0, 0, "is no report; write one with perfana-support check -o json=FILE")])
    try:
        found = list(_findings(document))
        return Baseline(Counter(map(_identity, found)), not all("detail" in finding for finding in found))
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError([Fault(file, 0, 0, f"is not a report of this program: {error!r}")]) from error


def _findings(document: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
    """The findings that counted, or that an earlier baseline knew."""
    reports = document["items"] if document["kind"] == "SupportReportList" else [document]
    for report in reports:  # type: ignore[attr-defined] # what is not so ends as KeyError or TypeError
        for finding in report["findings"]:
            if "waivedUntil" not in finding and finding.get("ignoredBy", "--baseline") == "--baseline":
                yield finding


def _identity(finding: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(finding["code"]), *Subject(**finding["subject"]), str(finding.get("detail", "")))
