"""Pairs of a file and what must come of it: `NAME.yaml` or `NAME.json` beside `NAME.expected.yaml`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from perfana_support.model.calendar import parse_day
from perfana_support.sources.yaml_document import load_document

DATA = Path(__file__).parents[1] / "data"
CORPUS = DATA / "corpus"
INSTALLATIONS, CLUSTERS = CORPUS / "installations", CORPUS / "clusters"
EXPECTED = ".expected.yaml"
# The day on which the facts were gathered and the built-in policy was published.
TODAY = date(2026, 11, 24)
OPTIONS = frozenset({"namespace", "kubernetes_version", "distribution", "target", "check", "policy"})
LABELS = ("conditions", "findings", "next")
FIELDS = OPTIONS | {"name", "as_of", *LABELS}

Json = Mapping[str, Any]


class Case(NamedTuple):
    """One entry of an expected file: what is judged, by which options and on which day, and what must come of it."""

    pair: str
    name: str
    source: Path
    as_of: date
    options: Json
    expect: Json

    @property
    def label(self) -> str:
        """The status that `Supported` must have."""
        return str(self.expect["conditions"]["Supported"]).partition(" ")[0]

    @property
    def reason(self) -> str:
        """The reason that `Supported` must have."""
        return str(self.expect["conditions"]["Supported"]).partition(" ")[2]


def load(file: Path) -> Any:  # noqa: ANN401 - plain data
    """Read a YAML or JSON file as plain data, days as texts."""
    with file.open("rb") as stream:
        return load_document(stream)


def pairs(folder: Path) -> list[str]:
    """List the names of a folder's pairs."""
    return sorted(file.name.removesuffix(EXPECTED) for file in folder.glob(f"*{EXPECTED}"))


def cases_of(folder: Path, pair: str) -> list[Case]:
    """Read all cases of one pair."""
    document = load(folder / f"{pair}{EXPECTED}")
    return [_case(pair, source_of(folder, pair, document), entry) for entry in document["cases"]]


def cases_in(folder: Path) -> list[Case]:
    """Read all cases of a folder."""
    return [case for pair in pairs(folder) for case in cases_of(folder, pair)]


def source_of(folder: Path, pair: str, document: Json) -> Path:
    """Find what a pair judges: the file of the same name, or one elsewhere below tests/data that the expected file names."""
    if document.get("manifests"):
        return DATA / str(document["manifests"])
    return folder / f"{pair}{'.json' if folder == CLUSTERS else '.yaml'}"


def _case(pair: str, source: Path, entry: Json) -> Case:
    return Case(
        pair=pair,
        name=entry["name"],
        source=source,
        as_of=parse_day(entry.get("as_of", "")) or TODAY,
        options={field: entry[field] for field in entry if field in OPTIONS},
        expect={field: entry[field] for field in LABELS},
    )
