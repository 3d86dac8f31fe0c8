"""A bundle read: its index, and the evidence in it. Whoever made it, only what is sound is taken, and the rest is named."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from perfana_support.model.document import DocumentError, Json, Node, Problem
from perfana_support.model.evidence import Evidence
from perfana_support.model.policy_document import API_VERSION
from perfana_support.sources.bundle.archive import MAX_FILE_BYTES, digest_of, unpack
from perfana_support.sources.bundle.evidence import CHECK, INSTALLATION, OBJECTS, POLICY, REGISTRIES, read_evidence
from perfana_support.sources.errors import Fault, SourceError, faults_of

INDEX = "index.json"
KIND = "SupportBundle"
_EVIDENCE = (INSTALLATION, OBJECTS, REGISTRIES, CHECK, POLICY)


class Bundle(NamedTuple):
    """A bundle: its index (`listed`), its evidence, and all of its files as they are."""

    listed: Json
    evidence: Evidence
    files: Mapping[str, bytes]


def read_bundle(file: str) -> Bundle:
    """The bundle in a file. Raises `SourceError` with all that is wrong with it."""
    files = unpack(file)
    if INDEX not in files:
        raise SourceError(
            [Fault(file, 0, 0, f"is no bundle: it has no {INDEX}; perfana-support bundle -n NAMESPACE makes one")]
        )
    index = _document(file, INDEX, files[INDEX])
    faults = _faults_of_index(file, index, files)
    if faults:
        raise SourceError(faults)
    documents = {name: _document(file, name, files[name]) for name in _EVIDENCE if name in files}
    try:
        return Bundle(index, read_evidence(documents), files)
    except DocumentError as error:
        faults = faults_of(file, error.problems)
        version = str(index["program"].get("version"))
        raise SourceError(
            [*faults, Fault(file, 0, 0, f"was written by perfana-support {version}: is this program older?")]
        ) from error


def _faults_of_index(file: str, index: Json, files: Mapping[str, bytes]) -> list[Fault]:
    """What is wrong with the index, and which files are not those that it lists."""
    problems: list[Problem] = []
    root = Node(index, "", problems)
    for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        root.read(field, lambda raw, wanted=wanted: raw if raw == wanted else None, wanted, required=True)  # type: ignore[misc]
    root.node("program").text("version", required=True)
    listed = {}
    for node in root.nodes("files", "name"):
        name, digest = node.text("name", required=True), node.text("sha256", required=True)
        node.text("holds", required=True)
        node.whole("bytes", 0, MAX_FILE_BYTES, required=True)
        if name and digest:
            listed[name] = digest
    _read_told(root)
    root.finish()
    problems += [Problem(name, "is not listed in the index") for name in files if name not in listed and name != INDEX]
    problems += [Problem(name, "is listed in the index and missing") for name in listed if name not in files]
    problems += [
        Problem(name, "is not what the index lists: it was changed, or the file is damaged")
        for name, digest in listed.items()
        if name in files and digest_of(files[name]) != digest
    ]
    return faults_of(file, problems)


def _read_told(root: Node) -> None:
    """What an index says for people, of the form that whoever prints it relies on."""
    for field in ("takenAt", "asOf"):
        root.text(field, required=True)
    for field in ("namespace", "keptOfImages"):
        root.read(field, lambda raw: raw if isinstance(raw, str) else None, "a text", required=True)
    root.read("anonymised", lambda raw: raw if isinstance(raw, bool) else None, "true or false", required=True)
    for field in ("neverTaken", "missing"):
        root.read(field, _texts, "a list of texts", required=True)
    verdict = root.read("verdict", lambda raw: raw if isinstance(raw, Mapping) else None, "a mapping", required=True)
    for kind in verdict or {}:
        said = Node(verdict or {}, "verdict", root.problems).node(kind)
        for part in ("status", "reason"):
            said.text(part, required=True)
    root.read("masked", lambda raw: raw if isinstance(raw, list) else None, "a list", required=True)
    for node in root.nodes("masked", "mark"):
        for part in ("mark", "why"):
            node.text(part, required=True)
        node.read("where", _texts, "a list of texts", required=True)


def _texts(raw: object) -> list[str] | None:
    return raw if isinstance(raw, list) and all(isinstance(each, str) for each in raw) else None


def _document(file: str, name: str, content: bytes) -> Json:
    """A file that holds one JSON object, in which nothing stands twice."""
    try:
        found = json.loads(content.decode(), object_pairs_hook=_exact, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON: {' '.join(str(error).split())[:200]}"
        raise SourceError([Fault(f"{file}: {name}", 0, 0, problem)]) from error
    if not isinstance(found, dict):
        raise SourceError([Fault(f"{file}: {name}", 0, 0, "must be a JSON object")])
    return found


def _exact(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field stands twice in an object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")
