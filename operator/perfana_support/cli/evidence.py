"""Evidence judged: the one way from what is known of an installation to its verdict, for bundles and tickets."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, read_check
from perfana_support.model.document import DocumentError, Json
from perfana_support.model.evidence import Evidence
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.errors import SourceError, faults_of
from perfana_support.sources.policy import policy_of


class Recorded(NamedTuple):
    """A bundle's evidence, with its policy and check understood. `doubts` are what its own index says otherwise."""

    evidence: Evidence
    policy: Policy
    check: Check
    doubts: tuple[str, ...] = ()


class Judged(NamedTuple):
    """A verdict with what it was made by."""

    verdict: Verdict
    policy: Policy
    check: Check


def judge(evidence: Evidence, name: str, as_of: date | None = None) -> Judged:
    """The verdict on evidence, as of its own day if no other is asked for.

    `name` is what messages call the source. Raises `SourceError` for a policy or check that cannot be used.
    """
    _, policy, check, _ = understood(evidence, name)
    return Judged(evaluate(evidence.installation, policy, as_of or evidence.as_of, check), policy, check)


def read_recorded(file: str) -> Recorded:
    """The evidence in a bundle's file. Raises `SourceError`."""
    from perfana_support.sources.bundle.bundle import read_bundle  # noqa: PLC0415 - whoever has evidence already reads none

    bundle = read_bundle(file)
    recorded = understood(bundle.evidence, file)
    verdict = judge(bundle.evidence, file).verdict
    found = {str(each.type): each for each in verdict.conditions}
    doubts = [
        f"{file} says {kind} {said.get('status')} ({said.get('reason')}), its evidence says {found[kind].status} "
        f"({found[kind].reason}): another version made it, or somebody changed it"
        for kind, said in _said(bundle.listed)
        if kind in found and (said.get("status"), said.get("reason")) != (found[kind].status, found[kind].reason)
    ]
    return recorded._replace(doubts=tuple(doubts))


def _said(index: Json) -> Iterator[tuple[str, Json]]:
    """What an index says of conditions, as far as it is of a form that can be read: nothing hangs on it."""
    told = index.get("verdict")
    if isinstance(told, Mapping):
        yield from ((kind, said) for kind, said in told.items() if isinstance(said, Mapping))


@lru_cache(maxsize=4)
def _policy(document: str) -> Policy:
    """The policy of a document, which is read once though it is judged by several times."""
    return policy_of(json.loads(document))


def understood(evidence: Evidence, name: str) -> Recorded:
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
    return Recorded(evidence, policy, check._replace(selector=()))
