"""Bundles from strangers: files that are none, archives that mean harm, documents that are not what they should be.

Each case is made of a sound bundle, which it spoils in one way. What has to come of every one: exit code 2 and one line that
says what is wrong, in bounded time and memory, and nothing written anywhere. A bundle is what this program writes, and nothing
that merely can be read as one.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from tests.hostile_tar import MUCH, Members, archive, first_of, header, million_headers, tars

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEMORY_BYTES = 200 * 2**20
WITHIN_SECONDS = 10.0
"""What a reader may take for any of them."""

_PIECE = 16 * 2**20
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_DEEP = 100_000
_MANY = 1_000_000
_LONG = 100 * 2**20
_MANY_DIGITS = 1_000_000


class Case(NamedTuple):
    """One hostile file, made when it is asked for: some take seconds and megabytes."""

    name: str
    make: Callable[[], bytes]


def cases(bundle: bytes, reseal: Callable[[Members], Members] = dict) -> list[Case]:
    """Return all cases made of a sound bundle.

    `reseal` puts right what one member says about others, digests for instance, so that a changed document is found for what
    it is.
    """
    members = members_of(bundle)
    found = [Case(name, partial(make, bundle)) for name, make in FILES.items()]
    found += [Case(name, partial(_packed_tar, make, members)) for name, make in tars().items()]
    for member in (name for name in members if name.endswith(".json")):
        found += [
            Case(f"{member}: {what}", partial(_spoiled, members, member, spoil, reseal)) for what, spoil in DOCUMENTS.items()
        ]
    return found


def _packed_tar(make: Callable[[Members], bytes], members: Members) -> bytes:
    return packed(make(dict(members)))


def members_of(bundle: bytes) -> Members:
    """Return what a sound bundle holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:gz") as archive:
        files = ((each.name, archive.extractfile(each)) for each in archive)
        return {name: file.read() for name, file in files if file}


def packed(content: bytes) -> bytes:
    """Return bytes as gzip packs them, the same each time."""
    return gzip.compress(content, compresslevel=1, mtime=0)


def mistyped(document: bytes) -> list[tuple[str, bytes]]:
    """Return a JSON object once for each of its fields, with a value there that is of another type."""
    whole = json.loads(document)
    return [(f"{field} of another type", json.dumps(whole | {field: _other(value)}).encode()) for field, value in whole.items()]


def _other(value: object) -> object:
    return {"of": "another type"} if isinstance(value, str | int | float | list | None) else "of another type"


def _spoiled(members: Members, name: str, spoil: Callable[[bytes], bytes], reseal: Callable[[Members], Members]) -> bytes:
    return packed(archive(reseal(members | {name: spoil(members[name])})))


