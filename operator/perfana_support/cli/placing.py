"""Which installations manifests hold, and which of them there is something to say about."""

from collections.abc import Iterable, Iterator

from perfana_support.evaluate.inventory import take_inventory
from perfana_support.model.installation import Installation, Workload
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict


def placed(installations: tuple[Installation, ...], policy: Policy) -> tuple[Installation, ...]:
    """The installations, with workloads that name no namespace where they belong.

    They go where `kubectl apply --namespace` puts them. Beside installations that name theirs they are of these, of each one
    for nobody can tell, unless they run a component: then they are an installation themselves.
    """
    nowhere = next((installation for installation in installations if not installation.namespace), None)
    if nowhere is None or take_inventory(nowhere, policy).components:
        return installations
    others = [installation for installation in installations if installation.namespace]
    hosts = [installation for installation in others if take_inventory(installation, policy).components]
    if not hosts:
        return installations
    joined = {host.namespace: _join(host, nowhere.workloads) for host in hosts}
    return tuple(joined.get(installation.namespace, installation) for installation in others)


def _join(host: Installation, workloads: tuple[Workload, ...]) -> Installation:
    moved = tuple(workload._replace(namespace=host.namespace) for workload in workloads)
    return host._replace(workloads=host.workloads + moved)


def worth_reporting(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The verdicts of installations that have a component or a finding; the first of all when there is none, to say so.

    Manifests often bring along namespaces of other software, about which there is nothing to say. Where the user names
    namespaces, there is: one that was expected to run Perfana and does not is undetermined.
    """
    first, is_told = None, False
    for verdict in verdicts:
        if verdict.components or _tells(verdict):
            is_told = True
            yield verdict
        first = first or verdict
    if first and not is_told:
        yield first


def _tells(verdict: Verdict) -> bool:
    """Whether something is found about what runs; policy and contract are spoken of with every installation."""
    return any(finding.subject.kind not in ("SupportPolicy", "Maintenance", "Declaration") for finding in verdict.findings)
