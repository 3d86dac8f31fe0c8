"""A check's verdict as a policy report, for dashboards that read those: OpenReports or PolicyReport.

Made of the check with its status alone, so the same status gives the same report: there is nothing to remember, and nothing to
write while nothing changes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.document import Json, NewJson
from perfana_support.reports.bounds import cut, size

SOURCE = "perfana-support"
MANAGED_BY = "app.kubernetes.io/managed-by"
# All of a report, as JSON; the most that a check's status has, for the same reason (docs/adr/0004-status.md).
MAX_REPORT_BYTES = 32 * 1024
# For the line that counts what is left out, and for what the API server adds.
_SLACK_BYTES = 1024
_MAX_MESSAGE = 2000
# What the API server takes for an object's name: a subdomain of RFC 1123.
_MAX_NAME = 253
_HASH_DIGITS = 16
# The reason of the result that counts those which are left out.
OMITTED = "FindingsOmitted"

RESULTS = ("pass", "fail", "warn", "error", "skip")

# Both projects define: error "could not be evaluated", warn "not met and not scored", skip "not selected based on user inputs".
_OF_EFFECT = {Effect.UNSUPPORTED: "fail", Effect.UNDETERMINED: "error", Effect.AT_RISK: "warn", Effect.INFO: "pass"}
_OF_STATUS = {Status.TRUE: "pass", Status.FALSE: "fail", Status.UNKNOWN: "error"}
_SEVERITY = {"fail": "high", "error": "medium", "warn": "low", "pass": "info"}
_NOT_SCORED = ("warn", "skip")
# Subjects that are objects of the cluster; others, such as a product that is declared, are of the report's scope.
_API_VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "Node": "v1",
    "SupportPolicy": "support.perfana.io/v1alpha1",
}


class ReportKind(NamedTuple):
    """A kind of report: what it is called, and whether its source stands at its top as well."""

    group: str
    version: str
    plural: str
    kind: str
    has_source: bool

    @property
    def api_version(self) -> str:
        """Group and version, as objects name them."""
        return f"{self.group}/{self.version}"

    def path(self, namespace: str, name: str) -> str:
        """The path of a report on the API server."""
        return f"/apis/{self.api_version}/namespaces/{namespace}/{self.plural}/{name}"


# The one to write where a cluster knows several, first.
KINDS = (
    ReportKind("openreports.io", "v1alpha1", "reports", "Report", has_source=True),
    ReportKind("wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport", has_source=False),
)


def report_name(check: str) -> str:
    """The name of a check's report: its own behind a prefix, cut and told apart by a hash where that is too long."""
    name = f"{SOURCE}-{check}"
    if len(name) <= _MAX_NAME:
        return name
    from hashlib import sha256  # noqa: PLC0415 - names of this length are rare

    kept = name[: _MAX_NAME - _HASH_DIGITS - 1].rstrip("-.")
    return f"{kept}-{sha256(check.encode()).hexdigest()[:_HASH_DIGITS]}"


def policy_report(body: Json, kind: ReportKind) -> NewJson:
    """The report of a check that has a status, as it is to be applied.

    The owner reference lets the cluster's garbage collection remove it with the check. It blocks no deletion, for which the
    operator would need a right on checks.
    """
    metadata, status = body["metadata"], body["status"]
    reference = {"apiVersion": body["apiVersion"], "kind": body["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    document: NewJson = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": report_name(metadata["name"]),
            "namespace": metadata["namespace"],
            "labels": {MANAGED_BY: SOURCE},
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": False}],
        },
        "scope": {**reference, "namespace": metadata["namespace"]},
        **({"source": SOURCE} if kind.has_source else {}),
        # As long as it can become.
        "summary": dict.fromkeys(RESULTS, MAX_REPORT_BYTES),
        "results": [],
    }
    results = document["results"] = _results(status, MAX_REPORT_BYTES - _SLACK_BYTES - size(document))
    counts = Counter(result["result"] for result in results)
    document["summary"] = {result: counts[result] for result in RESULTS}
    return document


def is_ours(report: Json) -> bool:
    """Whether a report is of this program, which leaves everybody else's alone."""
    return (report["metadata"].get("labels") or {}).get(MANAGED_BY) == SOURCE


