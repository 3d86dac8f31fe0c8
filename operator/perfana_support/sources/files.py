"""Which files a user means: files themselves, folders, patterns that no shell wrote out, standard input."""

import os
from collections.abc import Iterator

from perfana_support.sources.errors import STANDARD_INPUT, Fault
from perfana_support.sources.rendering import is_rendered

_SUFFIXES = tuple(suffix + packed for suffix in (".yaml", ".yml", ".json") for packed in ("", ".gz"))
_WILD = frozenset("*?[")


def find_files(paths: list[str], faults: list[Fault]) -> Iterator[str]:
    """Every file that the paths stand for, in their order.

    A folder stands for all YAML and JSON files below it, packed ones too; a chart or a kustomization for itself. A path that is
    not there and has `*`, `?` or `[` in it is a pattern, as a shell reads it, with `**` for folders of any depth: in quotes, or
    with no match, a shell hands it on.
    """
    for path in paths:
        if path != STANDARD_INPUT and not _WILD.isdisjoint(path) and not os.path.lexists(path):
            yield from _matching(path, faults)
        else:
            yield from _below(path, faults)


def _matching(pattern: str, faults: list[Fault]) -> Iterator[str]:
    from glob import glob  # noqa: PLC0415 - only who needs it pays for it

    found = sorted(glob(pattern, recursive=True))
    if not found:
        faults.append(Fault(pattern, 0, 0, "no file matches this pattern"))
    # With ** the folders themselves match as well, and what is in them: each file is read once.
    yield from {os.path.normpath(file): file for path in found for file in _below(path, faults)}.values()


def _below(path: str, faults: list[Fault]) -> Iterator[str]:
    if path == STANDARD_INPUT or not os.path.isdir(path) or is_rendered(path):
        yield path
        return
    found = sorted(_walk(path, _SUFFIXES, faults))
    if not found:
        faults.append(Fault(path, 0, 0, "the folder holds no .yaml, .yml or .json file"))
    yield from found


def below(folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The files below a folder, whatever kind of folder it is, with names that end so."""
    return _walk(folder, suffixes, [])


def _walk(path: str, suffixes: tuple[str, ...], faults: list[Fault]) -> Iterator[str]:
    """The files below a folder, links to folders followed, each folder once. Names with two dots are a volume's own copies."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(path, onerror=lambda error: faults.append(_os_fault(error)), followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith("..")]
        yield from (os.path.join(folder, name) for name in names if name.lower().endswith(suffixes))


def _os_fault(error: OSError) -> Fault:
    return Fault(error.filename or "input", 0, 0, error.strerror or str(error))
