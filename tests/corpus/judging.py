"""Cases judged the way a user has them judged, and the verdict in the words of an expected file."""

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from perfana_support.cli.main import main
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import read_check
from perfana_support.reports.document import report_document
from perfana_support.sources.policy import builtin_policy, policy_of
from tests.corpus.cases import CLUSTERS, Case
from tests.corpus.saved_cluster import read_cluster

NONE = "none"

Json = Mapping[str, Any]


def labels_of(case: Case) -> dict[str, Any]:
    """Judge a case and say what came of it in the words of an expected file."""
    report = judge_cluster(case) if case.source.parent == CLUSTERS else judge_manifests(case)
    return {
        "conditions": {each["type"]: f"{each['status']} {each['reason']}" for each in report["conditions"]},
        "findings": sorted(map(_finding, report["findings"])),
        "next": _transition(report["nextTransition"]),
    }


def judge_manifests(case: Case) -> Json:
    """Judge manifests by the command line: its report of the case's namespace, or of the only one."""
    with TemporaryDirectory() as folder:
        arguments = ["check", "-f", str(case.source), "--as-of", case.as_of.isoformat(), "-o", "json"]
        for field in ("check", "policy"):
            if field in case.options:
                file = Path(folder, f"{field}.json")
                file.write_text(json.dumps(_document(field, case.options[field])))
                arguments += [f"--{field}", str(file)]
        for field in ("target", "distribution", "kubernetes_version"):
            if field in case.options:
                arguments += [f"--{field.replace('_', '-')}", str(case.options[field])]
        out = io.StringIO()
        with redirect_stdout(out):
            main(arguments)
    document: Json = json.loads(out.getvalue())
    reports: list[Json] = document.get("items") or [document]
    if "namespace" in case.options:
        reports = [report for report in reports if report["source"]["namespace"] == case.options["namespace"]]
    (report,) = reports
    return report


def judge_cluster(case: Case) -> Json:
    """Judge a namespace of a saved cluster as the operator does."""
    policy = policy_of(_document("policy", case.options["policy"])) if "policy" in case.options else builtin_policy()
    check = read_check(case.options.get("check"))
    installation = read_cluster(case.source).installation(case.options.get("namespace", "perfana"))
    verdict = evaluate(select(installation, check, policy), policy, case.as_of, check)
    return report_document(verdict, policy, {"kind": "Cluster"})


def _document(field: str, spec: Json) -> dict[str, Any]:
    kind = {"check": "SupportCheck", "policy": "SupportPolicy"}[field]
    return {"apiVersion": "support.perfana.io/v1alpha1", "kind": kind, "metadata": {"name": "acme"}, "spec": spec}


def _finding(finding: Json) -> str:
    """Write a finding as `CODE EFFECT KIND/NAME/CONTAINER`, with what is not there left out."""
    subject = "/".join(finding["subject"][part] for part in ("kind", "name", "container") if part in finding["subject"])
    waived = f" waived until {finding['waivedUntil']}" if "waivedUntil" in finding else ""
    return f"{finding['code']} {finding['effect']} {subject}{waived}"


def _transition(transition: Json | None) -> str:
    if transition is None:
        return NONE
    day = transition["time"].removesuffix("T00:00:00Z")
    return f"{day} {transition['condition']} {transition['status']} {transition['reason']}"
