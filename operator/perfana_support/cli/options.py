"""Options that flags, environment variables and a file can state; the first of these that states one wins.

A pipeline sets what holds for all of its runs once, in `perfana-support.yaml` beside its manifests or in variables.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from perfana_support.cli.variables import PREFIX
from perfana_support.sources.errors import Fault, SourceError

CONFIG_FILE = "perfana-support.yaml"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"


class Option(NamedTuple):
    """An option of a command, by its long flag without dashes.

    `convert` raises `argparse.ArgumentTypeError` with what must be. `is_list`: it can be given several times, and in a variable
    with commas between.
    """

    flag: str
    metavar: str
    help: str
    convert: Callable[[str], Any] = str
    short: str = ""
    is_list: bool = False

    @property
    def dest(self) -> str:
        """Name in the parsed arguments."""
        return self.flag.replace("-", "_")

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return PREFIX + self.dest.upper()


def add_options(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Add the options, none of which has a value yet where no flag states one, and the one that names the file."""
    for option in options:
        names = [f"-{option.short}"] if option.short else []
        action = "append" if option.is_list else "store"
        parser.add_argument(
            *names, f"--{option.flag}", action=action, type=option.convert, metavar=option.metavar, help=option.help
        )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"a file with options by their names (default: {CONFIG_FILE} in the current folder, if it is there); "
        "variables PERFANA_SUPPORT_… win over it, flags over both",
    )


def fill(arguments: argparse.Namespace, options: Sequence[Option], environ: Mapping[str, str]) -> str:
    """Set what no flag states from variables and the file; returns the file's name, "" without one.

    Raises `SourceError` with every value that cannot be used, and where it stands.
    """
    file = arguments.config or environ.get(CONFIG_VARIABLE) or (CONFIG_FILE if os.path.exists(CONFIG_FILE) else "")
    stated = _read_file(file, options) if file else {}
    faults: list[Fault] = []
    for option in options:
        if getattr(arguments, option.dest) is not None:
            continue
        text = environ.get(option.variable, "").strip()
        parts = [part.strip() for part in text.split(",")] if option.is_list else [text]
        if any(parts):  # a pipeline sets to nothing what it leaves out
            raw = list(filter(None, parts))
            place = Fault(option.variable, 0, 0, "")
        elif option.flag in stated:
            raw, place = stated[option.flag], Fault(file, 0, 0, f"{option.flag}: ")
        else:
            continue
        try:
            values = [option.convert(each) for each in raw]
        except argparse.ArgumentTypeError as error:
            faults.append(place._replace(problem=f"{place.problem}{error}"))
            continue
        setattr(arguments, option.dest, values if option.is_list else values[0])
    if faults:
        raise SourceError(faults)
    return file


def choice(*allowed: str) -> Callable[[str], str]:
    """A conversion that takes one of some words."""

    def convert(text: str) -> str:
        if text not in allowed:
            raise argparse.ArgumentTypeError(f"must be one of {', '.join(allowed)}, is {text!r}")
        return text

    return convert


def _read_file(file: str, options: Sequence[Option]) -> dict[str, list[str]]:
    """What the file states, each value as a list of texts."""
    from perfana_support.sources.yaml_document import load_file  # noqa: PLC0415 - only who has a file pays for it

    document = load_file(file)
    if not isinstance(document, Mapping):
        raise SourceError([Fault(file, 0, 0, "must be a mapping of options, for example fail-on: at-risk")])
    by_flag = {option.flag: option for option in options}
    faults, stated = [], {}
    for flag, value in document.items():
        option = by_flag.get(str(flag))
        texts = value if isinstance(value, list) else [value]
        if option is None:
            faults.append(Fault(file, 0, 0, f"{flag}: is no option, known are {', '.join(by_flag)}"))
        elif (isinstance(value, list) and not option.is_list) or not all(_is_text(each) for each in texts):
            form = "a text or a list of texts" if option.is_list else "a text"
            form += ", in quotes where it looks like a number"
            faults.append(Fault(file, 0, 0, f"{flag}: must be {form}"))
        else:
            stated[option.flag] = list(texts)
    if faults:
        raise SourceError(faults)
    return stated


def _is_text(value: object) -> bool:
    """Whether a value is text: a line such as 4.10 without quotes would be read as 4.1."""
    return isinstance(value, str)
