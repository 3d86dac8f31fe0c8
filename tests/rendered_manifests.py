"""Write what is rendered of other files: install.yaml, the copies in the chart, the version. `make manifests`.

`manifests/` and `crds/` are the source. A test fails where a file is not what would be written.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from perfana_support import __version__
from tests.chart_values import with_values
from tests.cluster import binaries

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "perfana-support"
MANIFESTS = ROOT / "manifests"
INSTALL = MANIFESTS / "install.yaml"
OVERLAYS = MANIFESTS / "overlays"

_HEAD = """\
# The operator for the whole cluster, with its definitions: kubectl apply -f install.yaml
# Written by `make manifests`: it is what `kubectl kustomize manifests/overlays/cluster-wide` prints.
"""
_VERSIONS = {
    CHART / "Chart.yaml": r"^((?:appVersion|version): ).*$",
    MANIFESTS / "base" / "kustomization.yaml": r"^( *(?:newTag|app\.kubernetes\.io/version): ).*$",
}
"""Where the version stands beside the program, and how."""


def kustomize(folder: Path) -> str:
    """Return what a kustomization renders, by the kubectl of the test cluster."""
    command = [str(binaries.find().kubectl), "kustomize", str(folder)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def copies() -> dict[Path, Path]:
    """Return the files of the chart that are copies, each with what it is a copy of."""
    files = CHART / "files"
    crds = {files / "crds" / path.name: path for path in sorted((ROOT / "crds").glob("*.yaml"))}
    watching = ("prometheusrule.yaml", "servicemonitor.yaml", "dashboard.json")
    copied = ("admission.yaml", *(f"monitoring/{name}" for name in watching))
    return {**crds, **{files / name: MANIFESTS / name for name in copied}}


def simple_files() -> dict[Path, str]:
    """Return the content of all files that take no tool to be made."""
    versions = {
        path: re.sub(pattern, rf'\g<1>"{__version__}"', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for path, pattern in _VERSIONS.items()
    }
    copied = {path: source.read_text(encoding="utf-8") for path, source in copies().items()}
    readme = CHART / "README.md"
    values = (CHART / "values.yaml").read_text(encoding="utf-8")
    return {**versions, **copied, readme: with_values(readme.read_text(encoding="utf-8"), values)}


def install() -> str:
    """Return the content of install.yaml."""
    return _HEAD + kustomize(OVERLAYS / "cluster-wide")


def main() -> None:
    """Write all of them; the version first, which is rendered."""
    wanted = simple_files()
    for path in {path for path in (CHART / "files").rglob("*") if path.is_file()} - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    INSTALL.write_text(install(), encoding="utf-8")


if __name__ == "__main__":
    main()
