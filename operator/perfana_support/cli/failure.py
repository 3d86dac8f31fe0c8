"""Reports of a run that could judge nothing: they say so, where else an older report would go on saying what it says."""

import argparse
from datetime import date
from typing import Any

from perfana_support.cli.output import FOR_TERMINALS, Output, write_all
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.reports.report import Report, Run
from perfana_support.sources.errors import Fault, SourceError


def nothing_judged(faults: list[Fault], arguments: argparse.Namespace, policy: Policy, as_of: date, run: Run) -> Report:
    """The report of a run that could judge nothing: Unknown, for the faults. They fail it, whatever may pass."""
    source: dict[str, Any] = {"kind": "Cluster", "server": "", "context": arguments.context or ""}
    if arguments.filename:
        source = {"kind": "Manifests", "files": list(arguments.filename), "documents": 0}
    verdict = evaluate(Installation("", (), tuple(map(str, faults))), policy, as_of)
    source["faults"] = list(map(fault_document, faults))
    return Report(verdict, policy, source, run._replace(passes_unknown=False))


def write_instead(report: Report, outputs: list[Output], faults: list[Fault]) -> None:
    """Write the report wherever somebody may take what is there for this run's verdict; a terminal gets the error alone.

    Raises `SourceError` for files that cannot be written, with the faults that led here.
    """
    try:
        write_all([output for output in outputs if output.file or output.format not in FOR_TERMINALS], [report])
    except SourceError as error:
        raise SourceError(faults + error.faults) from error


def fault_document(fault: Fault) -> dict[str, Any]:
    """What could not be read, as reports tell it: the parts that are known, and the whole as a sentence."""
    place = {"file": fault.file, "document": fault.document, "line": fault.line, "column": fault.column}
    return {part: value for part, value in place.items() if value} | {"message": str(fault)}
