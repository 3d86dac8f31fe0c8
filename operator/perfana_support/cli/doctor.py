"""Say what is well with the operator in a cluster, what is not, and by which command it is mended. Reads only."""

import argparse
import json
import shlex
import sys

from perfana_support.cli.cluster import cluster_source
from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.output import show
from perfana_support.evaluate.doctor.diagnosis import diagnose, state_of
from perfana_support.evaluate.doctor.setup import NAME, setup_of
from perfana_support.model.diagnosis import State, Tools
from perfana_support.reports.doctor import advice, document, table
from perfana_support.reports.rights_manifest import reader_objects, rights_objects
from perfana_support.sources.definitions import shipped_definitions
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.policy import builtin_policy
from perfana_support.sources.program import installed_program

EXAMPLES = """\
examples:
  perfana-support doctor
  perfana-support doctor --context production -o json
  perfana-support doctor --operator-namespace shop -n shop    # an operator of one namespace
  perfana-support doctor --print definitions | kubectl apply -f -
  perfana-support doctor --print rights | kubectl apply -f -

It creates nothing but reviews of rights, which no server keeps. What it may
not read it cannot tell, and names the right that is missing.

exit codes:
  0  all is well
  2  usage, or a cluster that cannot be asked
  3  a problem: "is all well?" is answered by no; no installation is judged
  5  no problem was seen, but something could not be looked at
"""

_CODES = {State.OK: ExitCode.SUPPORTED, State.PROBLEM: ExitCode.NOT_SUPPORTED, State.CANNOT_TELL: ExitCode.UNDETERMINED}
_WHAT = ("definitions", "rights", "reader")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `doctor`."""
    add = parser.add_argument
    add("--operator-namespace", metavar="NAMESPACE", default=NAME, help=f"where the operator runs (default: {NAME})")
    add("--service-account", metavar="NAME", default="", help="the operator's account (default: by its Deployment)")
    add("-n", "--namespace", metavar="NAMESPACE", action="append",
        help="a namespace that an operator of some namespaces looks at; repeatable (default: by its Deployment)")  # fmt: skip
    add("--lease-name", metavar="NAME", default="", help=f"the name of its Lease (default: by its Deployment, else {NAME})")
    add("--context", metavar="NAME", help="the kubeconfig's context to use (default: the current one)")
    add("--kubeconfig", metavar="FILE", help="the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)")
    add("-o", "--output", choices=("table", "json"), default="table", help="format (default: table)")
    add("--reader", metavar="NAME", default="", help="who --print reader is for, as the server calls them")
    add("--print", choices=_WHAT, help="look at nothing; print what this program needs in a cluster, for kubectl apply -f -")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Look at everything, print what was found; the exit code says whether all is well."""
    watched = tuple(dict.fromkeys(arguments.namespace or ()))
    if (arguments.print == "reader") != bool(arguments.reader):
        raise SourceError([Fault("doctor", 0, 0, "--print reader and --reader NAME need each other")])
    if arguments.print:
        _print(arguments, watched)
        return ExitCode.SUPPORTED
    cluster_source()
    from perfana_support.cli.progress import Progress  # noqa: PLC0415 - beside a server's answer it costs nothing
    from perfana_support.sources.cluster.examination import Wanted, examine  # noqa: PLC0415 - a third of a second

    wanted = Wanted(arguments.operator_namespace, arguments.service_account, watched, arguments.lease_name)
    with Progress(sys.stderr, "asking the cluster") as progress:
        facts = examine(arguments.kubeconfig, arguments.context, wanted, progress.step)
    diagnoses = diagnose(facts, builtin_policy(), _tools(arguments))
    state = state_of(diagnoses)
    if arguments.output == "json":
        print(document(diagnoses, facts, state), end="")
    else:
        show(table(diagnoses))
        # As it is, terminal or not: a command that is cut or wrapped cannot be copied.
        print(advice(diagnoses, facts), end="")
    return ExitCode.BAD_INPUT if facts.version.found is None else _CODES[state]


def _tools(arguments: argparse.Namespace) -> Tools:
    """The words that reach the same cluster."""
    kubeconfig, context = (shlex.quote(each) if each else "" for each in (arguments.kubeconfig, arguments.context))
    file = f" --kubeconfig {kubeconfig}" if kubeconfig else ""
    options, helm_options = (file + (f" {flag} {context}" if context else "") for flag in ("--context", "--kube-context"))
    return Tools(options, helm_options, installed_program())


def _print(arguments: argparse.Namespace, watched: tuple[str, ...]) -> None:
    if arguments.print == "definitions":
        items = list(shipped_definitions().values())
    else:
        setup = setup_of(None, arguments.operator_namespace, arguments.service_account or NAME, watched)
        setup = setup._replace(lease_name=arguments.lease_name or NAME)
        is_reader = arguments.print == "reader"
        items = list(reader_objects(setup, arguments.reader) if is_reader else rights_objects(setup))
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2))
