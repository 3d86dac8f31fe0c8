"""krew's side of the plugin: an archive for each platform, and the manifest that names them.

krew links the one program of an archive; what it needs beside it (the licences) is unpacked and stays in krew's store.
"""

from __future__ import annotations

import hashlib
import tomllib
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

from tests.release.archive import tarred
from tests.release.single_file import THIRD_PARTY
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.release.platforms import Platform

PLUGIN = "perfana-support"
"""What krew calls it; kubectl finds it as `kubectl-perfana_support`."""

RELEASE_URL_VARIABLE = "RELEASE_URL"
"""Where the files of a release can be got: the address of the folder that they lie in."""

NO_RELEASE_URL = "https://release-url-is-not-set.invalid"
"""In place of an address where none is given: no host can have this name (RFC 2606), and the manifest says what is missing."""

_DESCRIPTION = """\
Judges Perfana installations by the vendor's support policy: what runs in a cluster (-n NAMESPACE, -A), what stands in
manifests and charts (-f), now and after an upgrade. A verdict is True, False or Unknown.
"""
_CAVEATS = """\
It needs Python 3.11 or newer on the PATH, as python3. What it is made of is unpacked into ~/.cache/perfana-support
(or $XDG_CACHE_HOME), which can be removed at any time.
Completion: kubectl perfana-support completion kubectl > kubectl_complete-perfana_support, made executable, on the PATH.
"""
_EXECUTABLE, _PLAIN = 0o755, 0o644


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they read."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def write_archive(file: Path, program: Path, date: int) -> Path:
    """Write the archive that krew unpacks, and return it."""
    with zipfile.ZipFile(program) as single_file:
        licences = {name: (single_file.read(name), _PLAIN) for name in ("LICENSE", THIRD_PARTY)}
    file.write_bytes(tarred({PLUGIN: (program.read_bytes(), _EXECUTABLE), **licences}, date))
    return file


def manifest(version: str, archives: Mapping[Platform, Path], release_url: str) -> dict[str, Any]:
    """Return krew's manifest of a release (`krew.googlecontainertools.github.com/v1alpha2`)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    homepage = project.get("urls", {}).get("Homepage")
    spec = {
        "version": f"v{version}",
        "shortDescription": "Is this Perfana installation supportable?",
        "description": _DESCRIPTION,
        "caveats": _CAVEATS,
        **({"homepage": homepage} if homepage else {}),
        "platforms": [
            {
                "selector": {"matchLabels": {"os": platform.os, "arch": platform.arch}},
                "uri": f"{release_url.rstrip('/')}/{archive.name}",
                "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
                "bin": PLUGIN,
            }
            for platform, archive in archives.items()
        ],
    }
    api_version = "krew.googlecontainertools.github.com/v1alpha2"
    return {"apiVersion": api_version, "kind": "Plugin", "metadata": {"name": PLUGIN}, "spec": spec}


def write_manifest(folder: Path, version: str, archives: Mapping[Platform, Path], release_url: str) -> Path:
    """Write the manifest, under the name that krew wants, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{PLUGIN}.yaml"
    document = manifest(version, archives, release_url)
    file.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120), encoding="utf-8")
    return file
