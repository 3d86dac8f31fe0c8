"""The file that a bundle is: a packed archive, the same bytes for the same content, and read as what a stranger may have made.

Nothing is ever unpacked to a disk. What is read is bounded before it is taken: unpacked bytes, files, their sizes.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

from perfana_support.sources.errors import Fault, SourceError

# A bundle of 200 pods has a megabyte. Whatever says more is no bundle, or hides something.
MAX_PACKED_BYTES = 64 * 1024 * 1024
MAX_BYTES = 128 * 1024 * 1024
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_FILES = 5000
_LEVEL = 9
_MODE = 0o644
_FOLDER = "bundle/"
_MAX_SHOWN = 80
_CHUNK = 64 * 1024
_BLOCK = 512
_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def pack(files: Mapping[str, bytes], moment: datetime) -> bytes:
    """The files as one archive, in order of their names and with nothing in it of who packed it where."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(_FOLDER + name)
            entry.size, entry.mode, entry.mtime = len(files[name]), _MODE, int(moment.timestamp())
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(unpacked.getvalue(), _LEVEL, mtime=0)


def digest_of(content: bytes) -> str:
    """SHA-256 as hex digits."""
    return hashlib.sha256(content).hexdigest()


def unpack(file: str) -> dict[str, bytes]:
    """The files of an archive by their names. Raises `SourceError` for anything that is not as `pack` makes it."""
    try:
        with open(file, "rb") as stream:
            return _read(_Bounded(stream))
    except OSError as error:
        raise _refused(file, error.strerror or str(error)) from error
    except _UnsoundError as error:
        raise _refused(file, str(error)) from error
    except (tarfile.TarError, EOFError, zlib.error, ValueError, RecursionError) as error:
        problem = f"is no bundle, or a damaged one: {' '.join(str(error).split())[:_MAX_SHOWN] or type(error).__name__}"
        raise _refused(file, problem) from error


class _UnsoundError(Exception):
    """What no bundle has, as a sentence's end."""


class _Bounded(io.RawIOBase):
    """The unpacked bytes of a file, which end in an error where they are too many.

    Unpacked by hand, since a file object of gzip's goes on with whatever follows the first part.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._unpacker = zlib.decompressobj(wbits=31)
        self._taken = self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        found = bytearray()
        while len(found) < size and not self._unpacker.eof:
            waiting = self._unpacker.unconsumed_tail or self._next()
            part = self._unpacker.decompress(waiting, size - len(found))
            if not waiting and not part:
                raise _UnsoundError("ends in the middle; was it copied completely?")
            found += part
        self._given += len(found)
        if self._given > MAX_BYTES:
            raise _UnsoundError(f"unpacks to more than {MAX_BYTES >> 20} MiB, which no bundle has")
        return bytes(found)

    def exactly(self, size: int) -> bytes:
        """So many bytes, and no fewer."""
        found = self.read(size)
        if len(found) < size:
            raise _UnsoundError("ends in the middle; was it copied completely?")
        return found

    def finish(self) -> None:
        """Read to the end, which the packing's own checksum is behind. Raises where something follows."""
        while not self._unpacker.eof:
            if any(self.read(_CHUNK)):
                raise _UnsoundError("holds something behind its archive")
        if self._unpacker.unused_data or self._packed.read(1):
            raise _UnsoundError("holds something behind its archive")

    def _next(self) -> bytes:
        part = self._packed.read(_CHUNK)
        self._taken += len(part)
        if self._taken > MAX_PACKED_BYTES:
            raise _UnsoundError(f"is larger than {MAX_PACKED_BYTES >> 20} MiB, which no bundle is")
        return part


def _read(stream: _Bounded) -> dict[str, bytes]:
    """The files. Headers are read one by one, and only those that `pack` writes: no links, no extensions, no holes."""
    files: dict[str, bytes] = {}
    while (block := stream.exactly(_BLOCK)).strip(b"\0"):
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        name = entry.name.removeprefix(_FOLDER)
        if entry.type != tarfile.REGTYPE:
            raise _UnsoundError(f"holds {entry.name[:_MAX_SHOWN]!r}, which is no plain file")
        if not entry.name.startswith(_FOLDER) or not is_plain(name):
            raise _UnsoundError(f"holds a file {entry.name[:_MAX_SHOWN]!r}, which is no name in a bundle")
        if name in files:
            raise _UnsoundError(f"holds {name} twice")
        if len(files) == MAX_FILES:
            raise _UnsoundError(f"holds more than {MAX_FILES} files, which no bundle does")
        if not 0 <= entry.size <= MAX_FILE_BYTES:
            raise _UnsoundError(f"holds {name} of {entry.size} bytes, which no bundle does")
        files[name] = stream.exactly(-(-entry.size // _BLOCK) * _BLOCK)[: entry.size]
    stream.finish()
    return files


def is_plain(name: str) -> bool:
    """Whether a name is that of a file below a folder, wherever it is unpacked: letters, digits, `.`, `_` and `-` alone."""
    parts = name.split("/")
    return all(part and not part.startswith(".") and set(part) <= _CHARACTERS for part in parts)


def _refused(file: str, problem: str) -> SourceError:
    return SourceError([Fault(file, 0, 0, problem)])
