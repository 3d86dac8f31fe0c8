"""Why a kubeconfig gives no cluster, in words that say what to do.

The client's library speaks of keys of its own, takes a file that is not there for an empty one, and repeats in its messages
what stands beside a missing field, keys and tokens included.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from perfana_support.sources.errors import Fault
from perfana_support.sources.yaml_document import DocumentFaultError, load_document

_NO_CLUSTER = "gives no cluster to connect to"
_LIBRARY = "Invalid kube-config file. "
_MOST_NAMED = 10


def find_missing(where: str) -> Fault | None:
    """What to say where none of the files is there. `where` is one file or several, parted as `KUBECONFIG` is."""
    if _files(where):
        return None
    problem = "there is no such file; name one with --kubeconfig or KUBECONFIG, or judge manifests: perfana-support check -f"
    return Fault(where, 0, 0, f"{_NO_CLUSTER}: {problem}")


def explain(where: str, context: str | None, error: Exception) -> Fault:
    """What is wrong with files of which the library's `error` is all that is known."""
    if isinstance(error, OSError):
        return Fault(str(error.filename or where), 0, 0, f"{_NO_CLUSTER}: {error.strerror or error}")
    documents = list[Mapping[str, Any]]()
    for file in _files(where):
        try:
            with open(file, "rb") as stream:
                document = load_document(stream)
        except OSError as unread:
            return Fault(file, 0, 0, f"{_NO_CLUSTER}: {unread.strerror or unread}")
        except DocumentFaultError as fault:
            line, column, problem = fault.fault
            return Fault(file, 0, line, f"{_NO_CLUSTER}: is not one YAML document: {problem}", column)
        if not isinstance(document, Mapping):
            return Fault(file, 0, 0, f"{_NO_CLUSTER}: is no kubeconfig, which is a mapping with clusters, contexts and users")
        documents.append(document)
    return Fault(where, 0, 0, f"{_NO_CLUSTER}: {_context_fault(documents, context) or _without_values(error)}")


def _files(where: str) -> list[str]:
    return [file for file in map(os.path.expanduser, where.split(os.pathsep)) if file and os.path.exists(file)]


def _context_fault(documents: list[Mapping[str, Any]], context: str | None) -> str:
    names = sorted({name for document in documents for name in _names(document.get("contexts"))})
    wanted = context or next((name for each in documents if (name := each.get("current-context"))), None)
    known = ", ".join(names[:_MOST_NAMED]) + (" and more" if len(names) > _MOST_NAMED else "")
    if not names:
        return "it has no contexts"
    if not wanted:
        return f"it names no current context; choose one with --context: {known}"
    if wanted not in names:
        return f"it has no context {wanted}; it has {known}"
    return ""


def _names(entries: object) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if isinstance(name, str):
            yield name


def _without_values(error: Exception) -> str:
    """The library's sentence up to where it repeats the file."""
    text = str(error)
    if text.startswith(_LIBRARY):
        return text.removeprefix(_LIBRARY).partition(" in ")[0].replace("Expected", "the entry of its context lacks", 1)
    return f"{type(error).__name__}: {text}" if isinstance(error, LookupError | TypeError | AttributeError) else text
