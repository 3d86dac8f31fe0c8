"""An earlier report, read for what it found: only what is new since then is to count."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from perfana_support.model.installation import Subject
from perfana_support.sources.errors import Fault, SourceError

_KINDS = ("SupportReport", "SupportReportList")


def read_baseline(file: str) -> Counter[tuple[str, ...]]:
    """How often a report found what counted, by its identity (`Finding.identity`). Raises `SourceError`.

    What it had set aside itself counts from now on, unless it is set aside again.
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
        return Counter(_identities(document))
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError([Fault(file, 0, 0, f"is not a report of this program: {error!r}")]) from error


def _identities(document: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    reports = document["items"] if document["kind"] == "SupportReportList" else [document]
    for report in reports:  # type: ignore[attr-defined] # what is not so ends as KeyError or TypeError
        for finding in report["findings"]:
            if "ignoredBy" not in finding or finding["ignoredBy"] == "--baseline":
                yield (str(finding["code"]), *Subject(**finding["subject"]))
