"""`perfana-support check`: judge manifests."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from perfana_support.cli.exit_codes import ExitCode, exit_code
from perfana_support.evaluate.inventory import select, take_inventory
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.calendar import parse_day
from perfana_support.model.check import Check, Target
from perfana_support.model.installation import Installation, Platform, Workload
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.clock import today
from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, shown_name
from perfana_support.sources.manifest import Manifests, read_manifests
from perfana_support.sources.policy import builtin_policy, read_policy

EXAMPLES = """\
examples:
  perfana-support check -f manifests/
  helm template perfana perfana/perfana | perfana-support check -f -
  perfana-support check -f perfana.yaml --as-of 2027-06-30 -o json
  perfana-support check -f perfana.yaml --policy our-policy.yaml
  perfana-support check -f perfana.yaml --target 0.2.96.22 --kubernetes-version v1.36.3

exit codes:
  0 supported   1 internal error   2 usage, unreadable input or policy   3 not supported   5 undetermined
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        required=True,
        metavar="FILE|DIR|-",
        help="a manifest, a folder of them (all .yaml, .yml and .json files below it), or - for standard input; repeatable",
    )
    parser.add_argument(
        "--policy", metavar="FILE|-", help="a SupportPolicy document that states what differs from the built-in policy"
    )
    parser.add_argument("--as-of", type=_day, metavar="DATE", help="judge as of this day, YYYY-MM-DD in UTC (default: today)")
    parser.add_argument(
        "--check",
        metavar="FILE|-",
        help="a SupportCheck document: its waivers, maintenance, dependencies, platform and target hold; the policy that it "
        "names must be given with --policy",
    )
    parser.add_argument(
        "--target",
        type=_text,
        metavar="RELEASE",
        help="judge as well what the installation would be after an upgrade to this release, or to the newest of a line (0.2); "
        "the worse of both is the exit code",
    )
    parser.add_argument(
        "--kubernetes-version",
        type=_text,
        metavar="V",
        help="the version of the cluster that the manifests are for, which they cannot show",
    )
    parser.add_argument("--distribution", type=_text, metavar="NAME", help="its distribution: eks, gke, aks, openshift…")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="format (default: table)")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Judge every installation that the manifests describe and print the verdicts."""
    _refuse_shared_input(arguments)
    policy = read_policy(arguments.policy) if arguments.policy else builtin_policy()
    manifests = read_manifests(arguments.filename)
    if manifests.faults:
        raise SourceError(list(manifests.faults))
    as_of = arguments.as_of or today()
    check_of = _checks(arguments, policy)
    installations = _placed(manifests.installations, policy) or (Installation("", ()),)
    verdicts = _worth_reporting(
        [_judge(installation, policy, as_of, check_of(installation.namespace)) for installation in installations]
    )
    sys.stdout.write(_render(arguments, verdicts, policy, manifests))
    return exit_code(verdicts)


def _checks(arguments: argparse.Namespace, policy: Policy) -> Callable[[str], Check]:
    """What the user states of each namespace: in a SupportCheck, which speaks of its own, and by options, which win."""
    stated, own = Check(), ""
    if arguments.check:
        from perfana_support.sources.check import read_check_file  # noqa: PLC0415 - only who uses it pays for it

        stated, own = read_check_file(arguments.check)
        _refuse_another_policy(arguments, stated, policy)

    def check_of(namespace: str) -> Check:
        check = stated if not own or not namespace or own == namespace else Check()
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
    if [*arguments.filename, arguments.policy, arguments.check].count(STANDARD_INPUT) > 1:
        raise SourceError([Fault(shown_name(STANDARD_INPUT), 0, 0, "can be read once, it is named more often")])


def _placed(installations: tuple[Installation, ...], policy: Policy) -> tuple[Installation, ...]:
    """The installations, with workloads that name no namespace where they belong.

    They go where `kubectl apply --namespace` puts them. Beside installations that name theirs they are of these, of each one
    for nobody can tell, unless they run a component: then they are an installation themselves.
    """
    nowhere = next((installation for installation in installations if not installation.namespace), None)
    others = [installation for installation in installations if installation.namespace]
    hosts = [installation for installation in others if take_inventory(installation, policy).components]
    if nowhere is None or not hosts or take_inventory(nowhere, policy).components:
        return installations
    joined = {host.namespace: _join(host, nowhere.workloads) for host in hosts}
    return tuple(joined.get(installation.namespace, installation) for installation in others)


def _join(host: Installation, workloads: tuple[Workload, ...]) -> Installation:
    moved = tuple(workload._replace(namespace=host.namespace) for workload in workloads)
    return host._replace(workloads=host.workloads + moved)


def _judge(installation: Installation, policy: Policy, as_of: date, check: Check) -> Verdict:
    return evaluate(select(installation, check, policy), policy, as_of, check)


def _worth_reporting(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts of installations that have a component or a finding; the first of all when there is none, to say so.

    Manifests often bring along namespaces of other software, about which there is nothing to say.
    """
    return [verdict for verdict in verdicts if verdict.components or _tells(verdict)] or verdicts[:1]


def _tells(verdict: Verdict) -> bool:
    """Whether something is found about what runs; policy and contract are spoken of with every installation."""
    return any(finding.subject.kind not in ("SupportPolicy", "Maintenance", "Declaration") for finding in verdict.findings)


def _render(arguments: argparse.Namespace, verdicts: list[Verdict], policy: Policy, manifests: Manifests) -> str:
    if arguments.output == "table":
        from perfana_support.reports.table import table  # noqa: PLC0415 - only the format in use is paid for

        return table(verdicts, policy)
    import json  # noqa: PLC0415

    from perfana_support.reports.document import list_document, report_document  # noqa: PLC0415

    source: dict[str, Any] = {"kind": "Manifests", "files": list(manifests.files), "documents": manifests.documents}
    if arguments.kubernetes_version:
        source["kubernetesVersion"] = arguments.kubernetes_version
    documents = [report_document(verdict, policy, source) for verdict in verdicts]
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(list_document(documents), indent=2, ensure_ascii=not is_unicode) + "\n"


def _day(text: str) -> date:
    day = parse_day(text)
    if day is None:
        raise argparse.ArgumentTypeError(f"must be a day as YYYY-MM-DD, is {text!r}")
    return day


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty; is a variable unset?")
    return text
