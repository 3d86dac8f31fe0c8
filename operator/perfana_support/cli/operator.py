"""Run the operator: judge the Perfana installations of a cluster, write each verdict into its SupportCheck's status."""

import argparse

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.sources.errors import Fault, SourceError

EXAMPLES = """\
examples:
  perfana-support operator                            # in a pod, or with the current kubeconfig context
  perfana-support operator -n perfana -n legacy       # rights in two namespaces are enough for workloads
  perfana-support operator --kubeconfig admin.conf --health-port 0 --verbose
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `operator`."""
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="how to reach the cluster (default: the pod's, $KUBECONFIG, ~/.kube/config)"
    )
    parser.add_argument("--context", metavar="NAME", help="the kubeconfig's context (default: its current one)")
    parser.add_argument(
        "-n",
        "--namespace",
        action="append",
        default=[],
        metavar="NS",
        help="watch this namespace only; repeatable (default: all)",
    )
    parser.add_argument(
        "--health-port", type=int, default=8080, metavar="PORT", help="serve /healthz here, 0: nowhere (default: 8080)"
    )
    parser.add_argument("--verbose", action="store_true", help="log what is seen, not only what changes")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Run the operator until it is told to end."""
    try:
        from perfana_support.controller.run import run as run_operator  # noqa: PLC0415 - half a second of imports
        from perfana_support.controller.settings import Settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        problem = f"is not installed ({error.name}); install perfana-support[operator]"
        raise SourceError([Fault("the operator's part", 0, 0, problem)]) from error
    run_operator(
        Settings(
            kubeconfig=arguments.kubeconfig,
            context=arguments.context,
            namespaces=tuple(arguments.namespace),
            health_port=arguments.health_port,
            is_verbose=arguments.verbose,
        )
    )
    return ExitCode.SUPPORTED