def is_same_report(desired: Json, found: Json) -> bool:
    """Whether applying a report would change nothing; what others add to its metadata is not looked at."""
    wanted, has = desired["metadata"], found["metadata"]
    if not is_ours(found) or _owners(wanted) != _owners(has):
        return False
    parts = desired.keys() - {"metadata"}
    return all(desired[part] == found.get(part) for part in parts)


def _owners(metadata: Json) -> list[NewJson]:
    """Owner references in one spelling: the server drops what is false."""
    owners = metadata.get("ownerReferences") or ()
    return [{part: value for part, value in owner.items() if value is not False} for owner in owners]


def _results(status: Json, room: int) -> list[NewJson]:
    """The conditions, then as many findings, the worst first, as fit, then how many do not."""
    conditions = {each["type"]: each for each in status.get("conditions") or () if each["type"] in set(map(str, ConditionType))}
    findings = status.get("findings") or ()
    results = list(_of_conditions(conditions.values(), findings))
    room -= sum(map(_size_in_list, results))
    omitted = status.get("findingsOmitted") or 0
    for finding in findings:
        result = _of_finding(finding, conditions)
        length = _size_in_list(result)
        if length > room:
            omitted += 1
        else:
            room -= length
            results.append(result)
    if omitted:
        results.append(_rest(omitted, conditions))
    return results


def _of_conditions(conditions: Iterable[Json], findings: Iterable[Json]) -> Iterator[NewJson]:
    """A result for each condition, but for those that a finding tells: a dashboard would count the same trouble twice.

    `UpgradeSupported` is always told: its findings are of a release that does not run.
    """
    told = {finding["code"] for finding in findings if _counts(finding)}
    for condition in conditions:
        is_upgrade = condition["type"] == ConditionType.UPGRADE_SUPPORTED
        if condition["status"] == Status.TRUE or is_upgrade or condition["reason"] not in told:
            result = _OF_STATUS[Status(condition["status"])]
            yield _result(condition["type"], condition["reason"], result, _SEVERITY[result], condition["message"], condition)


def _of_finding(finding: Json, conditions: dict[str, Json]) -> NewJson:
    code = Code(finding["code"])
    policy = code.conditions[0]
    outcome = _OF_EFFECT[code.effect]
    result = outcome if _counts(finding) else "skip"
    subject = finding["subject"]
    message = "; ".join(filter(None, (finding["message"], finding["remediation"])))
    document = _result(policy, code, result, _SEVERITY[outcome], message, conditions.get(policy, {}))
    document["category"] = code.clause.partition(":")[0]
    if subject.get("kind") in _API_VERSIONS and subject.get("name"):
        place = {part: subject[part] for part in ("kind", "namespace", "name") if subject.get(part)}
        document["resources"] = [{"apiVersion": _API_VERSIONS[subject["kind"]], **place}]
    properties = {part: subject[part] for part in ("container", "image") if subject.get(part)}
    properties |= {part: finding[part] for part in ("effect", "waivedUntil", "ignoredBy") if finding.get(part)}
    document["properties"] = properties
    return document


def _rest(omitted: int, conditions: dict[str, Json]) -> NewJson:
    """How many findings are left out: as bad as the verdict, and never a pass."""
    supported = conditions.get(ConditionType.SUPPORTED, {})
    status = Status(supported.get("status", Status.UNKNOWN))
    result = "warn" if status is Status.TRUE else _OF_STATUS[status]
    message = f"{omitted} more findings are left out, for this report is limited to {MAX_REPORT_BYTES} bytes"
    return _result(ConditionType.SUPPORTED, OMITTED, result, _SEVERITY[result], message, supported)


def _result(policy: str, rule: str, result: str, severity: str, message: str, condition: Json) -> NewJson:  # noqa: PLR0913 - its fields
    """A result; its time is when the condition that it is of became what it is."""
    return {
        "source": SOURCE,
        "policy": str(policy),
        "rule": str(rule),
        "result": result,
        "severity": severity,
        "scored": result not in _NOT_SCORED,
        "message": cut(message, _MAX_MESSAGE),
        "timestamp": {"seconds": _seconds(condition.get("lastTransitionTime")), "nanos": 0},
    }


def _counts(finding: Json) -> bool:
    return not finding.get("waivedUntil") and not finding.get("ignoredBy")


def _seconds(stamp: str | None) -> int:
    return int(datetime.fromisoformat(stamp).timestamp()) if stamp else 0


def _size_in_list(result: NewJson) -> int:
    """With the comma and the space before the next."""
    return size(result) + 2
