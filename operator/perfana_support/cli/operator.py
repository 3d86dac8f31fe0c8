"""Run the operator: judge the Perfana installations of a cluster, write each verdict into its SupportCheck's status.

Every setting is a flag or an environment variable; flags win.
"""

import argparse
import os

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.controller.settings import add_arguments as add_settings
from perfana_support.controller.settings import read_settings
from perfana_support.sources.errors import Fault, SourceError

EXAMPLES = """\
examples:
  perfana-support operator                            # in a pod, or with the current kubeconfig context
  perfana-support operator -n perfana -n legacy       # rights in two namespaces are enough
  perfana-support operator --kubeconfig admin.conf --http-port 0 --no-leader-election --verbose
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `operator`."""
    add_settings(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Run the operator until it is told to end."""
    settings = read_settings(vars(arguments), os.environ)
    try:
        from perfana_support.controller.run import run as run_operator  # noqa: PLC0415 - half a second of imports
    except ModuleNotFoundError as error:
        problem = f"is not installed ({error.name}); install perfana-support[operator]"
        raise SourceError([Fault("the operator's part", 0, 0, problem)]) from error
    run_operator(settings)
    return ExitCode.SUPPORTED
