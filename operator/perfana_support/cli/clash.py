"""Files that are written and read in one run: an output must overwrite neither an input nor another output.

Files are told apart by what they are and not by how they are spelt: links of both kinds lead to the same file.
"""

import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from perfana_support.sources.errors import STANDARD_INPUT, Fault, SourceError, shown_name
from perfana_support.sources.files import below, find_files

# How reports begin that may lie among manifests by their names (.json, .yaml); no manifest begins so.
_REPORTS = (
    b'{\n  "apiVersion": "support.perfana.io/v1alpha1",\n  "kind": "SupportReport',
    b"apiVersion: support.perfana.io/v1alpha1\nkind: SupportReport",
    b'{\n  "$schema": "https://docs.oasis-open.org/sarif/',
    b'[\n  {\n    "description": ',
    b"[]\n",
)
_LONGEST = max(map(len, _REPORTS))

Identity = tuple[int, int] | str


def identity(file: str) -> Identity:
    """What a file is, however it is spelt: its place on the disk, or where it will be. Devices are as they are spelt."""
    try:
        return _of(os.stat(file)) or file
    except OSError:
        return os.path.realpath(file)


def refuse_shared_outputs(outputs: Iterable[str]) -> None:
    """Each file is written once, and one report at most goes to standard output (""). Raises `SourceError`."""
    outputs = tuple(outputs)
    told = [_of_stream(sys.stdout, "") if not file else identity(file) for file in outputs]
    doubled = next((file for file, one in zip(outputs, told, strict=True) if Counter(told)[one] > 1), None)
    if doubled is not None:
        name = doubled or "standard output"
        raise SourceError([Fault("--output", 0, 0, f"names {name} more than once; give the others a file: FORMAT=FILE")])


def refuse_overwriting(outputs: Iterable[str], paths: Iterable[str], files: Iterable[str | None]) -> None:
    """An output that is there and is read as well is refused: of `paths` what lies below them too. Raises `SourceError`.

    Reports of earlier runs that lie in a folder are no input, and are written anew.
    """
    written = {identity(file): file for file in outputs if os.path.isfile(file)}
    if not written:
        return
    paths = (*paths, *filter(None, files))
    for file in paths:
        one = _of_stream(sys.stdin, STANDARD_INPUT) if file == STANDARD_INPUT else identity(file)
        if one in written:
            raise _refusal(written[one], file)
    for file in _below(paths):
        output = written.get(identity(file))
        if output and not is_report(file):
            raise _refusal(output, file)


def is_report(file: str) -> bool:
    """Whether a file is a report of an earlier run, or empty."""
    try:
        with open(file, "rb") as stream:
            beginning = stream.read(_LONGEST)
    except OSError:
        return False
    return not beginning or beginning.startswith(_REPORTS)


def passing_over(files: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file is one of these that are there, however it is spelt."""
    there = {identity(file) for file in files if file and os.path.isfile(file)}
    return lambda file: bool(there) and identity(file) in there


def _refusal(output: str, file: str) -> SourceError:
    spelt = "" if output == file else f" as {shown_name(file)}"
    return SourceError([Fault("--output", 0, 0, f"{output} is read in this run{spelt}, and would be overwritten")])


def _below(paths: Iterable[str]) -> Iterator[str]:
    """What is read of folders and patterns; of a chart or kustomization whatever may be part of it."""
    for file in find_files([path for path in paths if path != STANDARD_INPUT], []):
        if os.path.isdir(file):
            yield from below(file, (".yaml", ".yml", ".json", ".tpl"))
        else:
            yield file


def _of_stream(stream: TextIO | None, name: str) -> Identity:
    try:
        return (_of(os.fstat(stream.fileno())) if stream else None) or name
    except (OSError, ValueError):
        return name


def _of(found: os.stat_result) -> tuple[int, int] | None:
    return None if stat.S_ISCHR(found.st_mode) else (found.st_dev, found.st_ino)
