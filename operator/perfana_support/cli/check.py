"""Judge manifests, or what runs in a cluster, by the vendor's support policy."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import perfana_support.sources.pyyaml  # noqa: F401 - before all that imports PyYAML
from perfana_support.cli.cluster import cluster_source
from perfana_support.cli.exit_codes import ExitCode, Tally
from perfana_support.cli.options import CONFIG_VARIABLE, Option, add_options, choice, fill
from perfana_support.cli.output import clear, places, to_output, write_all
from perfana_support.cli.placing import placed, worth_reporting
from perfana_support.cli.statements import refuse_unreadable
from perfana_support.cli.unmatched import Unmatched
from perfana_support.cli.variables import stray_variables
from perfana_support.evaluate.inventory import select
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.calendar import parse_day
from perfana_support.model.check import Check, Requirement, Target
from perfana_support.model.code import Code
from perfana_support.model.installation import Installation, Platform
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.reports.formats import FORMATS
from perfana_support.reports.report import Report, Run
from perfana_support.reports.table import printable
from perfana_support.sources.clock import today
from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, shown_name
from perfana_support.sources.manifest import read_manifests
from perfana_support.sources.policy import builtin_policy, read_policy
from perfana_support.sources.repository import look_around
from perfana_support.sources.yaml_view import IS_FAST

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

_FAIL_ON = ("not-supported", "at-risk")
_ON_UNKNOWN = ("fail", "pass")


class Found(NamedTuple):
    """What a source gave: the installations, where they are from, and what of it could not be read."""

    installations: tuple[Installation, ...]
    source: dict[str, Any]
    faults: tuple[Fault, ...] = ()


def _day(text: str) -> date:
    day = parse_day(text)
    if day is None:
        raise argparse.ArgumentTypeError(f"must be a day as YYYY-MM-DD, is {text!r}")
    return day


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty; is a variable unset?")
    return text


def _code(text: str) -> Code:
    if text not in _CODES:
        from perfana_support.cli.near import meant  # noqa: PLC0415 - only who uses it pays for it

        problem = f"must be a finding's code, is {text!r}{meant(text, _CODES)}; perfana-support explain lists them"
        raise argparse.ArgumentTypeError(problem)
    return Code(text)


def _selector(text: str) -> tuple[Requirement, ...]:
    from perfana_support.cli.selector import parse_selector  # noqa: PLC0415 - only who uses it pays for it

    return parse_selector(text)


_CODES = frozenset(map(str, Code))
OPTIONS = (
    Option(
        "filename",
        "FILE|DIR|-",
        "a manifest, packed by gzip or not, a folder of them (all .yaml, .yml and .json files below it), a Helm chart's or "
        "kustomization's folder (rendered by your helm or kubectl), a pattern in quotes, or - for standard input; repeatable",
        _text,
        short="f",
        is_list=True,
    ),
    Option(
        "namespace", "NAMESPACE", "judge what runs in this namespace of a cluster; repeatable", _text, short="n", is_list=True
    ),
    Option(
        "values",
        "FILE",
        "values for charts, handed to your helm after their own; repeatable. For all else that helm takes: helm template … | "
        "perfana-support check -f -",
        _text,
        is_list=True,
    ),
    Option("context", "NAME", "the kubeconfig's context to use (default: the current one; in a pod, its own cluster)", _text),
    Option("kubeconfig", "FILE", "the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)", _text),
    Option(
        "selector",
        "SELECTOR",
        "of the workloads with components only those with these labels: app=web,tier!=cache",
        _selector,
        short="l",
    ),
    Option(
        "policy",
        "FILE|DIR|-",
        "a SupportPolicy document that states what differs from the built-in policy, or a folder that holds one",
        _text,
    ),
    Option("as-of", "DATE", "judge as of this day, YYYY-MM-DD in UTC (default: today)", _day),
    Option(
        "check",
        "FILE|-",
        "a SupportCheck document: its waivers, maintenance, dependencies, platform and target hold; the policy that it "
        "names must be given with --policy",
        _text,
    ),
    Option(
        "target",
        "RELEASE",
        "judge as well what the installation would be after an upgrade to this release, or to the newest of a line (0.2); "
        "the worse of both is the exit code",
        _text,
    ),
    Option("kubernetes-version", "V", "the version of the cluster that the manifests are for, which they cannot show", _text),
    Option("distribution", "NAME", "its distribution: eks, gke, aks, openshift…", _text),
    Option(
        "output",
        "FORMAT[=FILE]",
        f"{', '.join(f'{name} ({what})' for name, what in FORMATS.items())}; with =FILE into a file, repeatable for several in "
        "one run (default: table)",
        to_output,
        short="o",
        is_list=True,
    ),
    Option("fail-on", "|".join(_FAIL_ON), f"from which verdict on the run fails (default: {_FAIL_ON[0]})", choice(*_FAIL_ON)),
    Option(
        "on-unknown",
        "|".join(_ON_UNKNOWN),
        f"whether a run fails that could not determine a verdict (default: {_ON_UNKNOWN[0]})",
        choice(*_ON_UNKNOWN),
    ),
    Option(
        "ignore",
        "CODE",
        "a finding's code that does not count; it stays in the output, marked; repeatable",
        _code,
        is_list=True,
    ),
    Option(
        "baseline",
        "FILE",
        "an earlier report (-o json=FILE): what it found already stays in the output, marked, and does not count",
        _text,
    ),
)


_OLD_BASELINE = (
    "an older version wrote it, without what exactly was found: mounts, variables, digests and versions count as new; "
    "write it anew with -o json=FILE"
)
# A second or more without libyaml.
_MANY_DOCUMENTS = 500
_SOURCES = ("filename", "namespace", "all_namespaces")
# What shells may offer as values.
VALUES = {
    "output": tuple(FORMATS),
    "fail_on": _FAIL_ON,
    "on_unknown": _ON_UNKNOWN,
    "ignore": tuple(sorted(_CODES)),
}


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
    _note(stray_variables(os.environ, [CONFIG_VARIABLE, *(option.variable for option in OPTIONS)]))
    _refuse_both_sources(arguments)
    if values and not arguments.filename:
        raise SourceError(
            [Fault("--values", 0, 0, "is for charts, which -f CHART gives; what runs in a cluster has its values")]
        )
    outputs = places(arguments.output)
    _refuse_shared_input(arguments)
    files = [output.file for output in outputs if output.file]
    if files:
        from perfana_support.cli.clash import refuse_overwriting  # noqa: PLC0415 - only who writes files pays for it

        stated = (arguments.policy, arguments.check, arguments.baseline, config, arguments.kubeconfig)
        refuse_overwriting(files, arguments.filename or (), (*stated, *(arguments.values or ())))
        clear(outputs)
    as_of, asked = arguments.as_of or today(), _asked(arguments)
    policy = builtin_policy()
    try:
        policy = read_policy(arguments.policy) if arguments.policy else policy
        known = _known(arguments.baseline)
        found = _read_manifests(arguments, policy, [*files, config]) if arguments.filename else _read_cluster(arguments)
        for fault in found.faults:
            print(printable(f"error: {fault}"), file=sys.stderr)
        check_of = _checks(arguments, policy, known, {each.namespace for each in found.installations})
    except SourceError as error:
        from perfana_support.cli.failure import nothing_judged, write_instead  # noqa: PLC0415 - not needed where all goes well

        write_instead(nothing_judged(error.faults, arguments, policy, as_of, asked), outputs, error.faults)
        raise
    installations = found.installations or (Installation("", ()),)
    verdicts = (_judge(installation, policy, as_of, check_of(installation.namespace)) for installation in installations)
    unmatched = Unmatched(check_of)
    watched, tally = unmatched.watching(verdicts), Tally()
    counted = tally.counting(watched if arguments.namespace else worth_reporting(watched))
    told = asked._replace(passes_unknown=asked.passes_unknown and not found.faults)  # these fail the run, whatever may pass
    write_all(outputs, (Report(verdict, policy, found.source, told) for verdict in counted))
    _note(unmatched.notes(arguments.baseline))
    if found.faults:
        return ExitCode.BAD_INPUT
    return tally.exit_code(fails_at_risk=asked.fails_at_risk, passes_unknown=asked.passes_unknown)


def _note(sentences: Iterable[str]) -> None:
    """Tell what is no error, and what somebody may want to know before it becomes one."""
    for sentence in sentences:
        print(printable(f"note: {sentence}"), file=sys.stderr)


def _asked(arguments: argparse.Namespace) -> Run:
    """What the run was asked for, and where."""
    return Run(arguments.fail_on == _FAIL_ON[1], arguments.on_unknown == _ON_UNKNOWN[1], *look_around())


def _known(baseline: str | None) -> Mapping[tuple[str, ...], int]:
    if not baseline:
        return {}
    from perfana_support.sources.baseline import read_baseline  # noqa: PLC0415 - only who uses it pays for it

    read = read_baseline(baseline)
    if read.lacks_details:
        _note([f"--baseline {baseline}: {_OLD_BASELINE}"])
    return read.known


def _checks(
    arguments: argparse.Namespace, policy: Policy, known: Mapping[tuple[str, ...], int], namespaces: set[str]
) -> Callable[[str], Check]:
    """What the user states of each namespace: in a SupportCheck, which speaks of its own, and by options, which win."""
    stated, own = Check(), ""
    if arguments.check:
        from perfana_support.sources.check import read_check_file  # noqa: PLC0415 - only who uses it pays for it

        stated, own = read_check_file(arguments.check)
        _refuse_another_policy(arguments, stated, policy)
        if own and namespaces and namespaces.isdisjoint({own, ""}):
            problem = f"is for namespace {own}; found are {', '.join(sorted(namespaces))}"
            raise SourceError([Fault(shown_name(arguments.check), 0, 0, problem)])
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


def _refuse_another_policy(arguments: argparse.Namespace, stated: Check, policy: Policy) -> None:
    """A check that names its policy must be judged by that one, which only the user can hand over: there is no cluster to ask.

    An error and no notice, since a verdict by another policy answers a question that nobody asked.
    """
    if stated.policy is None or (arguments.policy and stated.policy == policy.name):
        return
    found = f"--policy gives {policy.name}" if arguments.policy else "it is not looked up from here; give it with --policy FILE"
    problem = f"spec.policyRef.name: names policy {stated.policy}, {found}"
    raise SourceError([Fault(shown_name(arguments.check), 0, 0, problem)])


def _refuse_shared_input(arguments: argparse.Namespace) -> None:
    """Standard input is there once; a second reader would find it empty."""
    if [*(arguments.filename or ()), arguments.policy, arguments.check].count(STANDARD_INPUT) > 1:
        raise SourceError([Fault(shown_name(STANDARD_INPUT), 0, 0, "can be read once, it is named more often")])


def _judge(installation: Installation, policy: Policy, as_of: date, check: Check) -> Verdict:
    return evaluate(select(installation, check, policy), policy, as_of, check)


def _refuse_both_sources(arguments: argparse.Namespace) -> None:
    """Exactly one source: files, some namespaces, or all of them."""
    named = [arguments.filename, arguments.namespace, arguments.all_namespaces]
    if sum(map(bool, named)) != 1:
        problem = "needs one of -f FILE (manifests), -n NAMESPACE and -A (what runs in a cluster)"
        raise SourceError([Fault("check", 0, 0, problem if not any(named) else f"{problem}, and no two of them")])


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
        _note(["this Python's PyYAML has no libyaml: reading took some ten times as long as it could"])
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
