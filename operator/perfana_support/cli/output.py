"""Where reports go: formats to standard output or into files."""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple, TextIO

from perfana_support.reports.formats import FORMATS, pieces
from perfana_support.reports.report import Report
from perfana_support.reports.table import printable
from perfana_support.sources.errors import Fault, SourceError

_PIECE = 4096
FOR_TERMINALS = ("table", "wide")


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
    if len(outputs) > 1:
        from perfana_support.cli.clash import refuse_shared_outputs  # noqa: PLC0415 - one output meets no other

        refuse_shared_outputs(output.file for output in outputs)
    return outputs


def clear(outputs: list[Output]) -> None:
    """Empty the files that earlier runs wrote: however this run ends, what they say is not taken for what it says.

    Raises `SourceError` for one that cannot be written, before any work is done.
    """
    for output in outputs:
        if os.path.isfile(output.file):
            _open(output.file).close()


def write(output: Output, reports: Iterable[Report]) -> None:
    """Write one format, in pieces. Raises `SourceError` for a file that cannot be opened, `OSError` where writing fails."""
    _write_texts(output, pieces(output.format, reports), is_for_terminals=output.format in FOR_TERMINALS)


def write_text(output: Output, text: str, *, is_for_terminals: bool) -> None:
    """Write what is no report of verdicts. Raises as `write` does."""
    _write_texts(output, (text,), is_for_terminals=is_for_terminals)


def _write_texts(output: Output, texts: Iterable[str], *, is_for_terminals: bool) -> None:
    if not output.file:
        _write_all(sys.stdout, _fitted(texts) if is_for_terminals else texts)
        return
    stream = _open(output.file)
    try:
        with stream:
            _write_all(stream, texts)
    except OSError as error:  # of a stream it does not say which file it was
        raise OSError(error.errno, error.strerror, output.file) from error


def write_all(outputs: Iterable[Output], reports: Iterable[Report]) -> None:
    """Write every format; a file that cannot be opened does not keep the others from being written. Raises as `write` does."""
    outputs, faults = tuple(outputs), list[Fault]()
    if len(outputs) > 1:
        reports = tuple(reports)
    for output in outputs:
        try:
            write(output, reports)
        except SourceError as error:
            faults += error.faults
    if faults:
        raise SourceError(faults)


def _open(file: str) -> TextIO:
    try:
        return open(file, "w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise SourceError([Fault(file, 0, 0, f"cannot be written: {error.strerror or error}")]) from error


def note(sentences: Iterable[str]) -> None:
    """Tell what is no error, and what somebody may want to know before it becomes one."""
    for sentence in sentences:
        print(printable(f"note: {sentence}"), file=sys.stderr)


def show(text: str) -> None:
    """Print a text of tables and sentences as reports are printed: on a terminal no wider than that."""
    _write_all(sys.stdout, _fitted((text,)))


def _fitted(texts: Iterable[str]) -> Iterable[str]:
    if not sys.stdout.isatty():
        return texts
    from perfana_support.cli.terminal import fit, is_coloured, width_of  # noqa: PLC0415 - pipelines have none

    width, colours = width_of(sys.stdout), is_coloured(sys.stdout, os.environ)
    return (fit(text, width, colours=colours) for text in texts)


def _write_all(stream: TextIO, texts: Iterable[str]) -> None:
    """Write in small pieces: of one large write that stops in the middle, Python's buffer loses the error (seen in 3.11)."""
    stream.writelines(text[start : start + _PIECE] for text in texts for start in range(0, len(text), _PIECE))
