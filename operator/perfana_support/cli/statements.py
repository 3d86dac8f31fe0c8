"""What the user states of releases and versions: a slip of the hand must not be taken for something that nobody can judge."""

import argparse

from perfana_support.evaluate.target import read_release
from perfana_support.model.check import Check
from perfana_support.model.kubernetes import parse_kubernetes_version
from perfana_support.model.policy import Policy
from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, shown_name


def refuse_unreadable(arguments: argparse.Namespace, stated: Check, policy: Policy) -> None:
    """Raise `SourceError` for a target that is no release and a Kubernetes version that is none, in options or in the check."""
    file = shown_name(arguments.check or "")
    target = stated.target.release if stated.target else ""
    releases = (("--target", arguments.target), (f"{file}: spec.target.release", target))
    version = stated.platform.server_version if stated.platform else ""
    versions = (("--kubernetes-version", arguments.kubernetes_version), (f"{file}: spec.platform.kubernetesVersion", version))
    faults = [
        Fault(name, 0, 0, f"must be a release such as 0.2.96.22 or a line such as 0.2, is {text!r}")
        for name, text in releases
        if text and read_release(text, policy) is None
    ]
    faults += [
        Fault(name, 0, 0, f"must be a Kubernetes version such as v1.36.3 or 1.36, is {text!r}")
        for name, text in versions
        if text and parse_kubernetes_version(text) is None
    ]
    if faults:
        raise SourceError(faults)


def refuse_another_policy(arguments: argparse.Namespace, stated: Check, policy: Policy) -> None:
    """A check that names its policy must be judged by that one, which only the user can hand over: there is no cluster to ask.

    An error and no notice, since a verdict by another policy answers a question that nobody asked.
    """
    if stated.policy is None or (arguments.policy and stated.policy == policy.name):
        return
    found = f"--policy gives {policy.name}" if arguments.policy else "it is not looked up from here; give it with --policy FILE"
    problem = f"spec.policyRef.name: names policy {stated.policy}, {found}"
    raise SourceError([Fault(shown_name(arguments.check), 0, 0, problem)])


def refuse_shared_input(arguments: argparse.Namespace) -> None:
    """Standard input is there once; a second reader would find it empty."""
    if [*(arguments.filename or ()), arguments.policy, arguments.check].count(STANDARD_INPUT) > 1:
        raise SourceError([Fault(shown_name(STANDARD_INPUT), 0, 0, "can be read once, it is named more often")])
