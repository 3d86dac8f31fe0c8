"""Judge manifests, or what runs in a cluster, by the vendor's support policy."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import perfana_support.sources.pyyaml  # noqa: F401 - before all that imports PyYAML
from perfana_support.cli.check_options import FAIL_ON, ON_UNKNOWN, OPTIONS, TARGET_ALONE, VALUES
from perfana_support.cli.cluster import cluster_source
from perfana_support.cli.exit_codes import ExitCode, Tally
from perfana_support.cli.judging import judged
from perfana_support.cli.options import CONFIG_VARIABLE, add_options, fill
from perfana_support.cli.output import clear, note, places, write_all
from perfana_support.cli.placing import placed, worth_reporting
from perfana_support.cli.statements import refuse_another_policy, refuse_shared_input, refuse_unreadable
from perfana_support.cli.unmatched import Unmatched
from perfana_support.cli.variables import stray_variables
from perfana_support.model.check import Check, Target
from perfana_support.model.image_policy import Verification
from perfana_support.model.installation import Installation, Platform
from perfana_support.model.policy import Policy
from perfana_support.reports.report import Report, Run
from perfana_support.reports.table import printable
from perfana_support.sources.clock import today
from perfana_support.sources.errors import Fault, SourceError, shown_name
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.policy import builtin_policy, read_policy
from perfana_support.sources.repository import look_around
from perfana_support.sources.yaml_view import IS_FAST

if TYPE_CHECKING:
    from perfana_support.cli.evidence import Recorded

__all__ = ["EXAMPLES", "OPTIONS", "VALUES", "add_arguments", "run"]

EXAMPLES = """\
examples:
  perfana-support check -f manifests/
  helm template perfana perfana/perfana | perfana-support check -f -
  perfana-support check -f chart/ --values production.yaml
  perfana-support check -f perfana.yaml --as-of 2027-06-30 -o json
  perfana-support check -f perfana.yaml --policy our-policy.yaml
  perfana-support check -f perfana.yaml --target 0.2.96.22 --kubernetes-version v1.36.3
  perfana-support check -f perfana.yaml -o table -o json=report.json
  perfana-support check -n perfana                 # what runs in a cluster
  perfana-support check -A --context production
  perfana-support check --bundle perfana.tar.gz    # judge again what was taken
  perfana-support check -f perfana.yaml --baseline report.json --fail-on at-risk

exit codes:
  0    supported
  1    internal error or full disk
  2    usage, unreadable input or policy, unwritable output
  3    not supported
  4    at risk (with --fail-on at-risk)
  5    undetermined
  130  interrupted
  141  reader of the output is gone
