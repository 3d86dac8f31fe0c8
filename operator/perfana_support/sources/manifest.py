"""Manifests: files, folders and standard input, read document by document into installations."""

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, cast

import yaml

from perfana_support.model.document import Json
from perfana_support.model.installation import Installation, Location, Workload
from perfana_support.sources.errors import STANDARD_INPUT, Fault, ShapeError, SourceError, shown_name
from perfana_support.sources.workload import project
from perfana_support.sources.yaml_view import MappingView, NodeError, SequenceView, to_plain

_SUFFIXES = (".yaml", ".yml", ".json")
# Flux's objects of the same kind are in another group, and of the cluster.
_KUSTOMIZE = "kustomize.config.k8s.io/"
# A List in a List is legal and pointless; an alias can nest one in itself without end.
_MAX_LISTS = 4
# The reader without implicit types: what a text looks like is the API's business, and resolving costs most of the time.
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Manifests(NamedTuple):
    """What was read: the installations, one a namespace, and how much it was."""

    installations: tuple[Installation, ...]
    files: tuple[str, ...]
    documents: int


def read_manifests(paths: list[str]) -> Manifests:
    """Read every path; a folder stands for all YAML and JSON files below it, `-` for standard input.

    Raises `SourceError` with all faults of all files: nothing unreadable is skipped.
    """
    faults: list[Fault] = []
    workloads: list[Workload] = []
    files = tuple(_find_files(paths, faults))
    documents = 0
    for file in files:
        reader = _FileReader(file, faults)
        workloads.extend(reader.read())
        documents += reader.document
    if files and not documents and not faults:
        faults.append(
            Fault(", ".join(map(shown_name, files)), 0, 0, "holds no document; is the right file given, did rendering succeed?")
        )
    if faults:
        raise SourceError(faults)
    return Manifests(_by_namespace(workloads), files, documents)


def _by_namespace(workloads: list[Workload]) -> tuple[Installation, ...]:
    """The installations. What a controller made is left to its template, if that is there as well."""
    namespaces: dict[str, list[Workload]] = {}
    for workload in workloads:
        namespaces.setdefault(workload.namespace, []).append(workload)
    return tuple(Installation(name, _judged(members)) for name, members in sorted(namespaces.items()))


def _judged(members: list[Workload]) -> tuple[Workload, ...]:
    there = {(workload.kind, workload.name) for workload in members}
    return tuple(
        workload if workload.kind == "Pod" else workload._replace(owner=None)
        for workload in members
        if workload.kind == "Pod" or workload.owner not in there
    )


def _find_files(paths: list[str], faults: list[Fault]) -> Iterator[str]:
    for path in paths:
        if path != STANDARD_INPUT and os.path.isdir(path):
            found = sorted(
                os.path.join(folder, name)
                for folder, _, names in os.walk(path, onerror=lambda error: faults.append(_os_fault(error)))
                for name in names
                if name.endswith(_SUFFIXES)
            )
            if not found:
                faults.append(Fault(path, 0, 0, "the folder holds no .yaml, .yml or .json file"))
            yield from found
        else:
            yield path


def _os_fault(error: OSError) -> Fault:
    return Fault(error.filename or "input", 0, 0, error.strerror or str(error))


class _FileReader:
    """One file's documents. A fault of YAML ends the file, for nothing behind it can be trusted; other faults do not."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file = file
        self.faults = faults
        self.document = 0

    def read(self) -> Iterator[Workload]:
        try:
            if self.file == STANDARD_INPUT:
                yield from self._read_stream(sys.stdin.buffer)
            else:
                with open(self.file, "rb") as stream:
                    yield from self._read_stream(stream)
        except OSError as error:
            self._fault(0, error.strerror or str(error))

    def _read_stream(self, stream: BinaryIO) -> Iterator[Workload]:
        loader = _Loader(stream)
        try:
            while loader.check_node():
                node = cast("yaml.Node", loader.get_node())
                self.document += 1
                yield from self._read_document(node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.document += 1
            self._fault(mark.line + 1 if mark else 0, f"is not valid YAML: {error.problem or error.context}")
        except yaml.YAMLError as error:
            self.document += 1
            self._fault(0, f"is not valid YAML: {error}")
        finally:
            loader.dispose()

    def _read_document(self, node: yaml.Node) -> Iterator[Workload]:
        line = node.start_mark.line + 1
        try:
            plain = to_plain(node)
            if plain is None:
                return
            if not isinstance(plain, MappingView):
                self._fault(line, "is not a Kubernetes object: it must be a mapping with apiVersion and kind")
                return
            yield from self._read_object(plain, "", "", 0)
        except NodeError as error:
            self._fault(error.line, error.problem)

    def _read_object(self, entity: MappingView, implied_kind: str, api_version: str, lists: int) -> Iterator[Workload]:
        kind = entity.get("kind") or implied_kind
        if not isinstance(kind, str) or not kind:
            self._fault(
                entity.line,
                "is not a Kubernetes object: it has no kind (give rendered manifests, not values or a kustomization)",
            )
            return
        if str(entity.get("apiVersion")).startswith(_KUSTOMIZE):
            self._fault(entity.line, "is a kustomization, which changes what is deployed: give what kustomize build renders")
            return
        for field, is_list in (("items", kind.endswith("List")), ("objects", kind == "Template")):
            if is_list and field in entity:
                yield from self._read_list(entity, kind, field, lists)
                return
        try:
            workload = project(entity, kind, self._locate, api_version, keeps_made=True)
        except ShapeError as error:
            self._fault(error.line or entity.line, str(error))
            return
        if workload is not None:
            yield workload

    def _read_list(self, entity: MappingView, kind: str, field: str, lists: int) -> Iterator[Workload]:
        """The objects of a List, or of an OpenShift Template, whose parameters in images are then unreadable."""
        items = entity[field]
        if lists == _MAX_LISTS:
            self._fault(entity.line, f"lists are nested more than {_MAX_LISTS} deep")
        elif not isinstance(items, SequenceView | None):
            self._fault(entity.line_of(field), f"{field}: must be a list in a {kind}")
        else:
            for item in items or ():
                if isinstance(item, MappingView):
                    yield from self._read_object(
                        item, kind.removesuffix("List"), str(entity.get("apiVersion") or ""), lists + 1
                    )
                else:
                    self._fault(entity.line_of(field), f"{field}: must hold objects")

    def _locate(self, container: Json, field: str) -> Location | None:
        return Location(self.file, container.line_of(field)) if isinstance(container, MappingView) else None

    def _fault(self, line: int, problem: str) -> None:
        self.faults.append(Fault(shown_name(self.file), self.document, line, problem))
