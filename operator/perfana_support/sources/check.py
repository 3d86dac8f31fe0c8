"""A SupportCheck document for the command line: the same statements that the operator reads from the cluster."""

from collections.abc import Mapping

from perfana_support.model.check import Check, read_check
from perfana_support.model.document import DocumentError
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.yaml_document import load_file


def read_check_file(file: str) -> tuple[Check, str]:
    """The check that a file states and the namespace that it is for, "" for any. Raises `SourceError` with every problem."""
    document = load_file(file)
    if not isinstance(document, Mapping) or document.get("kind") != "SupportCheck":
        raise SourceError([Fault(file, 0, 0, "must be a SupportCheck object")])
    try:
        metadata = document.get("metadata")
        namespace = metadata.get("namespace") if isinstance(metadata, Mapping) else None
        return read_check(document.get("spec")), str(namespace or "")
    except DocumentError as error:
        raise SourceError([Fault(file, 0, 0, str(problem)) for problem in error.problems]) from error