"""


class Found(NamedTuple):
    """What a source gave: the installations, where they are from, and what of it could not be read."""

    installations: tuple[Installation, ...]
    source: dict[str, Any]
    faults: tuple[Fault, ...] = ()


_OLD_BASELINE = (
    "an older version wrote it, without what exactly was found: mounts, variables, digests and versions count as new; "
    "write it anew with -o json=FILE"
)
# A second or more without libyaml.
_MANY_DOCUMENTS = 500
_INPUTS = ("policy", "check", "baseline", "bundle", "kubeconfig", "registry_config", "registry_ca_file")
_SOURCES = ("filename", "namespace", "all_namespaces", "bundle")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    add_options(parser, OPTIONS)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="judge what runs in all namespaces of a cluster")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Judge every installation that was found and write the reports.

    What could not be read fails the run; what could is reported all the same, as a part of which nobody knows the rest.
    """
    flags = {source: getattr(arguments, source) for source in _SOURCES}
    values = arguments.values
    config = fill(arguments, OPTIONS, os.environ)
    if any(flags.values()):  # which source it is, is one question: flags that answer it win as a whole
        vars(arguments).update(flags)
    if config and not arguments.config:  # it lies there, and nobody named it
        print(printable(f"options of {config} hold"), file=sys.stderr)
    note(stray_variables(os.environ, [CONFIG_VARIABLE, *(option.variable for option in OPTIONS)]))
    _refuse_both_sources(arguments)
    if values and not arguments.filename:
        raise SourceError(
            [Fault("--values", 0, 0, "is for charts, which -f CHART gives; what runs in a cluster has its values")]
        )
    outputs = places(arguments.output)
    refuse_shared_input(arguments)
    files = [output.file for output in outputs if output.file]
    if files:
        from perfana_support.cli.clash import refuse_overwriting  # noqa: PLC0415 - only who writes files pays for it

        stated = (getattr(arguments, name) for name in _INPUTS)
        refuse_overwriting(files, arguments.filename or (), (*stated, config, *(arguments.values or ())))
        clear(outputs)
    as_of, asked = arguments.as_of or today(), _asked(arguments)
    policy = builtin_policy()
    try:
        recorded = _read_bundle(arguments) if arguments.bundle else None
        as_of = arguments.as_of or (recorded.evidence.as_of if recorded else as_of)
        policy = _verified(_policy(arguments, recorded), arguments.verification)
        known = _known(arguments.baseline)
        found = _find(arguments, policy, [*files, config], recorded)
        for fault in found.faults:
            print(printable(f"error: {fault}"), file=sys.stderr)
        check_of = _checks(arguments, policy, known, {each.namespace for each in found.installations}, recorded)
    except SourceError as error:
        from perfana_support.cli.failure import nothing_judged, write_instead  # noqa: PLC0415 - not needed where all goes well

        write_instead(nothing_judged(error.faults, arguments, policy, as_of, asked), outputs, error.faults)
        raise
    installations = found.installations or (Installation("", ()),)
    if arguments.judge == TARGET_ALONE:
        found.source["judged"] = TARGET_ALONE
    verdicts = judged(arguments, installations, policy, as_of, check_of)
    unmatched = Unmatched(check_of)
    watched, tally = unmatched.watching(verdicts), Tally()
    counted = tally.counting(watched if arguments.namespace else worth_reporting(watched))
    told = asked._replace(passes_unknown=asked.passes_unknown and not found.faults)  # these fail the run, whatever may pass
    write_all(outputs, (Report(verdict, policy, found.source, told) for verdict in counted))
    note(unmatched.notes(arguments.baseline))
    if found.faults:
        return ExitCode.BAD_INPUT
    return tally.exit_code(fails_at_risk=asked.fails_at_risk, passes_unknown=asked.passes_unknown)


def _asked(arguments: argparse.Namespace) -> Run:
    """What the run was asked for, and where."""
    return Run(arguments.fail_on == FAIL_ON[1], arguments.on_unknown == ON_UNKNOWN[1], *look_around())


def _policy(arguments: argparse.Namespace, recorded: "Recorded | None") -> Policy:
    """The policy that the user states, else a bundle's own, else the built-in one."""
    if arguments.policy:
        return read_policy(arguments.policy)
    return recorded.policy if recorded else builtin_policy()


def _verified(policy: Policy, verification: str | None) -> Policy:
    """The policy, with the proof that the user asks for."""
    if not verification:
        return policy
    images = policy.fields.images._replace(verification=Verification(verification))
    return Policy(policy.fields._replace(images=images))


def _known(baseline: str | None) -> Mapping[tuple[str, ...], int]:
    if not baseline:
        return {}
    from perfana_support.sources.baseline import read_baseline  # noqa: PLC0415 - only who uses it pays for it

    read = read_baseline(baseline)
    if read.lacks_details:
        note([f"--baseline {baseline}: {_OLD_BASELINE}"])
    return read.known


def _checks(
    arguments: argparse.Namespace,
    policy: Policy,
    known: Mapping[tuple[str, ...], int],
    namespaces: set[str],
    recorded: "Recorded | None",
) -> Callable[[str], Check]:
    """What the user states of each namespace: in a SupportCheck, which speaks of its own, and by options, which win."""
    stated, own = recorded.check if recorded else Check(), ""
    if arguments.check:
        from perfana_support.sources.check import read_check_file  # noqa: PLC0415 - only who uses it pays for it

        stated, own = read_check_file(arguments.check)
        refuse_another_policy(arguments, stated, policy)
        if own and namespaces and namespaces.isdisjoint({own, ""}):
            problem = f"is for namespace {own}; found are {', '.join(sorted(namespaces))}"
            raise SourceError([Fault(shown_name(arguments.check), 0, 0, problem)])
    if arguments.judge == TARGET_ALONE and not (arguments.target or stated.target):
        raise SourceError([Fault("--judge target", 0, 0, "needs a target: --target RELEASE, or spec.target of --check FILE")])
    refuse_unreadable(arguments, stated, policy)

    def check_of(namespace: str) -> Check:
        check = stated if not own or not namespace or own == namespace else Check()
        if arguments.selector is not None:
            check = check._replace(selector=arguments.selector)
        check = check._replace(ignored=frozenset(map(str, arguments.ignore or ())), known=known)
        if arguments.target:
            check = check._replace(target=Target(release=arguments.target))
        if arguments.kubernetes_version or arguments.distribution:
            seen = check.platform or Platform()
            version = arguments.kubernetes_version or seen.server_version
            check = check._replace(platform=Platform(version, arguments.distribution or seen.distribution))
        return check

    return check_of


