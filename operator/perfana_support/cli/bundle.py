"""Take a bundle of an installation for the vendor's support: the verdict with all that it was made from, and no secret."""

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import Any

from perfana_support.cli.check_options import to_day
from perfana_support.cli.clash import refuse_overwriting, refuse_shared_outputs
from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.output import note, show
from perfana_support.cli.whole_file import write_whole
from perfana_support.reports.bundle_index import index_text
from perfana_support.reports.table import printable
from perfana_support.sources.clock import now
from perfana_support.sources.errors import Fault, SourceError

EXAMPLES = """\
examples:
  perfana-support bundle -n perfana --dry-run          # what would be in it, and what masked
  perfana-support bundle -n perfana -o perfana.tar.gz
  perfana-support bundle -n perfana --logs 200         # with the last lines of the product's logs
  perfana-support bundle -n perfana --anonymise        # pseudonyms for namespaces, hosts and names
  perfana-support bundle -n perfana -o perfana.tar.gz --attest
  perfana-support bundle show perfana.tar.gz
  perfana-support bundle diff before.tar.gz after.tar.gz
  perfana-support check --bundle perfana.tar.gz        # judge it again

exit codes:
  0  the bundle is written, whatever the verdict in it
  1  internal error or full disk
  2  usage, a cluster that cannot be asked, a bundle that cannot be read
"""

