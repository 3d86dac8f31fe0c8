"""Lists of what is in the files of a release (SBOM), as CycloneDX 1.6: made from the wheels that went in, not from wishes.

A list has neither a number of chance nor the time of day: the same file has the same list.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from perfana_support import __version__
from tests.release.libraries import needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.release.libraries import Library
    from tests.release.platforms import Platform

PROGRAM = "perfana-support"
NOTE = "perfana-support:note"
"""The property of a list that says what a reader might take for more than it is."""

_LICENCE = "Apache-2.0"
_NUMBERS = uuid.uuid5(uuid.NAMESPACE_DNS, "support.perfana.io")


def write_sbom(  # noqa: PLR0913 - what a list is about, and what is in it
    into: Path,
    file: Path | None,
    found: Sequence[Library],
    direct: Iterable[str],
    platform: Platform,
    date: int,
    *,
    name: str = "",
    note: str = "",
) -> Path:
    """Write the list of a file of the release, or of an image (`file` is None), and return where.

    `direct` names the libraries that the program itself imports; `name` says what the list is of where there is no file.
    """
    is_image = file is None
    root = Component(
        name=PROGRAM,
        version=__version__,
        type=ComponentType.CONTAINER if is_image else ComponentType.APPLICATION,
        bom_ref=PROGRAM,
        licenses=[_licence(_LICENCE)],
        purl=PackageURL("pypi", None, PROGRAM, __version__),
        external_references=[] if file is None else [_distribution(file)],
    )
    components = {library.name: _component(library) for library in found}
    graph = [Dependency(root.bom_ref, [Dependency(components[each].bom_ref) for each in direct if each in components])]
    for library in found:
        below = [each for each in components if each != library.name and needed(library, each, platform)]
        graph.append(Dependency(components[library.name].bom_ref, [Dependency(components[each].bom_ref) for each in below]))
    metadata = BomMetaData(
        component=root,
        timestamp=datetime.fromtimestamp(date, UTC),
        properties=[Property(name=NOTE, value=note)] if note else [],
    )
    into.mkdir(parents=True, exist_ok=True)
    written = into / f"{name or (file.name if file else '')}.cdx.json"
    written.write_text(_rendered(Bom(metadata=metadata, components=components.values(), dependencies=graph)), encoding="utf-8")
    return written


def _rendered(bom: Bom) -> str:
    """Return the text, under a number that follows from all the rest of it."""
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(_NUMBERS, JsonV1Dot6(bom).output_as_string())
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(library: Library) -> Component:
    purl = PackageURL("pypi", None, library.name, library.version)
    crates = [
        Component(
            name=crate.name,
            version=crate.version,
            bom_ref=f"{purl.to_string()}#{crate.purl}",
            licenses=[_licence(crate.licence)] if crate.licence else [],
            purl=PackageURL.from_string(crate.purl),
        )
        for crate in library.crates
    ]
    return Component(
        name=library.name,
        version=library.version,
        bom_ref=purl.to_string(),
        licenses=[_licence(library.licence)],
        purl=purl,
        external_references=[_distribution(wheel) for wheel in library.wheels],
        components=crates,
    )


def _distribution(file: Path) -> ExternalReference:
    """Name a file and its digest: a library comes in several, one for each kind of Python."""
    digest = HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(file.read_bytes()).hexdigest())
    return ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(file.name), hashes=[digest])


def _licence(name: str) -> License:
    return LicenseFactory().make_from_string(name, license_acknowledgement=LicenseAcknowledgement.DECLARED)
