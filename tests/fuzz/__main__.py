"""Fuzz the readers of manifests and of policies, and the grammar of tags.

python -m tests.fuzz --seconds 600           all, a third of the time each; adds what reaches something new to tests/data/fuzz
python -m tests.fuzz --only tags --seed 7    one of them, by other chances

The exit code is 1 when something does not hold; the inputs are then under tests/data/fuzz/failures. A unit test runs
all that is kept, so a failure becomes a test when it is moved into the folder of its target.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.engine import fuzz, load, save
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "data" / "fuzz"
SEPARATOR = b"---\n"
WORDS = {
    "reader": rb"""
--- |... |\n--- |\n---\n |\n...\n |%YAML 1.1\n |%TAG ! x\n |\r |\t |\x85
\xc2\x85 |\xe2\x80\xa8 |\xef\xbb\xbf |\xff\xfe |\x1f\x8b\x08 |\x00
apiVersion: v1\n |apiVersion: apps/v1\n |apiVersion: a.io/v1\n |apiVersion: v1\nkind: Service\n |kind: Service\n |kind: Pod\n
kind: Deployment\n |kind: List\nitems:\n |kind: Template\nobjects:\n |kind: ConfigMap\n |spec:\n |template:\n |containers:
initContainers: |image: perfana/perfana-web:4.0.0\n |image: |container: |steps: |script: |metadata: |name: |&a |*a |<<: *a
- |: |? |[ |] |{ |} |, |" |' ||\n |>\n |# Source: a/b.yaml\n |! |!!str |null |~ |\\x63 |\\\n |@ |%""",
    "tags": rb"""
perfana/perfana-web: |perfana- |v |4.0.0 |0.2.96.22 |- |. |_ |SNAPSHOT |snapshot |rc1 |alpine |latest
@sha256: |docker.io/ |:443/ |beta |+ |/ |:
\xd9\xa1 |0 |00 |jdk |build""",
    "documents": rb"""
apiVersion: support.perfana.io/v1alpha1\n |kind: SupportPolicy\n |metadata: {name: a}\n |spec:\n |  publishedOn: |  lines:\n
releases: |version: |name: |2026-11-24 |!!int |!!timestamp |!!bool |!!binary |!!set |!x |!!str |0b_ |0x |0o8 |1_0 |.inf |1e999
&a |*a |<<: *a |- |? |[ |] |{ |} |, |" |' ||\n |>\n |\\ud800 |\\0 |\x00 |\x85 |\xc2\x85 |\xe2\x80\xa8 |\xff\xfe |\xef\xbb\xbf
\r |\r\n |\t |--- |\n---\n |...\n |%YAML 1.1\n |yes |null |~ |99999999999999999999999999999999999999""",
}


def main() -> int:
    """Fuzz what the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=TARGETS, help="fuzz this alone")
    parser.add_argument("--seconds", type=float, default=600, help="how long (default: 600)")
    parser.add_argument("--seed", type=int, default=0, help="of chance (default: 0)")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(TARGETS)
    failed = False
    for name in names:
        outcome = fuzz(TARGETS[name], _seeds(name), _words(name), arguments.seconds / len(names), arguments.seed)
        save(CORPUS / name, outcome.kept)
        save(CORPUS / "failures", [failure.data for failure in outcome.failures.values()])
        failed = failed or bool(outcome.failures)
        print(f"{name}: {outcome.runs} inputs, {len(outcome.kept)} kept, {len(outcome.failures)} failures")
    return int(failed)


def _seeds(name: str) -> list[bytes]:
    kept = list(load(CORPUS / name))
    if name == "tags":
        return [*kept, b"perfana/perfana-web:4.0.0", b"perfana-2.4.4", b"0.2.96.22-alpine", b"4.0.0-SNAPSHOT"]
    if name == "documents":
        return [
            *kept,
            b"apiVersion: support.perfana.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: a}\nspec: {lines: []}\n",
        ]
    charts = [file.read_bytes().split(SEPARATOR) for file in sorted((ROOT / "tests" / "data" / "charts").glob("*.yaml"))]
    return [*kept, *(SEPARATOR + text for chart in charts for text in chart)]


def _words(name: str) -> list[bytes]:
    words = [word.strip(b"\n") for line in WORDS[name].strip().splitlines() for word in line.split(b" |")]
    return [word.decode("unicode_escape").encode("latin-1") for word in words if word]


if __name__ == "__main__":
    sys.exit(main())
