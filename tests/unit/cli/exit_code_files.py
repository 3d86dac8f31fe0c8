"""The files that the tables of exit codes speak of, and their arguments."""

from pathlib import Path

from tests.unit.cli.program import CHARTS
from tests.unit.sources.manifests import text, write

AT = ("--as-of", "2026-11-24")
SUPPORTED, OLD = str(CHARTS / "perfana-4.0.3.yaml"), str(CHARTS / "perfana-3.1.2.yaml")
POLICY = "apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\n"
FILES = {
    "unknown.yaml": text(image="perfana/perfana-web:latest"),
    "other.yaml": text(image="nginx:1.29"),
    "none.yaml": "kind: ConfigMap\n",
    "broken.yaml": "a: [",
    "values.yaml": "replicaCount: 1\n",
    "empty.yaml": "",
    "alias.yaml": "&x [*x]\n",
    "good-policy.yaml": POLICY + "spec: {lines: [{name: '3.1', endOfLifeOn: 2030-01-01}]}\n",
    "bad-policy.yaml": POLICY + "spec: {publishedOn: soon}\n",
    "no-policy.yaml": "a: [",
    "config.yaml": "fail-on: at-risk\n",
    "bad-config.yaml": "fail-at: soon\n",
}


def write_files(folder: Path) -> Path:
    """Write all of them; returns the folder."""
    for name, content in FILES.items():
        write(folder, content, name)
    return folder


def filled(arguments: list[str], folder: Path) -> list[str]:
    """Arguments with the folder of the files in the place of `{}`."""
    return [argument.replace("{}", str(folder)) for argument in arguments]
