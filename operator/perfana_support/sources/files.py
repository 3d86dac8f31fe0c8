"""Which files a user means: files themselves, folders, patterns that no shell wrote out, standard input."""

import os
import stat
from collections.abc import Iterator, Mapping

from perfana_support.sources.errors import STANDARD_INPUT, Fault
from perfana_support.sources.rendering import is_chart, is_rendered

_SUFFIXES = tuple(suffix + packed for suffix in (".yaml", ".yml", ".json") for packed in ("", ".gz"))
_WILD = frozenset("*?[")


def find_files(paths: list[str], faults: list[Fault]) -> Iterator[str]:
    """Every file that the paths stand for, in their order, each once however it is spelt.

    A folder stands for all YAML and JSON files below it, packed ones too; a chart or a kustomization for itself. A path that is
    not there and has `*`, `?` or `[` in it is a pattern, as a shell reads it, with `**` for folders of any depth: in quotes, or
    with no match, a shell hands it on.
    """
    found: dict[object, str] = {}
    named = frozenset(paths)
    for path in paths:
        if path != STANDARD_INPUT and not _WILD.isdisjoint(path) and not os.path.lexists(path):
            files = _matching(path, faults)
        else:
            files = _below(path, faults)
        for file in files:
            identity = _identity(file, found)
            # As it was named, if it was: more is expected of such a file than of one that was found.
            if found.get(identity) not in named:
                found[identity] = file if file in named else found.get(identity, file)
    yield from found.values()


def _identity(file: str, known: Mapping[object, str]) -> object:
    """What is the same for all spellings of a file. Two files may have the same numbers, where a file system has none."""
    if file == STANDARD_INPUT:
        return file
    try:
        state = os.stat(file)
    except OSError:
        return file
    numbers = (state.st_dev, state.st_ino)
    other = known.get(numbers)
    return numbers if other is None or os.path.realpath(other) == os.path.realpath(file) else os.path.realpath(file)


def _matching(pattern: str, faults: list[Fault]) -> Iterator[str]:
    from glob import glob  # noqa: PLC0415 - only who needs it pays for it

    found = sorted(glob(pattern, recursive=True))
    if not found:
        faults.append(Fault(pattern, 0, 0, "no file matches this pattern"))
    found = [path for path in found if os.path.isdir(path) or _is_file(path, faults)]
    # With ** the folders themselves match as well, and what is in them: each file is read once.
    yield from {os.path.normpath(file): file for path in found for file in _below(path, faults)}.values()


def _below(path: str, faults: list[Fault]) -> Iterator[str]:
    if path == STANDARD_INPUT or not os.path.isdir(path) or is_rendered(path):
        yield path
        return
    before = len(faults)
    found = sorted(_walk(path, _SUFFIXES, faults))
    if not found and len(faults) == before:
        faults.append(Fault(path, 0, 0, "the folder holds no .yaml, .yml or .json file"))
    yield from found


def below(folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The files below a folder, whatever kind of folder it is, with names that end so."""
    return _walk(folder, suffixes, [], parts_rendered=False)


def _walk(path: str, suffixes: tuple[str, ...], faults: list[Fault], *, parts_rendered: bool = True) -> Iterator[str]:
    """The files below a folder, links to folders followed, each folder once. Names with two dots are a volume's own copies."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(path, onerror=lambda error: faults.append(_os_fault(error)), followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        if parts_rendered and folder != path and is_rendered(folder):
            folders.clear()
            kind = "Helm chart" if is_chart(folder) else "kustomization"
            faults.append(Fault(folder, 0, 0, f"is a {kind} within a folder of manifests: give it by itself, -f {folder}"))
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".."))
        files = (os.path.join(folder, name) for name in names if name.lower().endswith(suffixes))
        yield from (file for file in files if _is_file(file, faults))


def _is_file(path: str, faults: list[Fault]) -> bool:
    """Whether what was found can be read to its end; what cannot is a fault. A link to nowhere is told by who opens it."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True
    if stat.S_ISREG(mode):
        return True
    fault = Fault(path, 0, 0, "is no regular file, and reading it may never end; if it is meant, name it by itself")
    if fault not in faults:  # a pattern may mean it twice, with its folder
        faults.append(fault)
    return False


def _os_fault(error: OSError) -> Fault:
    return Fault(error.filename or "input", 0, 0, error.strerror or str(error))
