"""Evidence gathered from a cluster for one namespace: what runs, the check, the policy, and what registries say."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from perfana_support.cli.cluster import cluster_source
from perfana_support.cli.judging import with_answers
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, read_check
from perfana_support.model.document import DocumentError, Json
from perfana_support.model.evidence import Evidence
from perfana_support.model.policy import Policy
from perfana_support.sources.bundle.masking import as_stated
from perfana_support.sources.errors import Fault, SourceError, faults_of, shown_name
from perfana_support.sources.policy import builtin_document, merged_document, policy_of, read_policy_document

if TYPE_CHECKING:
    from perfana_support.sources.cluster.extras import Stated


class Gathered(NamedTuple):
    """The evidence, and the SupportCheck as the cluster has it, {} without one."""

    evidence: Evidence
    check: Json


def gather(arguments: argparse.Namespace, as_of: date) -> Gathered:
    """Read a namespace, with progress where somebody watches.

    A SupportCheck there is the check and names the policy, as for the operator; `--check` and `--policy` win over both. Raises
    `SourceError` where there is no server, or where it is not clear by what to judge.
    """
    cluster_source()
    from perfana_support.sources.cluster.snapshot import read_cluster  # noqa: PLC0415 - a third of a second, where it is there

    namespace = arguments.namespace
    where = (arguments.kubeconfig, arguments.context)
    snapshot = watched(f"reading namespace {namespace}", lambda step: read_cluster(*where, (namespace,), step))
    stated = _stated(arguments)
    check_document = as_stated(stated.check) if stated.check else {}
    policy_document, gaps = _policy_of(arguments, stated)
    policy, check = _understood(policy_document, check_document, namespace)
    installation = select(snapshot.installations[0], check, policy)
    installation = installation._replace(gaps=installation.gaps + gaps)
    answered = with_answers(arguments, installation, policy, lambda seen: evaluate(seen, policy, as_of, check))
    source = {"kind": "Cluster", "server": snapshot.server, "context": arguments.context or ""}
    evidence = Evidence(answered, policy_document, check_document, as_of, source, may_install=bool(check_document))
    return Gathered(evidence, {} if arguments.check else stated.check)


def watched(what: str, work: Callable[[Callable[[int, int], None]], Any]) -> Any:  # noqa: ANN401 - whatever the work gives
    """The result of work that tells how far it is, shown on a terminal."""
    from perfana_support.cli.progress import Progress  # noqa: PLC0415 - beside a server's answer it costs nothing

    with Progress(sys.stderr, what) as progress:
        return work(progress.step)


def _stated(arguments: argparse.Namespace) -> "Stated":
    """The check and the policy that it names: of a file, or of the cluster."""
    from perfana_support.sources.cluster.extras import Stated, read_named_policy, read_stated  # noqa: PLC0415 - as above

    where = (arguments.kubeconfig, arguments.context)
    if not arguments.check:
        return read_stated(*where, arguments.namespace, arguments.name)
    from perfana_support.sources.check import read_check_document  # noqa: PLC0415 - only who uses it pays for it

    document, check, namespace = read_check_document(arguments.check)
    name = shown_name(arguments.check)
    if namespace not in ("", arguments.namespace):
        raise SourceError([Fault(name, 0, 0, f"is for namespace {namespace}, not {arguments.namespace}")])
    return Stated(document) if arguments.policy or not check.policy else read_named_policy(*where, document)


def _policy_of(arguments: argparse.Namespace, stated: "Stated") -> tuple[Json, tuple[str, ...]]:
    """The policy's document with all that it takes over, and what is not known for lack of another."""
    if arguments.policy:
        document = merged_document(read_policy_document(arguments.policy))
        wanted, name = ((stated.check.get("spec") or {}).get("policyRef") or {}).get("name"), document["metadata"]["name"]
        if wanted not in (None, name):
            problem = f"--policy gives {name}, and the SupportCheck names {wanted}"
            raise SourceError([Fault(shown_name(arguments.policy), 0, 0, problem)])
        return document, ()
    if stated.policy is None:
        return builtin_document(), stated.gaps
    own = as_stated(stated.policy)
    try:
        policy_of(own)
    except DocumentError as error:
        raise SourceError(faults_of(f"SupportPolicy {own['metadata']['name']}", error.problems)) from error
    return merged_document(own), stated.gaps


def _understood(policy: Json, check: Json, namespace: str) -> tuple[Policy, Check]:
    try:
        return policy_of(policy), read_check(check.get("spec"))
    except DocumentError as error:
        name = f"SupportCheck {check['metadata'].get('name')} of namespace {namespace}" if check else "the policy"
        raise SourceError(faults_of(name, error.problems)) from error