@lru_cache(maxsize=2)
def zeros(head: bytes = b"") -> bytes:
    """Return ten GiB of zeros behind a head, in gzip: ten megabytes, made of one piece again and again.

    The sum at its end is wrong: whoever stops in time never sees it.
    """
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    begin = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    piece = deflate.compress(bytes(_PIECE)) + deflate.flush(zlib.Z_FULL_FLUSH)
    end = deflate.flush()
    return b"".join((_GZIP_HEAD, begin, piece * (MUCH // _PIECE), end, struct.pack("<II", 0, MUCH & 0xFFFFFFFF)))


def _split(bundle: bytes) -> bytes:
    content = gzip.decompress(bundle)
    return packed(content[: len(content) // 2]) + packed(content[len(content) // 2 :])


def _as_zip(bundle: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members_of(bundle).items():
            archive.writestr(name, content)
    return file.getvalue()


def _behind_a_million(bundle: bytes) -> bytes:
    packing = zlib.compressobj(1, wbits=31)
    pieces = [packing.compress(piece) for piece in chain(million_headers(), (gzip.decompress(bundle),))]
    return b"".join((*pieces, packing.flush()))


def _nested(bundle: bytes, times: int) -> bytes:
    for _ in range(times):
        bundle = packed(bundle)
    return bundle


def _noise() -> bytes:
    return random.Random(1).randbytes(10_000)  # noqa: S311 - the same each time


def _with(bundle: bytes, at: int, byte: int) -> bytes:
    """Return a file with another byte at one place."""
    changed = bytearray(bundle)
    changed[at] ^= byte
    return bytes(changed)


FILES: Mapping[str, Callable[[bytes], bytes]] = {
    "empty file": lambda _: b"",
    "file of one byte": lambda _: b"\x1f",
    "plain text": lambda _: b"this is no bundle\n",
    "page of a login": lambda _: b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n",
    "JSON": lambda _: b'{"apiVersion": "support.perfana.io/v1alpha1"}\n',
    "zip": _as_zip,
    "bzip2": lambda bundle: bz2.compress(gzip.decompress(bundle)),
    "xz": lambda bundle: lzma.compress(gzip.decompress(bundle)),
    "tar that is not packed": gzip.decompress,
    "text in gzip": lambda _: packed(b"this is no tar\n"),
    "nothing in gzip": lambda _: packed(b""),
    "noise": lambda _: _noise(),
    "noise behind the head of gzip": lambda _: _GZIP_HEAD + _noise(),
    "head of gzip alone": lambda _: _GZIP_HEAD,
    "gzip of another method": lambda bundle: _with(bundle, 2, 1),
    "gzip with reserved flags": lambda bundle: _with(bundle, 3, 0xE0),
    "gzip with a name that never ends": lambda _: _GZIP_HEAD[:3] + b"\x08" + _GZIP_HEAD[4:] + b"a" * 2**20,
    "gzip cut in half": lambda bundle: bundle[: len(bundle) // 2],
    "gzip cut before its sum": lambda bundle: bundle[:-8],
    "gzip cut by one byte": lambda bundle: bundle[:-1],
    "gzip with a wrong sum": lambda bundle: _with(bundle, -8, 0xFF),
    "gzip with a wrong length": lambda bundle: _with(bundle, -4, 0xFF),
    "gzip with a flipped bit": lambda bundle: _with(bundle, len(bundle) // 2, 0x10),
    "gzip with noise behind it": lambda bundle: bundle + b"noise",
    "gzip with zeros behind it": lambda bundle: bundle + bytes(512),
    "gzip of two members": _split,
    "bundle twice": lambda bundle: bundle * 2,
    "bundle and a bomb behind it": lambda bundle: bundle + zeros(),
    "bundle in gzip": lambda bundle: _nested(bundle, 1),
    "bundle in gzip many times": lambda bundle: _nested(bundle, 100),
    "bomb of zeros": lambda _: zeros(),
    "bomb in a member": lambda bundle: zeros(header(first_of(members_of(bundle)), MUCH)),
    "bomb in another member": lambda _: zeros(header("other", MUCH)),
    "bomb in a bomb": lambda _: packed(zeros()),
    "bundle behind a million members": _behind_a_million,
    "gzip of a hundred thousand empty members": lambda bundle: packed(b"") * 100_000 + bundle,
}

DOCUMENTS: Mapping[str, Callable[[bytes], bytes]] = {
    "of no bytes": lambda _: b"",
    "a list": lambda _: b"[]",
    "a text": lambda _: b'"text"',
    "a number": lambda _: b"7",
    "null": lambda _: b"null",
    "an empty object": lambda _: b"{}",
    "an object around it": lambda document: b'{"a": ' + document + b"}",
    "cut": lambda document: document[: len(document) // 2],
    "twice": lambda document: document * 2,
    "with more behind it": lambda document: document + b"}",
    "with a comment": lambda document: b"// of a stranger\n" + document,
    "in apostrophes": lambda document: document.replace(b'"', b"'"),
    "too deep, in lists": lambda document: _with_field(document, b"[" * _DEEP + b"]" * _DEEP),
    "too deep, in objects": lambda document: _with_field(document, b'{"a":' * _DEEP + b"1" + b"}" * _DEEP),
    "deep without end": lambda _: b"[" * _DEEP,
    "with a key twice": lambda document: b'{"apiVersion": "other/v1", ' + document.lstrip()[1:],
    "with NaN": lambda document: _with_field(document, b"NaN"),
    "with Infinity": lambda document: _with_field(document, b"-Infinity"),
    "with a number beyond all": lambda document: _with_field(document, b"1e999999"),
    "with a number of a million digits": lambda document: _with_field(document, b"9" * _MANY_DIGITS),
    "with a lone surrogate": lambda document: _with_field(document, b'"\\ud800"'),
    "with a zero in a text": lambda document: _with_field(document, b'"a\0b"'),
    "with a zero among its bytes": lambda document: document + b"\0",
    "not in UTF-8": lambda document: _with_field(document, b'"\xff\xfe"'),
    "in UTF-16": lambda document: document.decode().encode("utf-16"),
    "in UTF-32": lambda document: document.decode().encode("utf-32"),
    "with a mark of UTF-8 before it": lambda document: b"\xef\xbb\xbf" + document,
    "with a hundred megabytes of spaces": lambda document: b" " * _LONG + document,
    "with a text of a hundred megabytes": lambda document: _with_field(document, b'"' + b"x" * _LONG + b'"'),
    "with a million keys": lambda document: _with_field(
        document, b"{" + b",".join(b'"%d":0' % number for number in range(_MANY)) + b"}"
    ),
    "with a million lists": lambda document: _with_field(document, b"[" + b",".join([b"[]"] * _MANY) + b"]"),
}


def _with_field(document: bytes, value: bytes) -> bytes:
    """Return a JSON object with a field more, before the others."""
    rest = document.lstrip()[1:]
    between = b"" if rest.lstrip().startswith(b"}") else b", "
    return b'{"ofAStranger": ' + value + between + rest
