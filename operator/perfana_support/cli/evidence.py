"""Evidence judged: the one way from what is known of an installation to its verdict, for bundles and tickets."""

import json
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, read_check
from perfana_support.model.document import DocumentError, Json
from perfana_support.model.evidence import Evidence
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.reports.bundle_index import REPORT_FILES
from perfana_support.sources.errors import SourceError, faults_of
from perfana_support.sources.policy import policy_of


class Understood(NamedTuple):
    """Evidence with its policy and check read."""

    evidence: Evidence
    policy: Policy
    check: Check


class Recorded(NamedTuple):
    """What a bundle's file holds: its evidence, understood, and the verdict that it gives.

    `listed` is the bundle's index, with that verdict and not the one that somebody wrote there; `doubts` say where the two
    differ.
    """

    evidence: Evidence
    policy: Policy
    check: Check
    verdict: Verdict
    listed: Json
    doubts: tuple[str, ...]


class Judged(NamedTuple):
    """A verdict with what it was made by."""

    verdict: Verdict
    policy: Policy
    check: Check


def judge(evidence: Evidence, name: str, as_of: date | None = None) -> Judged:
    """The verdict on evidence, as of its own day if no other is asked for.

    `name` is what messages call the source. Raises `SourceError` for a policy or check that cannot be used.
    """
    _, policy, check = understood(evidence, name)
    return Judged(evaluate(evidence.installation, policy, as_of or evidence.as_of, check), policy, check)


def read_recorded(file: str) -> Recorded:
    """The evidence in a bundle's file. Raises `SourceError`."""
    from perfana_support.sources.bundle.bundle import read_bundle  # noqa: PLC0415 - whoever has evidence already reads none

    bundle = read_bundle(file)
    verdict, policy, check = judge(bundle.evidence, file)
    told = bundle.listed["verdict"]
    conditions = {str(each.type): {"status": str(each.status), "reason": str(each.reason)} for each in verdict.conditions}
    found = {kind: conditions[kind] for kind in told if kind in conditions}
    doubts = [
        f"{file} says {kind} {_words(told[kind])}, its evidence says {_words(found[kind])}: another version made it, or "
        "somebody changed it"
        for kind in found
        if told[kind] != found[kind]
    ]
    if _conditions(bundle.files.get(REPORT_FILES["json"], b"")) != conditions:
        doubts.append(f"the reports in {file} are not those of its evidence: another version made it, or somebody changed it")
    return Recorded(bundle.evidence, policy, check, verdict, {**bundle.listed, "verdict": found}, tuple(doubts))


def _words(said: Json) -> str:
    return f"{said['status']} ({said['reason']})"


def _conditions(report: bytes) -> object:
    """What a report says of each condition, None where it cannot be read."""
    try:
        found = json.loads(report)["conditions"]
        return {each["type"]: {"status": each["status"], "reason": each["reason"]} for each in found}
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


@lru_cache(maxsize=4)
def _policy(document: str) -> Policy:
    """The policy of a document, which is read once though it is judged by several times."""
    return policy_of(json.loads(document))


def understood(evidence: Evidence, name: str) -> Understood:
    """Evidence with its policy and check read; `name` is what messages call the source. Raises `SourceError`."""
    faults = []
    policy, check = None, Check()
    try:
        policy = _policy(json.dumps(evidence.policy, default=str))
    except DocumentError as error:
        faults += faults_of(f"{name}, its policy", error.problems)
    try:
        check = read_check(evidence.check.get("spec"))
    except DocumentError as error:
        faults += faults_of(f"{name}, its check", error.problems)
    if policy is None or faults:
        raise SourceError(faults)
    if check.target:
        check = check._replace(target=check.target._replace(may_install=evidence.may_install))
    # Whom the check selects has been told when the evidence was gathered, by labels that it does not have.
    return Understood(evidence, policy, check._replace(selector=()))
