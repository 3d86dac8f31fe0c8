"""Manifests: files, folders and standard input, read document by document into installations."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

import yaml

from perfana_support.model.document import Json
from perfana_support.model.installation import Installation, Location, Workload
from perfana_support.sources.byte_stream import MAX_BATCH, Piece, StreamError, batches, refuse_many_values, split
from perfana_support.sources.compose import is_compose, project_services
from perfana_support.sources.divided_work import divided
from perfana_support.sources.errors import STANDARD_INPUT, Fault, ShapeError, shown_name
from perfana_support.sources.files import find_files
from perfana_support.sources.json_text import with_characters
from perfana_support.sources.list_items import cut
from perfana_support.sources.quick_look import is_read
from perfana_support.sources.rendering import RenderError, is_chart, render_folder, root_file, source_file
from perfana_support.sources.text_lines import TextLines
from perfana_support.sources.workload import project
from perfana_support.sources.yaml_hazards import Hazards
from perfana_support.sources.yaml_view import MappingView, NodeError, SequenceView, ViewLoader, to_plain

# Flux's objects of the same kind are in another group, and of the cluster.
_KUSTOMIZE = "kustomize.config.k8s.io/"
# A List in a List is legal and pointless; an alias can nest one in itself without end.
_MAX_LISTS = 4
_NO_CHART = "are given, and nothing that is read takes them: only a chart's folder does (-f CHART)"
_NOTHING = "holds no document; is the right file given, did rendering succeed?"
# A document with nothing in it; a small packed file can hold millions.
_EMPTY = b"---"
# Nobody reads more of them, and a small packed file can hold millions.
_MAX_FAULTS = 100


class Manifests(NamedTuple):
    """What was read: the installations, one a namespace, and how much it was; and what could not be read.

    Of `files`, Chart.yaml or a kustomization stands for its folder.

    With `faults` the installations are a part of what was given: what is said of them may be told, never that all is well.
    """

    installations: tuple[Installation, ...]
    files: tuple[str, ...]
    documents: int
    faults: tuple[Fault, ...] = ()


def read_manifests(
    paths: list[str],
    on_file: Callable[[int, int], None] = lambda _done, _total: None,
    passes_over: Callable[[str], bool] = lambda _file: False,
    values: Sequence[str] = (),
) -> Manifests:
    """Read every path: a file, a folder, a pattern (`sources/files.py`), or `-` for standard input; packed by gzip or not.

    `on_file` is told how many files are read, and of how many. `passes_over` says of a file that a folder or pattern brings
    along whether it is none of the manifests: the run's own settings, an earlier report of its. `values` are files that charts
    get over their own. Nothing else unreadable is skipped in silence: each is a fault, and all that can be read is read all the
    same.
    """
    faults: list[Fault] = []
    workloads: list[Workload] = []
    files = tuple(file for file in find_files(paths, faults) if file in paths or not passes_over(file))
    documents = 0
    for done, file in enumerate(files):
        on_file(done, len(files))
        reader = _FileReader(file, faults, values)
        before = len(faults)
        workloads.extend(reader.read())
        documents += reader.document
        # Of the files of a folder some may be empty; one that is named, or was just rendered, is expected to hold something.
        if not reader.document and len(faults) == before and (file in paths or os.path.isdir(file)):
            faults.append(Fault(shown_name(file), 0, 0, _NOTHING))
    if values and not any(map(is_chart, files)):
        faults.append(Fault("values", 0, 0, _NO_CHART))
    if not documents and not faults:
        faults.append(Fault(", ".join(map(shown_name, files or paths)), 0, 0, _NOTHING))
    named = tuple((root_file(file) if os.path.isdir(file) else "") or file for file in files)
    return Manifests(_by_namespace(workloads), named, documents, tuple(faults))


def _by_namespace(workloads: list[Workload]) -> tuple[Installation, ...]:
    """The installations. What a controller made is left to its template, if that is there as well."""
    namespaces: dict[str, list[Workload]] = {}
    for workload in workloads:
        namespaces.setdefault(workload.namespace, []).append(workload)
    return tuple(Installation(name, _judged(members)) for name, members in sorted(namespaces.items()))


def _judged(members: list[Workload]) -> tuple[Workload, ...]:
    """The workloads that say something of their own: not what a controller made of a template that is still as it was."""
    images = {(workload.kind, workload.name): _images(workload) for workload in members}
    return tuple(
        workload if workload.kind == "Pod" else workload._replace(owner=None)
        for workload in members
        if workload.kind == "Pod" or workload.owner not in images or not _images(workload) <= images[workload.owner]
    )


def _images(workload: Workload) -> set[tuple[str, str]]:
    return {(container.name, container.image) for container in workload.containers}


class _Sound(NamedTuple):
    """What some pieces hold, all of them without a fault."""

    workloads: list[Workload]
    documents: int


class _FileReader:
    """One file's documents. A fault of YAML ends the file, for nothing behind it can be trusted; other faults do not."""

    def __init__(self, file: str, faults: list[Fault], values: Sequence[str]) -> None:
        self.file = file
        self.name = shown_name(file)
        self.faults = faults
        self.values = values
        self.document = 0
        self.template = ""
        # The file that a rendered document comes from, "" while nothing is rendered.
        self.source = ""
        self._left = _MAX_FAULTS + 1

    def read(self) -> Iterator[Workload]:
        try:
            if self.file == STANDARD_INPUT and sys.stdin is None:
                self._fault(0, "is closed")
            elif self.file == STANDARD_INPUT:
                yield from self._read_stream(sys.stdin.buffer)
            elif os.path.isdir(self.file):
                rendered = render_folder(self.file, self.values)
                self.name, self.source = f"{self.name} (rendered)", root_file(self.file)
                yield from self._read_stream(rendered)
            else:
                with open(self.file, "rb") as stream:
                    yield from self._read_stream(stream)
        except OSError as error:
            self._fault(0, error.strerror or str(error))
        except RenderError as error:
            self._fault(0, str(error))

    def _read_stream(self, stream: BinaryIO) -> Iterator[Workload]:
        piece = Piece(b"", 0)
        try:
            for pieces, sound in divided(batches(split(stream)), self._try, _is_small):
                if sound is not None:
                    self.document += sound.documents
                    yield from sound.workloads
                    continue
                for piece in pieces:
                    yield from self._read_piece(piece)
        except yaml.YAMLError as error:
            self.document += 1
            self.template = piece.template
            found = TextLines(piece.text).fault_of(error)
            line = found.line + piece.lines_before if found.line else 0
            self._fault(line, f"is not valid YAML: {found.problem}", found.column)
        except RecursionError:  # where the library was built without libyaml, which has a limit of its own
            self.document += 1
            self._fault(piece.lines_before + 1, "is nested too deeply")
        except StreamError as error:
            self.template = ""  # it is not the document before that is at fault
            self._fault(0, str(error))

    def _try(self, pieces: list[Piece]) -> _Sound | None:
        """What pieces hold that have no fault; None for any other, which are read in their turn, when faults can be told."""
        if not _is_small(pieces):
            return None
        reader = _FileReader(self.file, [], ())
        reader.source = self.source
        try:
            workloads = [workload for piece in pieces for workload in reader._read_piece(piece)]
        except (yaml.YAMLError, RecursionError, StreamError):
            return None
        return None if reader.faults else _Sound(workloads, reader.document)

    def _read_piece(self, piece: Piece) -> Iterator[Workload]:
        if piece.text.rstrip() == _EMPTY:
            self.document += 1
            return
        piece = piece._replace(text=with_characters(piece.text))
        loader = ViewLoader(piece.text)
        try:
            if not is_read(piece.text):
                _parse(loader)
                self.document += 1
                return
            self.template = piece.template
            self.source = source_file(self.file, self.template) if self.source else ""
            listed = self._read_items(piece)
            if listed is not None:
                yield from listed
                return
            refuse_many_values(piece)
            lines, hazards = TextLines(piece.text), Hazards(piece.text)
            while loader.check_node():
                node = cast("yaml.Node", loader.get_node())
                self.document += 1
                lines.correct(node)
                yield from self._read_document(node, hazards, piece.lines_before)
        finally:
            loader.dispose()

    def _read_items(self, piece: Piece) -> list[Workload] | None:
        """The workloads of a List, read item by item.

        None for what is no List, and for one with a fault of YAML: that has to be read as a whole to tell it.
        """
        listed = cut(piece.text)
        if listed is None:
            return None
        known, before, found = len(self.faults), self.document, list[Workload]()
        try:
            envelope = self._view(listed.envelope, piece.lines_before)
            kind = envelope.get("kind")
            if not isinstance(kind, str) or not kind.endswith("List") or envelope.get("items"):
                return None
            self.document += 1
            api_version = str(envelope.get("apiVersion") or "")
            for text, lines in listed.items():
                item = self._view(text, piece.lines_before + lines)
                found.extend(self._read_object(item, kind.removesuffix("List"), api_version, 1))
        except (yaml.YAMLError, NodeError):
            del self.faults[known:]
            self.document = before
            return None
        return found

    def _view(self, text: bytes, lines_before: int) -> MappingView:
        """The mapping that a text is, or the only item of the sequence that it is. Raises `NodeError` for anything else."""
        loader = ViewLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        TextLines(text).correct(node)
        Hazards(text).refuse(node, lines_before)
        plain = to_plain(node, lines_before)
        if isinstance(plain, SequenceView) and len(plain) == 1:
            plain = plain[0]
        if not isinstance(plain, MappingView):
            raise NodeError(node, lines_before, "is not a Kubernetes object: it must be a mapping with apiVersion and kind")
        return plain

    def _read_document(self, node: yaml.Node, hazards: Hazards, lines_before: int) -> Iterator[Workload]:
        try:
            hazards.refuse(node, lines_before)
            plain = to_plain(node, lines_before)
            if plain is None:
                return
            if not isinstance(plain, MappingView):
                line = node.start_mark.line + 1 + lines_before
                self._fault(line, "is not a Kubernetes object: it must be a mapping with apiVersion and kind")
                return
            yield from self._read_object(plain, "", "", 0)
        except NodeError as error:
            self._fault(error.line, error.problem, error.column)

    def _read_object(self, entity: MappingView, implied_kind: str, api_version: str, lists: int) -> Iterator[Workload]:
        if lists == 0 and is_compose(entity):
            yield from self._read_services(entity)
            return
        kind = entity.get("kind") or implied_kind
        if not isinstance(kind, str) or not kind:
            self._fault(
                entity.line,
                "is not a Kubernetes object: it has no kind (give rendered manifests, not values or a kustomization)",
            )
            return
        if str(entity.get("apiVersion")).startswith(_KUSTOMIZE):
            self._fault(
                entity.line, "is a kustomization, which changes what is deployed: give its folder, which is rendered then"
            )
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

    def _read_services(self, entity: MappingView) -> Iterator[Workload]:
        try:
            yield from project_services(entity, self._locate)
        except ShapeError as error:
            self._fault(error.line or entity.line, str(error))

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
        if not isinstance(container, MappingView):
            return None
        line, column = container.place_of(field)
        if self.source:
            return Location(self.source, 0, 0, self.template, line)
        return Location(self.file, line, column, self.template)

    def _fault(self, line: int, problem: str, column: int = 0) -> None:
        self._left -= 1
        if not self._left:
            raise StreamError(f"has more than {_MAX_FAULTS} faults; what stands behind them is not read")
        origin = f" (template {self.template})" if self.template else ""
        self.faults.append(Fault(self.name, self.document, line, f"{problem}{origin}", column))


def _is_small(pieces: list[Piece]) -> bool:
    """Whether reading them twice costs little, in memory as well."""
    return len(pieces) != 1 or len(pieces[0].text) <= MAX_BATCH


def _parse(loader: Any) -> None:  # noqa: ANN401 - the library's loader in C or in Python
    """Go through a text without keeping anything of it. Raises `yaml.YAMLError`."""
    if hasattr(loader, "raw_parse"):
        loader.raw_parse()
    else:
        while loader.check_event():
            loader.get_event()
