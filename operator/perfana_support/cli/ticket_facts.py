"""What is known of the installation that a ticket is about: its verdict, from wherever the user says that it runs."""

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import perfana_support.sources.pyyaml  # noqa: F401 - before all that imports PyYAML
from perfana_support.cli.judging import judged
from perfana_support.cli.placing import placed, worth_reporting
from perfana_support.cli.statements import refuse_another_policy, refuse_unreadable
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.check import read_check_file
from perfana_support.sources.errors import Fault, SourceError, shown_name
from perfana_support.sources.manifest import read_manifests

# Options of `check` that judging asks for, as they are where nobody states them.
DEFAULTS = {"judge": "both", "registry_config": None, "registry_ca_file": None, "target": None, "kubernetes_version": None}


class Facts(NamedTuple):
    """The verdict and where its facts are from. Where `is_judged` is False there is no installation, only the contract."""

    verdict: Verdict
    is_judged: bool
    source: dict[str, Any]


class Stated(NamedTuple):
    """What the user states of an installation, and the namespace that it is for, "" for any."""

    check: Check
    namespace: str


def stated_of(arguments: argparse.Namespace, policy: Policy) -> Stated:
    """The statements of `--check FILE`, none without one. Raises `SourceError`."""
    if not arguments.check:
        return Stated(Check(), "")
    check, namespace = read_check_file(arguments.check)
    refuse_another_policy(arguments, check, policy)
    refuse_unreadable(arguments, check, policy)
    return Stated(check, namespace)


def verdict_of(arguments: argparse.Namespace, policy: Policy, as_of: date, stated: Stated) -> Facts:
    """The verdict on the one installation that the ticket is about. Raises `SourceError`, also for several.

    What cannot be read is an error: a ticket must not be called possible by half of the facts.
    """
    if not arguments.filename:
        return Facts(evaluate(Installation("", ()), policy, as_of, stated.check), is_judged=False, source={"kind": "None"})
    manifests = read_manifests(arguments.filename)
    if manifests.faults:
        raise SourceError(list(manifests.faults))
    installations = placed(manifests.installations, policy) or (Installation("", ()),)
    verdicts = list(worth_reporting(judged(arguments, installations, policy, as_of, _check_of(stated))))
    source: dict[str, Any] = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    return Facts(_only_one(verdicts, arguments, stated), is_judged=True, source=source)


def _check_of(stated: Stated) -> Callable[[str], Check]:
    return lambda namespace: stated.check if not (stated.namespace and namespace) or stated.namespace == namespace else Check()


def _only_one(verdicts: list[Verdict], arguments: argparse.Namespace, stated: Stated) -> Verdict:
    """The verdict that is meant: that of the check's namespace, else the only one. Which of several it is nobody can tell."""
    place = ", ".join(map(shown_name, arguments.filename))
    found = [verdict for verdict in verdicts if not stated.namespace or verdict.namespace in ("", stated.namespace)]
    names = ", ".join(verdict.namespace or "<none>" for verdict in verdicts)
    if not found:
        raise SourceError([Fault(shown_name(arguments.check), 0, 0, f"is for namespace {stated.namespace}; found are {names}")])
    if len(found) > 1:
        problem = f"hold several installations, of namespaces {names}; a ticket is about one: give its manifests alone"
        raise SourceError([Fault(place, 0, 0, problem)])
    return found[0]
