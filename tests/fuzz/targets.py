"""What is fuzzed, and what must hold of it for any bytes."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from typing import TYPE_CHECKING
from unittest import mock

from perfana_support.model.document import DocumentError
from perfana_support.model.image import parse_image
from perfana_support.model.policy import Build
from perfana_support.model.tag import read_tag
from perfana_support.sources import byte_stream, manifest
from perfana_support.sources.manifest import Manifests, read_manifests
from perfana_support.sources.policy import builtin_policy, policy_of
from perfana_support.sources.yaml_document import DocumentFaultError, load_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MOST_OF_AN_IMAGE = 512
RELEASED = {Build.RELEASED, Build.REPACKAGED}
# Libraries count them as ends of lines, editors do not; with them places may differ.
ODD_LINE_ENDS = (b"\r",)
# What nobody reads is not looked through for these.
UNREAD = re.compile(r"stands twice|field's name must be a text|merge key")
SNAPSHOT = re.compile(r"(?:^|[-._])snapshot(?:[-._]|$)", re.IGNORECASE)


def reader(data: bytes) -> None:
    """Read bytes as manifests; then without the cuts and the quick look that make it fast. Both must tell the same."""
    read = _read(data)
    with (
        mock.patch.object(manifest, "is_read", return_value=True),
        mock.patch.object(manifest, "split", _whole),
    ):
        whole = _read(data)
    for fault in read.faults:
        assert fault.problem, fault
        assert str(fault)
    if whole.faults and not read.faults:
        assert all(UNREAD.search(fault.problem) for fault in whole.faults), whole.faults
    elif read.faults and not whole.faults:
        assert data.startswith(b"\x1f\x8b"), read.faults
    if not read.faults:
        assert _shown(read, data) == _shown(whole, data)


def tags(data: bytes) -> None:
    """Read bytes as image references and tags: nothing that says it is no release may be one."""
    text = data.decode(errors="replace")
    reference = parse_image(text)
    if reference is not None:
        spelled = reference.repository
        spelled += f":{reference.tag}" if reference.tag else ""
        spelled += f"@{reference.digest}" if reference.digest else ""
        # Port 443 is left out, once, and `host:443/x` has no other sign of a registry.
        is_host = any(sign in reference.registry for sign in ".:") or reference.registry == "localhost"
        is_host = is_host and not reference.registry.endswith(":443")
        assert not is_host or len(spelled) > MOST_OF_AN_IMAGE or parse_image(spelled) == reference
    tag = text if reference is None or reference.tag is None else reference.tag
    reading = read_tag(tag, builtin_policy().tags)
    if reading.build is None:
        assert reading.odd
    if reading.build in RELEASED:
        assert reading.number is not None
        assert not SNAPSHOT.search(tag), reading
        assert read_tag(f"{tag}-SNAPSHOT", builtin_policy().tags).build is Build.SNAPSHOT
        assert read_tag(f"{tag}-rc1", builtin_policy().tags).build not in RELEASED


def documents(data: bytes) -> None:
    """Read bytes as a policy, a check or settings are read: data as JSON has it, or a fault with a place."""
    try:
        document = load_document(io.BytesIO(data))
    except DocumentFaultError as error:
        place = error.fault
        assert place.problem
        assert data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or min(place.line, place.column) > 0, place
        return
    json.dumps(document)
    problems = list[object]()
    try:
        policy_of(document)
    except DocumentError as error:
        problems += error.problems
    assert all(len(str(problem)) < 2 * MOST_OF_AN_IMAGE for problem in problems), problems


TARGETS: dict[str, Callable[[bytes], None]] = {"reader": reader, "tags": tags, "documents": documents}


def _read(data: bytes) -> Manifests:
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(data))):
        return read_manifests(["-"])


def _whole(stream: BinaryIO) -> list[byte_stream.Piece]:
    return [byte_stream.Piece(stream.read(), 0)]


def _shown(read: Manifests, data: bytes) -> object:
    """What was read, without templates, which a piece has and a whole stream has not."""
    has_places = not any(end in data for end in ODD_LINE_ENDS)
    return read.documents, [
        (
            workload._replace(containers=()),
            [
                (
                    container._replace(location=None, settings=type(container.settings)()),
                    container.location[:3] if container.location and has_places else None,
                    [
                        (setting.name, setting.value, setting.location[:3] if setting.location and has_places else None)
                        for part in container.settings
                        for setting in part
                    ],
                )
                for container in workload.containers
            ],
        )
        for installation in read.installations
        for workload in installation.workloads
    ]
