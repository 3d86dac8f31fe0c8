"""Reports as SARIF 2.1.0, for code scanning: one run, a rule for every code, a result for every finding.

Standard input is no file. Its results have the place in what was read, below a base that is said to lead nowhere, since code
scanning refuses a whole upload for one result without a place. A finding that stands in no file gets the first line of a file
of its installation for the same reason.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from perfana_support import __version__
from perfana_support.model.code import Clause, Code, Effect, Reason
from perfana_support.model.installation import Subject
from perfana_support.reports.document import condition_document, subject_document
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.report import Report, Run
from perfana_support.reports.result import STANDARD_INPUT, Result, from_root, is_file, results, subject_text, title
from perfana_support.reports.table import printable

Json = dict[str, Any]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Effect.UNSUPPORTED: "error", Effect.UNDETERMINED: "warning", Effect.AT_RISK: "warning", Effect.INFO: "note"}
_CONSEQUENCES = {
    Effect.UNSUPPORTED: "makes {} False",
    Effect.UNDETERMINED: "makes {} Unknown",
    Effect.AT_RISK: "leaves {} True and wants attention",
    Effect.INFO: "only tells, and leaves {} as it is",
}
_ROOT, _PIPE = "%SRCROOT%", "STANDARD_INPUT"
_BASES = {
    _ROOT: "The root of the repository; outside of one, the folder in which the program ran.",
    _PIPE: "Documents that were read from standard input: no file is there.",
}
# Code scanning remembers an alert by the first name; without it, the action that uploads makes one up from the lines around.
_FINGERPRINTS = ("primaryLocationLineHash", "perfanaSupport/v1")


def render(reports: Sequence[Report]) -> str:
    """All reports as one SARIF log. ASCII alone, so that no encoding can harm it."""
    found = results(reports)
    reasons = sorted({result.rule for result in found if result.rule in set(Reason)})
    rules = [*map(_rule, Code), *map(_rule_of_reason, reasons)]
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "perfana-support",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "originalUriBaseIds": {name: {"description": {"text": text}} for name, text in _BASES.items()},
        "invocations": [_invocation(reports[0])],
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, places[result.rule]) for result in found],
        "properties": {"installations": list(map(_installation, reports))},
    }
    return harmless_json(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _invocation(report: Report) -> Json:
    """Whether all was read that was to be judged. A log whose results are a part of it must not look like the whole."""
    faults = [_notification(fault, report.run) for fault in report.source.get("faults", ())]
    return {"executionSuccessful": not faults, **({"toolExecutionNotifications": faults} if faults else {})}


def _notification(fault: Mapping[str, Any], run: Run) -> Json:
    document: Json = {"level": "error", "message": {"text": _plain(fault["message"])}}
    if "line" in fault:
        region = {"startLine": fault["line"], **({"startColumn": fault["column"]} if "column" in fault else {})}
        place = {"artifactLocation": _artifact(from_root(fault["file"], run)), "region": region}
        document["locations"] = [{"physicalLocation": place}]
    return document


def _rule(code: Code) -> Json:
    conditions = ", ".join(code.conditions)
    consequence = f"{code.effect}: {_CONSEQUENCES[code.effect].format(conditions)}."
    return _descriptor(code, code.effect, consequence, code.clause, [str(each) for each in code.conditions])


def _rule_of_reason(reason: str) -> Json:
    consequence = "The verdict is not True, and no single finding is behind it."
    return _descriptor(reason, Effect.UNDETERMINED, consequence, None, [])


def _descriptor(code: str, effect: Effect, consequence: str, clause: Clause | None, conditions: list[str]) -> Json:
    policy = f"\nPolicy: {clause}" if clause else ""
    ask = f"perfana-support explain {code}"
    return {
        "id": str(code),
        "name": str(code),
        "shortDescription": {"text": f"{title(code)}."},
        "fullDescription": {"text": str(clause or consequence)},
        "help": {
            "text": f"{consequence}{policy}\nWhat it means and what to do: {ask}",
            "markdown": "\n\n".join([consequence, *([f"Policy: {clause}"] if clause else []), f"What it means: `{ask}`"]),
        },
        "defaultConfiguration": {"level": _LEVELS[effect]},
        "properties": {"tags": ["support-policy", *conditions], "effect": str(effect)},
    }


def _result(result: Result, place: int) -> Json:
    rendered = result.location.rendered_line if result.location else 0
    origin = f"Seen in line {rendered} of the rendered manifests, not of this file." if rendered else ""
    told = "\n".join(_plain(text) for text in (result.message, result.remediation, origin) if text)
    document: Json = {
        "ruleId": result.rule,
        "ruleIndex": place,
        "level": _LEVELS[result.effect],
        "message": {"text": told or result.rule},
        "locations": [_location(result)],
        "partialFingerprints": {
            _FINGERPRINTS[0]: f"{result.fingerprint}:{result.occurrence}",
            _FINGERPRINTS[1]: result.fingerprint,
        },
        # On every result, also when empty: elsewhere it would mean that nobody looked.
        "suppressions": _suppressions(result),
        "properties": {
            "effect": str(result.effect),
            "installation": result.namespace,
            "subject": subject_document(result.subject),
        },
    }
    if result.location and result.location.template:
        document["properties"]["template"] = result.location.template
    if rendered:
        document["properties"]["renderedLine"] = rendered
    return document


def _plain(text: str) -> str:
    """A text without links: viewers make them of brackets also in messages that are no Markdown."""
    return printable(text).replace("](", "]\\(")


def _suppressions(result: Result) -> list[Json]:
    if not result.set_aside:
        return []
    return [{"kind": "external", "status": "accepted", "justification": result.set_aside}]


def _location(result: Result) -> Json:
    """Where the result stands: in a file, or at least at its subject."""
    document: Json = {"logicalLocations": [_logical(result.namespace, result.subject)]}
    if result.location and result.location.template:
        template = {"name": result.location.template, "kind": "template"}
        document["logicalLocations"].append(template | {"fullyQualifiedName": f"template {result.location.template}"})
    if result.location:
        region = {"startLine": max(result.location.line, 1)}
        if result.location.column:
            region["startColumn"] = result.location.column
        document["physicalLocation"] = {"artifactLocation": _artifact(result.location.file), "region": region}
    elif result.home:
        document["physicalLocation"] = {"artifactLocation": _artifact(result.home), "region": {"startLine": 1}}
    return document


def _logical(namespace: str, subject: Subject) -> Json:
    parts = (subject.namespace or namespace, subject.kind, subject.name, subject.container)
    name = subject.container or subject_text(subject)
    kind = "container" if subject.container else "object"
    return {"name": name, "kind": kind, "fullyQualifiedName": "/".join(filter(None, parts))}


def _artifact(file: str) -> Json:
    """A file as a relative URI below its base, or an absolute one when it was named absolutely."""
    if file == STANDARD_INPUT:
        return {"uri": "standard-input", "uriBaseId": _PIPE}
    uri = quote(file, safe="/", errors="surrogateescape")
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _installation(report: Report) -> Json:
    """The verdict itself: a log without results alone would not say what was judged and by which policy."""
    verdict, policy = report.verdict, report.policy
    files = [file for file in report.source.get("files", ()) if is_file(file)]
    return {
        "namespace": verdict.namespace,
        "asOf": verdict.as_of.isoformat(),
        "policy": {"name": policy.name, "publishedOn": policy.published_on.isoformat()},
        "release": verdict.release,
        "source": str(report.source.get("kind", "")),
        "files": len(files),
        "conditions": [condition_document(condition) for condition in verdict.conditions],
    }
