"""Where reports go: formats to standard output or into files."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TextIO

from perfana_support.reports.formats import FORMATS, pieces
from perfana_support.reports.report import Report
from perfana_support.sources.errors import Fault, SourceError

_PIECE = 4096
_FOR_TERMINALS = ("table", "wide")


class Output(NamedTuple):
    """A format and the file that it is written to, "" for standard output."""

    format: str
    file: str = ""


def to_output(text: str) -> Output:
    """A format, alone or with `=FILE`. Raises `argparse.ArgumentTypeError`."""
    name, has_file, file = text.partition("=")
    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(FORMATS)}, alone or with =FILE, is {text!r}")
    if has_file and not file:
        raise argparse.ArgumentTypeError(f"names no file behind {name}=")
    return Output(name, file)


def places(stated: list[Output] | None) -> list[Output]:
    """Where reports go: each file once, and one format at most to standard output."""
    outputs = stated or [Output("table")]
    times = Counter(output.file for output in outputs)
    doubled = [file or "standard output" for file, count in times.items() if count > 1]
    if doubled:
        raise SourceError([Fault("--output", 0, 0, f"names {doubled[0]} more than once; give the others a file: FORMAT=FILE")])
    return outputs


def write(output: Output, reports: Iterable[Report]) -> None:
    """Write one format, in pieces. Raises `SourceError` for a file that cannot be opened, `OSError` where writing fails."""
    texts = pieces(output.format, reports)
    if not output.file:
        if output.format in _FOR_TERMINALS and sys.stdout.isatty():
            from perfana_support.cli.terminal import fit, is_coloured, width_of  # noqa: PLC0415 - pipelines have none

            width, colours = width_of(sys.stdout), is_coloured(sys.stdout, os.environ)
            texts = (fit(text, width, colours=colours) for text in texts)
        _write_all(sys.stdout, texts)
        return
    try:
        stream = open(output.file, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - opening and writing fail differently
    except OSError as error:
        raise SourceError([Fault(output.file, 0, 0, f"cannot be written: {error.strerror or error}")]) from error
    with stream:
        _write_all(stream, texts)


def _write_all(stream: TextIO, texts: Iterable[str]) -> None:
    """Write in small pieces: of one large write that stops in the middle, Python's buffer loses the error (seen in 3.11)."""
    stream.writelines(text[start : start + _PIECE] for text in texts for start in range(0, len(text), _PIECE))
