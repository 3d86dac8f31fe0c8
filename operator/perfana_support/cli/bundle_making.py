"""A bundle put together: evidence without secrets, the verdict on just that in all formats, what stands beside it, an index."""

import argparse
import json
import platform
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from perfana_support import __version__
from perfana_support.cli.evidence import Judged, judge
from perfana_support.cli.gathering import gather, watched
from perfana_support.evaluate.inventory import recognise
from perfana_support.model.document import Json
from perfana_support.model.evidence import Evidence
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.reports.attestation import statement_text
from perfana_support.reports.bundle_index import REPORT_FILES, Contents, index_document, index_text
from perfana_support.reports.formats import pieces
from perfana_support.reports.report import Report
from perfana_support.sources.bundle.archive import digest_of, pack
from perfana_support.sources.bundle.bundle import INDEX
from perfana_support.sources.bundle.evidence import evidence_files, read_evidence, written
from perfana_support.sources.bundle.extras import Extras, pick_status, with_names, with_texts
from perfana_support.sources.bundle.masking import Masker, mask
from perfana_support.sources.bundle.pseudonyms import LEVELS, Pseudonyms, anonymise, shape
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.policy import builtin_document, policy_of

# Of one container's log, and of all together, which share it: looking through them for secrets takes a second a megabyte.
_LOG_BYTES = 256 * 1024
_ALL_LOGS_BYTES = 2 * 1024 * 1024
# What an archive takes for a name, with room for the folder.
_MAX_NAME = 60


_PSEUDONYM = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)


class Made(NamedTuple):
    """A bundle: its bytes, its index (`listed`), the report in it.

    `pseudonyms` is the table as a file, None where nothing was renamed.
    """

    content: bytes
    listed: Json
    report: Json
    pseudonyms: bytes | None

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return digest_of(self.content)

    def statement(self, name: str) -> bytes:
        """The in-toto statement about the bundle under a file's name."""
        return statement_text(name, self.digest, self.report).encode()


def make(arguments: argparse.Namespace, taken_at: datetime) -> Made:
    """Gather, and put together. Raises `SourceError`."""
    gathered = gather(arguments, arguments.as_of or taken_at.date())
    evidence = gathered.evidence
    extras = _read_extras(arguments, evidence.installation, policy_of(evidence.policy))
    extras = extras._replace(status=pick_status(gathered.check) if gathered.check else {})
    names = None
    if arguments.anonymise or arguments.pseudonyms:
        names = read_table(arguments.pseudonyms) if arguments.pseudonyms else {}
    return compose(evidence, extras, taken_at, names)


def compose(
    evidence: Evidence, extras: Extras, taken_at: datetime, known: Mapping[str, Mapping[str, str]] | None = None
) -> Made:
    """A bundle of what was found, without what may be secret.

    Under pseudonyms where there is a table of known ones, be it {}.
    """
    before = judge(evidence, "the cluster")
    masker = Masker()
    evidence = mask(evidence, before.policy, builtin_document(), masker)
    _refuse_another_verdict(before, judge(evidence, "the cluster"), "masking")
    extras = _with_marks(extras, masker)
    masked, table, kept = masker.masked, None, ""
    if known is not None:
        names = Pseudonyms(_public(before.policy), known)
        evidence, kept = _renamed(evidence, before, names)
        extras = with_names(extras, names.name)
        extras = extras._replace(missing=tuple(map(names.text, extras.missing)))
        masked = tuple(each._replace(where=()) for each in masked)
        table = written(names.table)
    judged = judge(evidence, "the evidence")
    files = _files(evidence, judged, extras)
    installation = evidence.installation
    gaps = (*installation.gaps, *(installation.platform.gaps if installation.platform else ()))
    contents = Contents(
        __version__, taken_at, judged.verdict, masked, (*gaps, *extras.missing), is_anonymised=known is not None, kept=kept
    )
    files["README.txt"] = index_text(index_document(contents, _listed(files))).encode()
    index = index_document(contents, _listed(files))
    files[INDEX] = written(index)
    return Made(pack(files, taken_at), index, json.loads(files[REPORT_FILES["json"]]), table)


