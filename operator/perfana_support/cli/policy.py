"""Look at support policies: check one for errors, print the one in force, or say what it changes."""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.output import show
from perfana_support.cli.terminal import width_of
from perfana_support.model.document import to_day
from perfana_support.model.policy_document import KEYED_LISTS
from perfana_support.reports.job_log import harmless, harmless_json
from perfana_support.reports.table import printable
from perfana_support.sources.clock import today
from perfana_support.sources.errors import Fault, SourceError, shown_name
from perfana_support.sources.policy import builtin_document, merged_document, read_policy_document
from perfana_support.sources.zone import read_zone

EXAMPLES = """\
examples:
  perfana-support policy lint our-policy.yaml
  helm template our-policies | perfana-support policy lint -
  perfana-support policy show > built-in.yaml
  perfana-support policy show our-policy.yaml      # merged with the built-in policy
  perfana-support policy diff our-policy.yaml      # what it changes
"""

_WIDTH = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `policy`."""
    parser.add_argument("action", choices=("lint", "show", "diff"), help="what to do")
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE|DIR",
        help="a SupportPolicy document or a folder that holds one, - for standard input (show: the built-in one by default)",
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Do what is asked; a policy with errors is bad input, with each of them named by path."""
    if arguments.file is None:
        if arguments.action != "show":
            raise SourceError([Fault(f"policy {arguments.action}", 0, 0, "needs a FILE")])
        print_yaml(builtin_document())
        return ExitCode.SUPPORTED
    document = merged_document(read_policy_document(arguments.file))
    if arguments.action == "lint":
        _refuse_future(arguments.file, document["spec"])
        _refuse_unknown_zone(arguments.file, document["spec"])
        metadata, spec = document["metadata"], document["spec"]
        show(printable(f"{shown_name(arguments.file)}: valid, policy {metadata['name']} of {spec['publishedOn']}") + "\n")
    elif arguments.action == "show":
        print_yaml(document)
    else:
        changes = list(differences(builtin_document()["spec"], document["spec"], "spec"))
        show("".join(f"{printable(line)}\n" for line in changes or ("no difference from the built-in policy",)))
    return ExitCode.SUPPORTED


def _refuse_future(name: str, spec: Mapping[str, Any]) -> None:
    """A policy of a day to come would not grow stale until then, so the day is a slip; `check` itself takes any day."""
    published_on, as_of = to_day(spec.get("publishedOn")), today()
    if published_on and published_on > as_of:
        problem = f"spec.publishedOn: must not be in the future, is {published_on}, today is {as_of} (UTC)"
        raise SourceError([Fault(name, 0, 0, problem)])


def _refuse_unknown_zone(name: str, spec: Mapping[str, Any]) -> None:
    """A zone that nobody knows here would be found out when somebody is about to raise a ticket."""
    zone = spec.get("support", {}).get("coverage", {}).get("timeZone")
    if zone:
        read_zone(zone, f"{shown_name(name)}: spec.support.coverage.timeZone")


def differences(before: object, after: object, path: str) -> Iterator[str]:
    """What differs, a line each: the path by keys, the value before and after."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for field in {**before, **after}:
            yield from differences(before.get(field), after.get(field), f"{path}.{field}")
        return
    key = KEYED_LISTS.get(path.rpartition(".")[2])
    if key and _is_keyed(before) and _is_keyed(after):
        old, new = _by_key(before or [], key), _by_key(after or [], key)
        for name in {**old, **new}:
            yield from differences(old.get(name), new.get(name), f'{path}["{name}"]')
        return
    if before != after:
        yield f"{path}: {_short(before)} -> {_short(after)}"


def _is_keyed(value: object) -> TypeGuard[list[Mapping[str, Any]] | None]:
    """Whether a list holds entries with a key; some of the same name hold texts (`lines` of a product line)."""
    return value is None or (isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value))


def _by_key(entries: list[Mapping[str, Any]], key: str) -> dict[str, Mapping[str, Any]]:
    return {entry[key]: entry for entry in entries}


def _short(value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{field}: {_short(part)}" for field, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_short, value)) + "]"
    return str(value)


def print_yaml(document: Mapping[str, Any]) -> None:
    """Print a document as YAML, with nothing in it that a job's log would take for a command."""
    import yaml  # noqa: PLC0415 - only what is printed as YAML pays for it

    width = width_of(sys.stdout) or _WIDTH
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=width)
    if any(harmless(line) != line for line in text.splitlines()):
        # What would be a command of a job's log stands in quotes, and no line begins with it.
        text = harmless_json(yaml.safe_dump(document, sort_keys=False, default_style='"', width=math.inf))
    sys.stdout.write(text)
