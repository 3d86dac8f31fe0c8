"""Bundles for tests of the command line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perfana_support.cli.bundle_making import compose
from perfana_support.model.evidence import Evidence
from perfana_support.model.installation import Platform
from perfana_support.sources.bundle.archive import digest_of, pack, unpack
from perfana_support.sources.bundle.bundle import INDEX
from perfana_support.sources.bundle.evidence import written
from perfana_support.sources.bundle.extras import Extras
from tests.unit.builders import installation
from tests.unit.sources.bundle.test_evidence import evidence_of

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = installation("perfana/perfana-web:0.2.96.22", "timescale/timescaledb-ha:pg18.6-ts2.30.2", "mongo:7.0.14")


def evidence(*images: str, server: str = "v1.36.3") -> Evidence:
    """Build evidence of an installation of some images."""
    found = installation(*images) if images else GOOD
    return evidence_of(found._replace(platform=Platform(server)))


def write_bundle(folder: Path, made_from: Evidence, name: str = "bundle.tar.gz", missing: tuple[str, ...] = ()) -> str:
    """Write a bundle of some evidence; returns its file."""
    file = folder / name
    file.write_bytes(compose(made_from, Extras(missing=missing), MOMENT).content)
    return str(file)


def changed(file: str, change: Callable[[dict[str, Any]], None], name: str) -> str:
    """Change a document in a bundle, and list it as it is then: what a stranger may hand over."""
    files = unpack(file)
    document = json.loads(files[name])
    change(document)
    files[name] = written(document)
    index = json.loads(files[INDEX])
    for entry in index["files"] if isinstance(index["files"], list) else ():
        if isinstance(entry, dict) and entry["name"] in files:
            entry["sha256"] = digest_of(files[entry["name"]])
    if name != INDEX:
        files[INDEX] = written(index)
    Path(file).write_bytes(pack(files, MOMENT))
    return file
