"""A SupportCheck document for the command line: the same statements that the operator reads from the cluster."""

from collections.abc import Mapping

from perfana_support.model.check import Check, read_check
from perfana_support.model.document import DocumentError, Json, Node, Problem
from perfana_support.model.policy_document import API_VERSION
from perfana_support.sources.errors import Fault, SourceError, faults_of, shown_name
from perfana_support.sources.yaml_document import load_file


def read_check_file(file: str) -> tuple[Check, str]:
    """The check that a file states and the namespace that it is for, "" for any. Raises `SourceError` with every problem."""
    _, check, namespace = read_check_document(file)
    return check, namespace


def read_check_document(file: str) -> tuple[Json, Check, str]:
    """The same, with the document that it was read from, without its status."""
    document = load_file(file)
    if not isinstance(document, Mapping) or document.get("kind") != "SupportCheck":
        raise SourceError([Fault(shown_name(file), 0, 0, "must be a SupportCheck object")])
    problems: list[Problem] = []
    root = Node(document, "", problems)
    root.read("apiVersion", lambda raw: raw if raw == API_VERSION else None, API_VERSION, required=True)
    # `status` is there in what a cluster was asked for, and says nothing that is asked here.
    root.seen += ["kind", "spec", "status"]
    namespace = root.node("metadata").text("namespace")
    root.finish()
    check = Check()
    try:
        check = read_check(document.get("spec"))
    except DocumentError as error:
        problems += error.problems
    if problems:
        raise SourceError(faults_of(file, problems))
    return {field: value for field, value in document.items() if field != "status"}, check, namespace or ""