# What reproducible builds are dated by (reproducible-builds.org): with it, the same facts give the same bytes.
_EPOCH = "SOURCE_DATE_EPOCH"
# What an archive's header has room for: eleven octal digits, which end in the year 2242.
_LAST_SECOND = 8**11 - 1
_MOST_DIGITS = 10
STANDARD_OUTPUT = "-"
# What the statement about a bundle is called beside it.
STATEMENT = ".intoto.json"
_OF_READING = ("command", "action", "file", "debug")
_FILES = {"take": 0, "show": 1, "diff": 2}
_MOST_LINES = 5000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bundle`."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=tuple(_FILES),
        default="take",
        help="take a bundle (default), show what is in one, or what changed between two",
    )
    parser.add_argument("file", nargs="*", metavar="FILE", help="of show one bundle, of diff two")
    parser.add_argument("-n", "--namespace", metavar="NAMESPACE", help="the namespace of the installation")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="where to write it, - for standard output (default: perfana-support-NAMESPACE-TIME.tar.gz)",
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing, print what would be in it and what masked")
    parser.add_argument(
        "--anonymise",
        action="store_true",
        help="pseudonyms for namespaces, hosts and names, which change nothing about the verdict; not together with --logs",
    )
    parser.add_argument(
        "--pseudonyms",
        metavar="FILE",
        help="the table of pseudonyms, which goes on with each bundle and never leaves you; implies --anonymise",
    )
    parser.add_argument(
        "--logs",
        metavar="LINES",
        type=_lines,
        help="the last lines of the logs of the product's containers, with what looks like a secret masked; read them before "
        "you hand them over",
    )
    parser.add_argument(
        "--attest",
        action="store_true",
        help="write a statement about it beside it, FILE.intoto.json, to be signed (docs/attestation.md)",
    )
    parser.add_argument("--name", metavar="NAME", help="the SupportCheck, where the namespace has several")
    parser.add_argument("--check", metavar="FILE|-", help="a SupportCheck document in place of the cluster's")
    parser.add_argument(
        "--policy", metavar="FILE|DIR|-", help="a SupportPolicy document in place of the one that the check names"
    )
    parser.add_argument("--as-of", metavar="DATE", type=to_day, help="judge as of this day, YYYY-MM-DD in UTC (default: today)")
    parser.add_argument("--context", metavar="NAME", help="the kubeconfig's context to use (default: the current one)")
    parser.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)")
    parser.add_argument("--registry-config", metavar="FILE", help="a Docker configuration with credentials for registries")
    parser.add_argument(
        "--registry-ca-file", metavar="FILE", help="certificates of authorities that registries have, beside the system's"
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Take a bundle, or read those that are named."""
    wanted = _FILES[arguments.action]
    if len(arguments.file) != wanted:
        known = "bundle -n NAMESPACE takes one, bundle show FILE and bundle diff FILE FILE read them"
        raise SourceError(
            [Fault(f"bundle {arguments.action}", 0, 0, f"takes {wanted} files, got {len(arguments.file)}; {known}")]
        )
    if arguments.action == "take":
        return _take(arguments)
    stated = [name for name, value in vars(arguments).items() if value and name not in _OF_READING]
    if stated:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in stated)
        raise SourceError([Fault(f"bundle {arguments.action}", 0, 0, f"takes no {named}: that is for taking a bundle")])
    from perfana_support.cli.evidence import read_recorded  # noqa: PLC0415 - only who reads one pays for it

    recorded = [read_recorded(file) for file in arguments.file]
    note(doubt for each in recorded for doubt in each.doubts)
    if arguments.action == "show":
        show(index_text(recorded[0].listed))
        return ExitCode.SUPPORTED
    from perfana_support.cli.bundle_diff import changes  # noqa: PLC0415 - as above

    before, after = recorded
    show("".join(f"{printable(line)}\n" for line in changes(before, after)))
    return ExitCode.SUPPORTED


def _take(arguments: argparse.Namespace) -> ExitCode:
    from perfana_support.cli.bundle_making import make  # noqa: PLC0415 - only who takes one pays for it

    _refuse_contradictions(arguments)
    taken_at = _moment()
    made = make(arguments, taken_at)
    note(f"missing in the bundle: {sentence}" for sentence in made.listed["missing"])
    if arguments.dry_run:
        show(index_text(made.listed))
        return ExitCode.SUPPORTED
    if made.pseudonyms is not None and arguments.pseudonyms:
        write_whole(arguments.pseudonyms, made.pseudonyms, is_private=True)
    if arguments.output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(made.content)
        return ExitCode.SUPPORTED
    file = arguments.output or f"perfana-support-{made.listed['namespace']}-{taken_at:%Y%m%dT%H%M%SZ}.tar.gz"
    write_whole(file, made.content)
    print(f"{file}: {len(made.content)} bytes, sha256 {made.digest}")
    if arguments.attest:
        statement = f"{file}{STATEMENT}"
        write_whole(statement, made.statement(os.path.basename(file)))
        print(f"{statement}: to be signed, for example by cosign (docs/attestation.md)")
    verdict: dict[str, Any] = made.listed["verdict"]
    for kind, said in verdict.items():
        print(f"{kind}: {said['status']} ({said['reason']})")
    return ExitCode.SUPPORTED


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    problem = ""
    if not arguments.namespace:
        problem = "needs -n NAMESPACE"
    elif arguments.logs and (arguments.anonymise or arguments.pseudonyms):
        problem = "takes either --logs or --anonymise: nobody can tell all names in a log"
    elif arguments.output == STANDARD_OUTPUT and arguments.attest:
        problem = "needs -o FILE with --attest: the statement names a file"
    elif arguments.name and arguments.check:
        problem = "takes either --name, of a SupportCheck in the cluster, or --check, of one in a file"
    if problem:
        raise SourceError([Fault("bundle", 0, 0, problem)])
    files = [file for file in (arguments.output, arguments.pseudonyms) if file and file != STANDARD_OUTPUT]
    files += [f"{file}{STATEMENT}" for file in files[:1] if arguments.attest and arguments.output]
    inputs = (arguments.check, arguments.policy, arguments.kubeconfig, arguments.registry_config, arguments.registry_ca_file)
    refuse_shared_outputs(files)
    refuse_overwriting(files, (), inputs)


def _moment() -> datetime:
    """When the bundle is taken."""
    stated = os.environ.get(_EPOCH, "")
    if not stated:
        return now().replace(microsecond=0)
    if not stated.isdecimal() or not stated.isascii() or len(stated) > _MOST_DIGITS or int(stated) > _LAST_SECOND:
        raise SourceError([Fault(_EPOCH, 0, 0, f"must be seconds since 1970, at most {_LAST_SECOND}, is {stated!r}")])
    return datetime.fromtimestamp(int(stated), UTC)


def _lines(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MOST_LINES:
        raise argparse.ArgumentTypeError(f"must be a number of lines from 1 to {_MOST_LINES}, is {text!r}")
    return int(text)
