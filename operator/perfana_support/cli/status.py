"""Print what the operator says of the SupportChecks in a cluster."""

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from perfana_support.cli.cluster import cluster_source
from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.output import show
from perfana_support.model.code import ConditionType, Status
from perfana_support.reports.job_log import harmless_json
from perfana_support.reports.table import columns, printable
from perfana_support.sources.clock import now
from perfana_support.sources.errors import Fault, SourceError

EXAMPLES = """\
examples:
  perfana-support status                       # all checks of the cluster
  perfana-support status -n perfana
  perfana-support status perfana -n perfana    # one check, with its conditions and findings
  perfana-support status -o json

exit codes:
  0  supported
  2  usage, or a cluster that cannot be asked
  3  not supported
  5  undetermined, or not judged yet
"""

_GROUP = "support.perfana.io/v1alpha1"
_NONE = "<none>"
_CODES = {"False": ExitCode.NOT_SUPPORTED, "Unknown": ExitCode.UNDETERMINED, "True": ExitCode.SUPPORTED}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400

Json = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `status`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="one SupportCheck (default: all)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-n", "--namespace", metavar="NAMESPACE", help="of this namespace (default: of all)")
    where.add_argument("-A", "--all-namespaces", action="store_true", help="of all namespaces, which is the default")
    parser.add_argument("--context", metavar="NAME", help="the kubeconfig's context to use (default: the current one)")
    parser.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="format (default: table)")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print the checks' conditions as they stand in the cluster; nothing is judged here."""
    path = f"/namespaces/{arguments.namespace}" if arguments.namespace else ""
    found, server = cluster_source().read_objects(
        arguments.kubeconfig, arguments.context, f"/apis/{_GROUP}{path}/supportchecks"
    )
    checks = [check for check in found if arguments.name in (None, check["metadata"]["name"])]
    if not checks:
        wanted = f"SupportCheck {arguments.name}" if arguments.name else "SupportCheck"
        where = arguments.namespace or "any namespace"
        problem = f"there is no {wanted} in {where}; create one, or judge without the operator: perfana-support check -n"
        raise SourceError([Fault(server, 0, 0, problem)])
    if arguments.output == "json":
        print(harmless_json(json.dumps({"apiVersion": "v1", "kind": "List", "items": checks}, indent=2)))
    else:
        show(_table(checks, now(), is_full=arguments.name is not None))
    verdicts = {found["status"] for check in checks for found in (_supported(check), *_upgrade(check))}
    return next(code for status, code in _CODES.items() if status in verdicts)


def _supported(check: Json) -> Json:
    """The condition that sums up a check; Unknown where there is none, or one that speaks of an older spec."""
    metadata, status = check["metadata"], check.get("status") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    found: Json | None = conditions.get(ConditionType.SUPPORTED)
    if found is None or found.get("status") not in _CODES:
        return {"status": str(Status.UNKNOWN), "reason": "NotJudged"}
    if found.get("observedGeneration", metadata.get("generation")) != metadata.get("generation"):
        return {"status": str(Status.UNKNOWN), "reason": "SpecChanged"}
    return found


def _upgrade(check: Json) -> list[Json]:
    """The condition about the target, where there is one."""
    conditions = (check.get("status") or {}).get("conditions") or ()
    return [each for each in conditions if each.get("type") == ConditionType.UPGRADE_SUPPORTED and each.get("status") in _CODES]


def _table(checks: list[Any], moment: datetime, *, is_full: bool) -> str:
    rows = [("NAMESPACE", "NAME", "VERSION", "SUPPORTED", "REASON", "UNTIL", "AGE")]
    for check in checks:
        metadata, status, summary = check["metadata"], check.get("status") or {}, _supported(check)
        age = _age(str(metadata.get("creationTimestamp") or ""), moment)
        until = str(status.get("supportEndsOn") or _NONE)
        version = str(status.get("release") or _NONE)
        rows.append((metadata["namespace"], metadata["name"], version, summary["status"], summary["reason"], until, age))
    lines = list(columns(rows))
    for check in checks if is_full else ():
        lines += ["", *_full(check.get("status") or {})]
    return "\n".join(lines) + "\n"


def _full(status: Json) -> Iterator[str]:
    conditions = [
        (str(each.get("type")), str(each.get("status")), str(each.get("reason"))) for each in status.get("conditions") or ()
    ]
    yield from columns([("CONDITION", "STATUS", "REASON"), *conditions])
    yield ""
    for finding in status.get("findings") or ():
        yield printable(f"{finding.get('effect')} {finding.get('code')}: {finding.get('message')}")
        yield printable(f"  -> {finding.get('remediation')}")


def _age(created: str, moment: datetime) -> str:
    """How long ago, as kubectl writes it: in the largest unit that gives at least two of it, else the next smaller."""
    try:
        seconds = int((moment - datetime.fromisoformat(created)).total_seconds())
    except ValueError:
        return "<unknown>"
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{max(seconds, 0)}s"
