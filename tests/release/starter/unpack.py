"""Unpack a part of a single file, once: several first starts at a time must not see half of what another one writes."""

import atexit
import os
import shutil
import sys
import tempfile
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from typing import NoReturn

from .start import PROGRAM, is_ours

_FAILED = 1
# Of an extension module for one kind of Python: `_yaml.cpython-311-x86_64-linux-gnu.so`.
_FOR_ONE_PYTHON = ".cpython-"
_YAML_EXTENSION = "yaml/_yaml"


def unpack(part: str, folder: str) -> str:
    """Unpack a part into a folder that all later starts find, or one for this run alone where that cannot be written.

    Returns the folder. Ends the program with one line where there is no place at all, or the file is damaged: exit code 1,
    which is no verdict.
    """
    try:
        try:
            return _unpack_to_stay(part, folder)
        except OSError as error:
            return _unpack_for_now(part, folder, error)
    except OSError as error:
        _fail(f"no folder to unpack into: {error}; TMPDIR or XDG_CACHE_HOME may name one")
    except zipfile.BadZipFile as error:
        _fail(f"{_file()} is damaged ({error}): get it anew")


def _unpack_to_stay(part: str, folder: str) -> str:
    parent = os.path.dirname(folder)
    os.makedirs(parent, mode=0o700, exist_ok=True)
    new = tempfile.mkdtemp(prefix=".new-", dir=parent)
    try:
        _extract(part, new)
        os.chmod(new, 0o755)  # noqa: S103 - root may unpack it for everybody
        os.rename(new, folder)
    except BaseException as error:
        shutil.rmtree(new, ignore_errors=True)
        # Another start was faster.
        if not isinstance(error, OSError) or not is_ours(folder):
            raise
    return folder


def _unpack_for_now(part: str, folder: str, reason: OSError) -> str:
    new = tempfile.mkdtemp(prefix="perfana-support-")
    atexit.register(shutil.rmtree, new, ignore_errors=True)
    _extract(part, new)
    _say(f"note: {folder} cannot be used ({reason.strerror}), so each run unpacks anew; XDG_CACHE_HOME may name another place")
    return new


def _extract(part: str, folder: str) -> None:
    """Write what this Python can use; a file holds the extension modules of several."""
    suffix = EXTENSION_SUFFIXES[0]
    with zipfile.ZipFile(_file()) as file, file.open(f"{part}.zip") as packed, zipfile.ZipFile(packed) as archive:
        names = [name for name in archive.namelist() if _FOR_ONE_PYTHON not in name or name.endswith(suffix)]
        archive.extractall(folder, names)
    if part == PROGRAM and f"{_YAML_EXTENSION}{suffix}" not in names:
        _say(f"note: this file has no fast YAML reader for this Python ({suffix}): the answers are the same, and come later")


def _file() -> str:
    """The single file that this module stands in."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _fail(problem: str) -> NoReturn:
    _say(f"error: {problem}")
    sys.exit(_FAILED)
