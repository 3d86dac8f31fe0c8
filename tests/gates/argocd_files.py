"""What the project ships for Argo CD, made anew from its health checks and from statuses that the program writes.

`manifests/argocd/resource_customizations` has the form that Argo CD's own repository wants: a health check for each kind, with
objects to try it on and what has to come of them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Enforcement, read_check
from perfana_support.model.code import Reason
from perfana_support.model.document import DocumentError
from perfana_support.reports.status import check_status, policy_status, unjudged_status
from perfana_support.sources.policy import policy_of
from tests.unit.builders import TODAY, installation, policy, policy_document, without_dependencies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.client import Object

SHIPPED = Path(__file__).parents[2] / "manifests" / "argocd"
GROUP = "support.perfana.io"
API_VERSION = f"{GROUP}/v1alpha1"
CHECKS = SHIPPED / "resource_customizations" / GROUP
KINDS = ("SupportCheck", "SupportPolicy")

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64
GENERATION = 3

OLD, NEW = "perfana/perfana-fe:perfana-3.2.0", "perfana/perfana-web:0.2.96.22"

# What is asked about and the verdict on it, and what runs and what the target is: each verdict on what runs, and each on a
# target beside another one on what runs.
VERDICTS = {
    ("running", "True"): (NEW, ""),
    ("running", "False"): ("perfana/perfana-web:0.2.96.22-SNAPSHOT", ""),
    ("running", "Unknown"): ("perfana/perfana-web:latest", ""),
    ("target", "True"): ("perfana/perfana-fe:perfana-3.1.0", "0.2.96.22"),
    ("target", "False"): (NEW, "3.1.0"),
    ("target", "Unknown"): (NEW, "9.9.0"),
}
HEALTH_OF_A_GATE = {"True": "Healthy", "False": "Degraded", "Unknown": "Progressing"}

WAITING = "waiting for perfana-support to judge the present spec"
POLICY_WAITING = "waiting for perfana-support to read the present spec"


class Case(NamedTuple):
    """An object and what Argo CD has to make of it."""

    kind: str
    name: str
    item: Object
    status: str
    message: str


def config_map_text() -> str:
    """Return the ConfigMap with the health checks."""
    lines = [
        "# Argo CD's health checks for perfana-support, to be merged into its ConfigMap (docs/gates/argocd.md). Made from",
        "# resource_customizations beside this file; a test compares.",
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata:",
        "  name: argocd-cm",
        "  namespace: argocd",
        "data:",
    ]
    for kind in KINDS:
        lines.append(f"  resource.customizations.health.{GROUP}_{kind}: |")
        lines += [f"    {line}".rstrip() for line in health_check(kind).splitlines()]
    return "\n".join(lines) + "\n"


def health_check(kind: str) -> str:
    """Return the health check of a kind."""
    return (CHECKS / kind / "health.lua").read_text(encoding="utf-8")


def files() -> dict[Path, str]:
    """Return the files that are made, with their text."""
    made = {SHIPPED / "argocd-cm.yaml": config_map_text()}
    for kind in KINDS:
        tests = []
        for case in cases(kind):
            path = f"testdata/{case.name}.yaml"
            made[CHECKS / kind / path] = _yaml(case.item)
            tests.append({"healthStatus": {"status": case.status, "message": case.message}, "inputPath": path})
        made[CHECKS / kind / "health_test.yaml"] = _yaml({"tests": tests})
    return made


def cases(kind: str) -> list[Case]:
    """Return the cases of a kind."""
    return list(_check_cases() if kind == "SupportCheck" else _policy_cases())


def _check_cases() -> Iterator[Case]:
    for enforcement in Enforcement:
        for (asked, said), (image, target) in VERDICTS.items():
            item = judged_check(enforcement, image, target)
            status = HEALTH_OF_A_GATE[said] if enforcement is Enforcement.GATE else "Healthy"
            kinds = ["Supported"] if asked == "running" else ["UpgradeSupported"]
            if enforcement is Enforcement.REPORT and asked == "target":
                kinds = ["Supported", "UpgradeSupported"]
            assert _condition(item, kinds[-1])["status"] == said
            yield _case(f"{enforcement.lower()}_{asked}_{said.lower()}", item, status, *kinds)
        prefix = enforcement.lower()
        never = _check(enforcement)
        yield _case(f"{prefix}_never_judged", {**never, "status": {"observedGeneration": -1}}, "Progressing")
        yield _case(f"{prefix}_without_status", never, "Progressing")
        for name, item, status in _unjudged(enforcement):
            yield _case(f"{prefix}_{name}", item, status, "Supported")
        stale = judged_check(enforcement, NEW)
        stale["metadata"]["generation"] += 1
        yield _case(f"{prefix}_judged_before_the_spec_changed", stale, "Progressing")
        behind = judged_check(enforcement, NEW)
        behind["metadata"]["generation"] += 1
        behind["status"]["observedGeneration"] += 1
        yield _case(f"{prefix}_conditions_older_than_the_status", behind, "Progressing")


def judged_check(enforcement: Enforcement, image: str, target: str = "") -> Object:
    """Return a check of an installation with that image, as the operator leaves it."""
    item = _check(enforcement, **({"target": {"release": target}} if target else {}))
    rules = without_dependencies(policy())
    verdict = evaluate(installation(image), rules, TODAY, read_check(item["spec"]))
    return {**item, "status": check_status(verdict, rules, DIGEST, enforcement, item, NOW)}


def _unjudged(enforcement: Enforcement) -> Iterator[tuple[str, Object, str]]:
    named = _check(enforcement, policyRef={"name": "acme"})
    message = "SupportPolicy acme does not exist; create it or correct spec.policyRef.name"
    status = unjudged_status(Reason.POLICY_NOT_FOUND, message, named, NOW, is_stalled=False)
    yield "policy_not_found", {**named, "status": status}, "Progressing"
    message = "SupportPolicy acme is not valid: spec.lines[0].name: is missing"
    status = unjudged_status(Reason.POLICY_INVALID, message, named, NOW, is_stalled=True)
    yield "policy_invalid", {**named, "status": status}, "Degraded"
    agreed = {"reason": "agreed", "agreedBy": "the vendor", "expiresOn": "2027-01-31"}
    wrong = _check(enforcement, waivers=[{"code": "EndOfLive", **agreed}])
    message = str(_error(lambda: read_check(wrong["spec"])))
    status = unjudged_status(Reason.CHECK_INVALID, message, wrong, NOW, is_stalled=True)
    yield "check_invalid", {**wrong, "status": status}, "Degraded"


def _without_admission(status: Object) -> Object:
    """Leave out what an API server is told to refuse: pages of patterns, which no health check reads."""
    return {field: value for field, value in status.items() if field != "admission"}


def _policy_cases() -> Iterator[Case]:
    item = {**policy_document(maxPolicyAgeDays=90)}
    item["metadata"]["generation"] = GENERATION
    spec = item["spec"]
    valid = _without_admission(policy_status(policy_of(item), spec, DIGEST, [], item, NOW))
    yield _policy_case("valid", {**item, "status": valid}, "Healthy", valid["conditions"][0]["message"])
    wrong = policy_document(maxPolicyAgeDays="ninety")
    wrong["metadata"]["generation"] = GENERATION
    problems = list(_error(lambda: policy_of(wrong)).problems)
    status = _without_admission(policy_status(policy_of(item), spec, DIGEST, problems, wrong, NOW))
    yield _policy_case("invalid", {**wrong, "status": status}, "Degraded", status["conditions"][0]["message"])
    yield _policy_case("never_read", {**item, "status": {"observedGeneration": -1}}, "Progressing", POLICY_WAITING)
    newer = {**item["metadata"], "generation": GENERATION + 1}
    yield _policy_case("read_before_it_changed", {**item, "metadata": newer, "status": valid}, "Progressing", POLICY_WAITING)


def _error(read: Callable[[], object]) -> DocumentError:
    try:
        read()
    except DocumentError as error:
        return error
    raise AssertionError("that is no error")


def _check(enforcement: Enforcement, **spec: object) -> Object:
    metadata = {"name": "perfana", "namespace": "perfana", "generation": GENERATION}
    return {
        "apiVersion": API_VERSION,
        "kind": "SupportCheck",
        "metadata": metadata,
        "spec": {"enforcement": str(enforcement), **spec},
    }


def _case(name: str, item: Object, status: str, *kinds: str) -> Case:
    said = [_condition(item, kind) for kind in kinds]
    parts = [f"{each['type']} is {each['status']} ({each['reason']}): {each['message']}" for each in said]
    return Case("SupportCheck", name, item, status, "; ".join(parts) or WAITING)


def _policy_case(name: str, item: Object, status: str, message: str) -> Case:
    return Case("SupportPolicy", name, item, status, message)


def _condition(item: Object, kind: str) -> Object:
    condition: Object = next(each for each in item["status"]["conditions"] if each["type"] == kind)
    return condition


def _yaml(document: Object) -> str:
    plain = json.loads(json.dumps(document))  # as it is sent: enumerations are texts, and nothing is shared
    text: str = yaml.safe_dump(plain, sort_keys=False, width=120, allow_unicode=True)
    return text
