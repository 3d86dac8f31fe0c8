"""What is known of the installation that a ticket is about: its verdict, from wherever the user says that it runs."""

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import perfana_support.sources.pyyaml  # noqa: F401 - before all that imports PyYAML
from perfana_support.cli.judging import with_answers
from perfana_support.cli.output import note
from perfana_support.cli.placing import placed, worth_reporting
from perfana_support.cli.statements import refuse_another_policy, refuse_unreadable
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check
from perfana_support.model.evidence import Evidence
from perfana_support.model.installation import Installation
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.bundle.masking import Masker, mask_installation
from perfana_support.sources.check import read_check_file
from perfana_support.sources.errors import Fault, SourceError, shown_name
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.policy import builtin_policy, read_policy

# Options of `check` that judging asks for, as they are where nobody states them.
DEFAULTS = {"target": None, "kubernetes_version": None}


class Facts(NamedTuple):
    """The verdict and where its facts are from. Where `is_judged` is False there is no installation, only the contract."""

    verdict: Verdict
    is_judged: bool
    source: dict[str, Any]


class Stated(NamedTuple):
    """What the user states of an installation, and the namespace that it is for, "" for any."""

    check: Check
    namespace: str


class Known(NamedTuple):
    """By what is judged, and what is stated.

    `evidence` is what a cluster or a bundle holds, None for manifests and for nothing.
    """

    policy: Policy
    stated: Stated
    evidence: Evidence | None = None


def known_of(arguments: argparse.Namespace, as_of: date) -> Known:
    """Policy and check, as the user or the source states them. Raises `SourceError`."""
    named = [name for name in ("filename", "namespace", "bundle") if getattr(arguments, name)]
    if len(named) > 1:
        problem = "needs one of -f FILE (manifests), -n NAMESPACE (a cluster) and --bundle FILE, and no two of them"
        raise SourceError([Fault("ticket", 0, 0, problem)])
    if named == ["bundle"]:
        if arguments.check or arguments.policy:
            raise SourceError(
                [Fault("--bundle", 0, 0, "holds its own check and policy, so neither --check nor --policy goes with it")]
            )
        from perfana_support.cli.evidence import read_recorded  # noqa: PLC0415 - only who has one pays for it

        recorded = read_recorded(arguments.bundle)
        note(recorded.doubts)
        return Known(recorded.policy, Stated(recorded.check, recorded.evidence.installation.namespace), recorded.evidence)
    if named == ["namespace"]:
        from perfana_support.cli.evidence import understood  # noqa: PLC0415 - as above
        from perfana_support.cli.gathering import gather  # noqa: PLC0415 - as above

        evidence, policy, check = understood(gather(arguments, as_of).evidence, f"namespace {arguments.namespace}")
        return Known(policy, Stated(check, arguments.namespace), evidence)
    policy = read_policy(arguments.policy) if arguments.policy else builtin_policy()
    return Known(policy, _stated(arguments, policy))


def _stated(arguments: argparse.Namespace, policy: Policy) -> Stated:
    """The statements of `--check FILE`, none without one. Raises `SourceError`."""
    if not arguments.check:
        return Stated(Check(), "")
    check, namespace = read_check_file(arguments.check)
    refuse_another_policy(arguments, check, policy)
    refuse_unreadable(arguments, check, policy)
    return Stated(check, namespace)


def verdict_of(arguments: argparse.Namespace, known: Known, as_of: date, check: Check) -> Facts:
    """The verdict on the one installation that the ticket is about. Raises `SourceError`, also for several.

    A ticket is handed over, so its verdict is on facts without what may be a secret, as a bundle's is.
    What cannot be read is an error: a ticket must not be called possible by half of the facts. What a cluster did not let be
    seen is a gap of its evidence, and makes the verdict Unknown.
    """
    policy, stated, evidence = known
    if evidence is not None:
        seen = mask_installation(evidence.installation, policy, Masker())
        return Facts(evaluate(seen, policy, as_of, check), is_judged=True, source=dict(evidence.source))
    if not arguments.filename:
        return Facts(evaluate(Installation("", ()), policy, as_of, check), is_judged=False, source={"kind": "None"})
    manifests = read_manifests(arguments.filename)
    if manifests.faults:
        raise SourceError(list(manifests.faults))
    stated = stated._replace(check=check)
    installations = placed(manifests.installations, policy) or (Installation("", ()),)
    check_of = _check_of(stated)
    verdicts = list(
        worth_reporting(_judged(arguments, each, policy, as_of, check_of(each.namespace)) for each in installations)
    )
    source: dict[str, Any] = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    return Facts(_only_one(verdicts, arguments, stated), is_judged=True, source=source)


def _judged(arguments: argparse.Namespace, installation: Installation, policy: Policy, as_of: date, check: Check) -> Verdict:
    def judge(seen: Installation) -> Verdict:
        return evaluate(seen, policy, as_of, check)

    answered = with_answers(arguments, select(installation, check, policy), policy, judge)
    return judge(mask_installation(answered, policy, Masker()))


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
