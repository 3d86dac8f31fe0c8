"""What a bundle says of itself: its files, what was masked and why, what is missing; for programs and for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from perfana_support.model.code import ConditionType
from perfana_support.model.document import Json, NewJson
from perfana_support.model.verdict import Verdict
from perfana_support.reports.document import API_VERSION
from perfana_support.reports.formats import FORMATS
from perfana_support.reports.table import columns, printable

# What files of a bundle hold, by how their names begin.
_HOLDS = (
    ("README.txt", "what this is, for people"),
    ("evidence/installation.json", "the namespace, the platform, what could not be read"),
    ("evidence/objects.json", "workloads, pods and nodes with the fields that rules read"),
    ("evidence/policy.json", "the whole policy by which it is judged"),
    ("evidence/check.json", "the SupportCheck: maintenance, waivers, target"),
    ("evidence/registries.json", "what registries said of the images"),
    ("extras/events.json", "latest events of the namespace"),
    ("extras/pods.json", "phases, conditions, restarts and exit codes of pods"),
    ("extras/nodes.json", "versions, conditions and sizes of the nodes"),
    ("extras/status.json", "what the operator says of the check"),
    ("extras/versions.json", "versions of program, Python and Kubernetes"),
    ("logs/", "last lines of a container's log"),
)
# The verdict in all formats, each in a file of its own.
REPORT_FILES = {
    "table": "report/table.txt", "wide": "report/wide.txt", "json": "report/report.json", "yaml": "report/report.yaml",
    "markdown": "report/report.md", "html": "report/report.html", "junit": "report/junit.xml", "sarif": "report/report.sarif",
    "github": "report/github.txt", "gitlab": "report/gitlab.json",
}  # fmt: skip
NEVER = (
    "Secrets and their data",
    "data of ConfigMaps",
    "values of variables, except harmless options of those that can inject code",
    "labels, annotations, probes, resources and all other fields that no rule reads",
    "settings of containers that run no component",
    "messages of probes, hooks and containers",
)
_SHOWN_PLACES = 5


class Contents(NamedTuple):
    """What is told of a bundle. `masked` are marks with the reason and the places; `missing` are sentences.

    `kept` is what had to stay of private images' names.
    """

    version: str
    taken_at: datetime
    verdict: Verdict
    masked: Sequence[tuple[str, str, Sequence[str]]]
    missing: Sequence[str]
    is_anonymised: bool = False
    kept: str = ""


def index_document(contents: Contents, files: Mapping[str, tuple[int, str]]) -> NewJson:
    """The index of files, each with its size in bytes and its SHA-256."""
    verdict = contents.verdict
    wanted = (ConditionType.SUPPORTED, ConditionType.TICKET_ELIGIBLE)
    said = {str(each.type): {"status": str(each.status), "reason": each.reason} for each in map(verdict.condition, wanted)}
    return {
        "apiVersion": API_VERSION,
        "kind": "SupportBundle",
        "program": {"name": "perfana-support", "version": contents.version},
        "takenAt": moment_text(contents.taken_at),
        "asOf": verdict.as_of.isoformat(),
        "namespace": verdict.namespace,
        "verdict": said,
        "anonymised": contents.is_anonymised,
        "keptOfImages": contents.kept,
        "files": [
            {"name": name, "holds": holds(name), "bytes": size, "sha256": digest}
            for name, (size, digest) in sorted(files.items())
        ],
        "masked": [{"mark": mark, "why": why, "where": list(where)} for mark, why, where in contents.masked],
        "neverTaken": list(NEVER),
        "missing": list(contents.missing),
    }


def index_text(index: Json) -> str:
    """An index for people."""
    return "\n".join(map(printable, _lines(index))) + "\n"


def _lines(index: Json) -> Iterator[str]:
    version = index["program"]["version"]
    yield f"Support bundle of namespace {index['namespace']}, taken at {index['takenAt']} by perfana-support {version}"
    for kind, said in index["verdict"].items():
        yield f"{kind}: {said['status']} ({said['reason']}), as of {index['asOf']}"
    yield ""
    yield from columns(
        [("FILE", "BYTES", "HOLDS"), *((each["name"], str(each["bytes"]), each["holds"]) for each in index["files"])]
    )
    yield ""
    if index["anonymised"]:
        yield "Namespaces, hosts and names are pseudonyms."
        if index["keptOfImages"]:
            yield f"Of private images {index['keptOfImages']} had to stay, for the verdict hangs on that."
    if index["masked"]:
        yield "Masked, each mark one value wherever it stands:"
        yield from columns(
            [("MARK", "WHY", "WHERE"), *((each["mark"], each["why"], _some(each["where"])) for each in index["masked"])]
        )
    else:
        yield "Nothing had to be masked."
    yield ""
    yield "Never taken: " + "; ".join(index["neverTaken"]) + "."
    if index["missing"]:
        yield ""
        yield "Missing, for it could not be read:"
        yield from (f"- {sentence}" for sentence in index["missing"])
    yield ""
    yield "To judge it again: perfana-support check --bundle FILE"


def holds(name: str) -> str:
    """What a file of a bundle holds."""
    form = next((form for form, file in REPORT_FILES.items() if name == file), None)
    return f"the verdict: {FORMATS[form]}" if form else next((what for begin, what in _HOLDS if name.startswith(begin)), "")


def moment_text(moment: datetime) -> str:
    """An instant in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _some(places: Iterable[str]) -> str:
    listed = list(places)
    more = f" and {len(listed) - _SHOWN_PLACES} more" if len(listed) > _SHOWN_PLACES else ""
    return "; ".join(listed[:_SHOWN_PLACES]) + more