def _listed(files: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    return {name: (len(content), digest_of(content)) for name, content in files.items()}


def _refuse_another_verdict(before: Judged, after: Judged, what: str) -> None:
    """Nothing that is done to evidence may change what is said of it; that it does not is a promise, and no hope."""
    if shape(before.verdict) != shape(after.verdict):
        problem = f"{what} would change the verdict, which it never should: please report this, and take the bundle without"
        raise SourceError([Fault("bundle", 0, 0, problem)])


def _public(policy: Policy) -> set[str]:
    """Names that are of the policy's vocabulary, and nobody's own."""
    rules = policy.fields
    return {*policy.component_names, *rules.support.plans, *rules.dependencies.names, *rules.configuration.own_words}


def _renamed(evidence: Evidence, before: Judged, names: Pseudonyms) -> tuple[Evidence, str]:
    """The evidence under pseudonyms, and what of private images' names had to stay because the verdict hangs on it."""
    after = before
    for level in range(len(LEVELS)):
        renamed = anonymise(evidence, builtin_document(), names, level)
        after = judge(renamed, "the renamed evidence")
        if shape(after.verdict) == shape(before.verdict):
            break
    _refuse_another_verdict(before, after, "renaming")
    return renamed, LEVELS[level]


def read_table(file: str) -> Mapping[str, Mapping[str, str]]:
    """The table of earlier pseudonyms, {} where there is none yet. Raises `SourceError` for one that would hide nothing."""
    try:
        with open(file, encoding="utf-8") as stream:
            found = json.load(stream)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError([Fault(file, 0, 0, f"is no table of pseudonyms: {error}")]) from error
    if not _is_table(found):
        problem = "is no table of pseudonyms, as an earlier run wrote it: by kind, each name with a pseudonym of its own"
        raise SourceError([Fault(file, 0, 0, problem)])
    return found  # type: ignore[no-any-return]


def _is_table(found: object) -> bool:
    """Whether each name of a kind has a pseudonym of its own, which can stand where a name does and is no name itself."""
    if not isinstance(found, dict):
        return False
    for names in found.values():
        if not isinstance(names, dict) or not all(
            isinstance(each, str) and _PSEUDONYM.fullmatch(each) for each in names.values()
        ):
            return False
        if len(set(names.values())) < len(names) or not names.keys().isdisjoint(names.values()):
            return False
    return True


def _read_extras(arguments: argparse.Namespace, installation: Installation, policy: Policy) -> Extras:
    from perfana_support.sources.cluster.extras import LogLimits, read_extras  # noqa: PLC0415 - where clusters can be read

    where = (arguments.kubeconfig, arguments.context, installation.namespace)
    nodes = [node.name for node in installation.platform.nodes] if installation.platform else []
    limits = LogLimits(arguments.logs, _LOG_BYTES, _ALL_LOGS_BYTES) if arguments.logs else None
    containers = [
        (workload.name, container.name)
        for workload in sorted(installation.workloads, key=lambda each: each.name)
        if workload.kind == "Pod"
        for container in workload.containers
        if recognise(container.image, policy)
    ]
    found: Extras = watched(
        "reading events, states and logs", lambda step: read_extras(*where, nodes, containers, limits, step)
    )
    return found


def _with_marks(extras: Extras, masker: Masker) -> Extras:
    def change(place: str, text: str) -> str:
        masker.place = place
        return masker.text(text)

    return with_texts(extras, change)


def _files(evidence: Evidence, judged: Judged, extras: Extras) -> dict[str, bytes]:
    """All files but the index. What is written is read again, and must give what was judged."""
    files = {name: written(document) for name, document in evidence_files(evidence).items()}
    again = judge(read_evidence({name: json.loads(content) for name, content in files.items()}), "the bundle")
    if again.verdict != judged.verdict:
        raise RuntimeError("the evidence that was written gives another verdict than that which was read")
    report = Report(judged.verdict, judged.policy, evidence.source)
    for form, name in REPORT_FILES.items():
        files[name] = "".join(pieces(form, [report])).encode(errors="backslashreplace")
    beside: dict[str, Any] = {
        "events": {"items": list(extras.events)},
        "pods": {"items": list(extras.pods)},
        "nodes": {"items": list(extras.nodes)},
        "versions": _versions(evidence.installation),
    }
    if extras.status:
        beside["status"] = extras.status
    files |= {f"extras/{name}.json": written(document) for name, document in beside.items()}
    for place, log in enumerate(extras.logs, start=1):
        name = f"{log.pod}_{log.container}"
        name = name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}_{place}"
        files[f"logs/{name}.log"] = log.text.encode(errors="backslashreplace")
    return files


def _versions(installation: Installation) -> Json:
    server = installation.platform.server_version if installation.platform else ""
    return {
        "perfana-support": __version__,
        "python": platform.python_version(),
        "system": f"{sys.platform} {platform.machine()}",
        "kubernetes": server,
    }
