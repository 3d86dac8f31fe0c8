"""Files that are there as a whole or not at all."""

import os
import tempfile

from perfana_support.sources.errors import Fault, SourceError


def write_whole(file: str, content: bytes, *, is_private: bool = False) -> None:
    """Write a file as a whole or not at all: half a bundle would be taken for one.

    Links are followed, and what is no plain file, a device or a pipe, is written to as it is. A private one is readable by
    nobody else from its first byte on. Raises `SourceError`.
    """
    place = os.path.realpath(file)
    try:
        if os.path.exists(place) and not os.path.isfile(place):
            with open(place, "wb") as stream:
                stream.write(content)
            return
        # A name that nobody can have made before, readable by nobody else.
        number, beside = tempfile.mkstemp(prefix=".perfana-support-", dir=os.path.dirname(place))
        try:
            with open(number, "wb") as stream:
                stream.write(content)
                if not is_private:
                    os.fchmod(number, 0o666 & ~_umask())
            os.replace(beside, place)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise SourceError([Fault(file, 0, 0, f"cannot be written: {error.strerror or error}")]) from error


def _umask() -> int:
    """What the user takes away from new files; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