def _refuse_both_sources(arguments: argparse.Namespace) -> None:
    """Exactly one source: files, some namespaces, or all of them."""
    named = [getattr(arguments, source) for source in _SOURCES]
    if sum(map(bool, named)) != 1:
        problem = "needs one of -f FILE (manifests), -n NAMESPACE and -A (what runs in a cluster), and --bundle FILE"
        raise SourceError([Fault("check", 0, 0, problem if not any(named) else f"{problem}, and no two of them")])


def _find(arguments: argparse.Namespace, policy: Policy, own: list[str], recorded: "Recorded | None") -> Found:
    if recorded:
        return Found((recorded.evidence.installation,), dict(recorded.evidence.source))
    return _read_manifests(arguments, policy, own) if arguments.filename else _read_cluster(arguments)


def _read_bundle(arguments: argparse.Namespace) -> "Recorded":
    from perfana_support.cli.evidence import read_recorded  # noqa: PLC0415 - only who reads one pays for it

    if arguments.selector is not None:
        raise SourceError([Fault("--selector", 0, 0, "has been applied when the bundle was taken, which holds no labels")])
    if arguments.kubernetes_version:
        raise SourceError([Fault("--kubernetes-version", 0, 0, "is for manifests; the bundle shows what the cluster ran")])
    recorded = read_recorded(arguments.bundle)
    note(recorded.doubts)
    return recorded


def _read_manifests(arguments: argparse.Namespace, policy: Policy, own: list[str]) -> Found:
    """What the files hold. `own` are files of the run itself, which may lie among them."""
    passes_over = _passing_over(own) if any(own) else lambda _file: False
    values = tuple(arguments.values or ())
    if sys.stderr.isatty():
        from perfana_support.cli.progress import Progress  # noqa: PLC0415 - pipelines have no terminal

        with Progress(sys.stderr, "reading") as progress:
            manifests = read_manifests(arguments.filename, progress.step, passes_over, values)
    else:
        manifests = read_manifests(arguments.filename, passes_over=passes_over, values=values)
    if not IS_FAST and manifests.documents >= _MANY_DOCUMENTS:
        note(["this Python's PyYAML has no libyaml: reading took some ten times as long as it could"])
    if manifests.faults and not manifests.installations:
        raise SourceError(list(manifests.faults))
    source: dict[str, Any] = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    if values:
        source["values"] = list(values)
    if arguments.kubernetes_version:
        source["kubernetesVersion"] = arguments.kubernetes_version
    if manifests.faults:
        from perfana_support.cli.failure import fault_document  # noqa: PLC0415 - not needed where all goes well

        source["faults"] = list(map(fault_document, manifests.faults))
    gaps = tuple(map(str, manifests.faults))
    installations = [each._replace(gaps=each.gaps + gaps) for each in placed(manifests.installations, policy)]
    return Found(tuple(installations), source, manifests.faults)


def _passing_over(files: list[str]) -> Callable[[str], bool]:
    from perfana_support.cli.clash import passing_over  # noqa: PLC0415 - only who has files of the run's own pays for it

    return passing_over(files)


def _read_cluster(arguments: argparse.Namespace) -> Found:
    namespaces = tuple(arguments.namespace or ())
    read = partial(cluster_source().read_cluster, arguments.kubeconfig, arguments.context, namespaces)
    if sys.stderr.isatty():
        from perfana_support.cli.progress import Progress  # noqa: PLC0415 - pipelines have no terminal

        where = "all namespaces" if not namespaces else f"{len(namespaces)} namespace{'s' if len(namespaces) > 1 else ''}"
        with Progress(sys.stderr, f"reading lists of {where}") as progress:
            snapshot = read(progress.step)
    else:
        snapshot = read()
    source = {"kind": "Cluster", "server": snapshot.server, "context": arguments.context or ""}
    return Found(snapshot.installations, source)
