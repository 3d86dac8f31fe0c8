"""Tar archives that mean harm, byte by byte: what Python's own writer would refuse to write.

Each maker gets the members of a sound bundle and returns a tar stream, unpacked. Where it can, the harm comes first and the
sound members after it, so that a reader which looks for what it knows meets the harm on its way.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Members = dict[str, bytes]

BLOCK = 512
END = bytes(2 * BLOCK)
MANY_MEMBERS = 1_000_000
MUCH = 10 * 2**30
"""Bytes: ten GiB, more than a memory or a disk should have to take."""

MANY_HEADERS = 100_000
_AT_A_TIME = 10_000
_MOST_OCTAL = 8**11
TARGET = "outside-of-the-bundle"
"""The name of what would be written elsewhere, in all of them."""

_ABSOLUTE = f"/opt/{TARGET}"

FILE, HARD_LINK, SYMBOLIC_LINK, CHARACTER, BLOCK_DEVICE, FOLDER, FIFO, CONTIGUOUS = (
    b"0",
    b"1",
    b"2",
    b"3",
    b"4",
    b"5",
    b"6",
    b"7",
)
PAX, PAX_FOR_ALL, LONG_NAME, LONG_LINK, SPARSE, VOLUME, CONTINUED = b"x", b"g", b"L", b"K", b"S", b"V", b"M"


def header(  # noqa: PLR0913 - the fields of a header
    name: str | bytes, size: int | bytes = 0, kind: bytes = FILE, *, link: str = "", mode: int = 0o644, device: int = 0
) -> bytes:
    """Return a header block with a right checksum, whatever it says. A size in bytes stands there as given."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    octal = b"%07o\0"
    fields = (
        raw[:100].ljust(100, b"\0"),
        octal % mode,
        octal % 0,
        octal % 0,
        size.ljust(12, b"\0") if isinstance(size, bytes) else _number(size),
        b"%011o\0" % 0,
        b" " * 8,
        kind,
        link.encode()[:100].ljust(100, b"\0"),
        b"ustar\x0000",
        bytes(64),
        octal % device,
        octal % device,
        bytes(155 + 12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _number(value: int) -> bytes:
    """Return a size as GNU tar writes it: octal, and what is larger or negative as a number of twelve bytes."""
    if 0 <= value < _MOST_OCTAL:
        return b"%011o\0" % value
    return bytes([0xFF if value < 0 else 0x80]) + value.to_bytes(11, "big", signed=True)


def member(name: str | bytes, content: bytes = b"", kind: bytes = FILE, *, link: str = "") -> bytes:
    """Return a header with its content, filled up to whole blocks."""
    return header(name, len(content), kind, link=link) + _filled(content)


def _filled(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def record(key: str, value: bytes) -> bytes:
    """Return a PAX record: its length, which counts itself, a key and a value."""
    rest = f" {key}=".encode() + value + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def pax(*records: bytes, kind: bytes = PAX) -> bytes:
    """Return a PAX header, which speaks about the next member, or about all."""
    return member("pax", b"".join(records), kind)


def archive(members: Mapping[str, bytes], *before: bytes) -> bytes:
    """Return a tar stream with blocks before the sound members."""
    return b"".join((*before, *(member(name, content) for name, content in members.items()), END))


def first_of(members: Mapping[str, bytes]) -> str:
    """Return the name of the first member, which is what a reader looks at in any case."""
    return next(iter(members))


NAMES: Mapping[str, str | bytes] = {
    "name that leads up": f"../{TARGET}",
    "name that leads up far": f"{'../' * 20}opt/{TARGET}",
    "name that leads up from within": f"a/b/../../../{TARGET}",
    "name that leads up and back": "../index.json",
    "absolute name": _ABSOLUTE,
    "absolute name with two slashes": f"/{_ABSOLUTE}",
    "name of a home": f"~/{TARGET}",
    "Windows name with a drive": f"C:\\{TARGET}",
    "Windows name without a root": f"C:{TARGET}",
    "Windows name that leads up": f"..\\..\\{TARGET}",
    "Windows name of a share": f"\\\\host.example.com\\share\\{TARGET}",
    "Windows device": "CON",
    "stream of a file": f"index.json:{TARGET}",
    "no name": "",
    "name that is a dot": ".",
    "name that is two dots": "..",
    "name with a line break": f"a\nerror: {TARGET}",
    "name that speaks to a terminal": f"\x1b]0;{TARGET}\x07\x1b[2J",
    "name that speaks to a runner": f"::error::{TARGET}",
    "name that is no UTF-8": b"\xff\xfe\x80.json",
    "name that turns its direction": "index\u202enosj.",
    "name of a hundred letters": "a" * 100,
    "name that ends like a folder": f"{TARGET}.json/",
    "name of nothing known": f"{TARGET}.sh",
}

LINKS: Mapping[str, bytes] = {
    "symbolic link to outside": member("x", kind=SYMBOLIC_LINK, link=f"../../{TARGET}"),
    "symbolic link to a file of the system": member("x", kind=SYMBOLIC_LINK, link="/etc/passwd"),
    "symbolic link to a device": member("x", kind=SYMBOLIC_LINK, link="/dev/zero"),
    "symbolic link to itself": member("x", kind=SYMBOLIC_LINK, link="x"),
    "symbolic link to a folder outside, and a file through it": member("x", kind=SYMBOLIC_LINK, link="/opt")
    + member(f"x/{TARGET}", b"written"),
    "chain of symbolic links": b"".join(member(f"l{at}", kind=SYMBOLIC_LINK, link=f"l{at + 1}") for at in range(50)),
    "ring of symbolic links": member("a", kind=SYMBOLIC_LINK, link="b") + member("b", kind=SYMBOLIC_LINK, link="a"),
    "hard link to outside": member("x", kind=HARD_LINK, link=f"../../{TARGET}"),
    "hard link to a file of the system": member("x", kind=HARD_LINK, link="/etc/passwd"),
    "hard link to itself": member("x", kind=HARD_LINK, link="x"),
    "character device": header("x", kind=CHARACTER, device=1),
    "block device": header("x", kind=BLOCK_DEVICE, device=8),
    "fifo": header("x", kind=FIFO),
    "contiguous file": member("x", b"a", CONTIGUOUS),
    "kind that nobody knows": member("x", b"a", b"Z"),
    "label of a volume": member("x", kind=VOLUME),
    "continued from another volume": member("x", b"a", CONTINUED),
    "folder": member("folder/", kind=FOLDER),
    "folder with content": member("folder/", b"a" * BLOCK, FOLDER),
}


def _sparse(_: Members) -> bytes:
    """An old GNU sparse file: ten GiB by its header, nothing stored."""
    block = bytearray(header("index.json", 0, SPARSE))
    block[386:398] = _number(MUCH)  # where its only piece begins
    block[398:410] = _number(0)
    block[483:495] = _number(MUCH)  # how large it is when unpacked
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + END


def _endless_long_names(members: Members) -> bytes:
    return member("././@LongLink", b"a\0", LONG_NAME) * MANY_HEADERS + archive(members)


def _replaced(block: bytes, at: int, new: bytes) -> bytes:
    return block[:at] + new + block[at + len(new) :]


def million_headers() -> Iterator[bytes]:
    """Yield the headers of a million empty files, of one name each, some at a time: half a GiB, which packs well."""
    plain = header("0" * 12)
    head, tail = plain[12:148], plain[156:]
    blank = sum(plain[12:]) - sum(plain[148:156]) + 8 * ord(" ")
    for first in range(0, MANY_MEMBERS, _AT_A_TIME):
        names = (b"a/%010d" % number for number in range(first, first + _AT_A_TIME))
        yield b"".join(b"%b%b%06o\0 %b" % (name, head, blank + sum(name), tail) for name in names)


TARS: Mapping[str, Callable[[Members], bytes]] = {
    "tar of nothing": lambda _: END,
    "tar of no bytes": lambda _: b"",
    "tar of folders only": lambda members: b"".join(member(f"{name}/", kind=FOLDER) for name in members) + END,
    "tar cut in a header": lambda members: archive(members)[:300],
    "tar cut in a member": lambda members: archive(members)[: BLOCK + 10],
    "tar cut between members": lambda members: member(first_of(members), members[first_of(members)]),
    "tar without an end": lambda members: archive(members)[: -len(END)],
    "tar with a wrong checksum": lambda members: _replaced(archive(members), 0, b"X"),
    "tar with letters for a size": lambda members: header("x", b"not a size") + archive(members),
    "tar with a negative size": lambda members: header("x", -BLOCK) + archive(members),
    "tar with the largest size": lambda members: header("x", 2**80) + archive(members),
    "tar that claims ten GiB": lambda members: header(first_of(members), MUCH) + _filled(b"{}") + END,
    "tar with more behind its end": lambda members: archive(members) + member(f"../{TARGET}", b"written") + END,
    "tar with noise behind its end": lambda members: archive(members) + b"noise" * BLOCK,
    "two tars, one behind the other": lambda members: archive(members) * 2,
    "member twice": lambda members: member(first_of(members), b"{}") + archive(members),
    "member twice, the same": lambda members: member(first_of(members), members[first_of(members)]) + archive(members),
    "member twice, once with a dot": lambda members: member(f"./{first_of(members)}", b"{}") + archive(members),
    "member twice, once in capitals": lambda members: member(first_of(members).upper(), b"{}") + archive(members),
    "member that is a symbolic link to another": lambda members: (
        member("x", members[first_of(members)]) + member(first_of(members), kind=SYMBOLIC_LINK, link="x") + END
    ),
    "member that is a hard link to another": lambda members: (
        member("x", members[first_of(members)]) + member(first_of(members), kind=HARD_LINK, link="x") + END
    ),
    "PAX path that leads up": lambda members: pax(record("path", f"../{TARGET}".encode())) + archive(members),
    "PAX path that is absolute": lambda members: pax(record("path", _ABSOLUTE.encode())) + archive(members),
    "PAX path with a zero": lambda members: pax(record("path", b"index.json\0/x")) + archive(members),
    "PAX path that is no UTF-8": lambda members: pax(record("path", b"\xff\xfe")) + archive(members),
    "PAX path of a megabyte": lambda members: pax(record("path", b"a" * 2**20)) + archive(members),
    "PAX path for all": lambda members: pax(record("path", f"../{TARGET}".encode()), kind=PAX_FOR_ALL) + archive(members),
    "PAX size of ten GiB": lambda members: pax(record("size", b"%d" % MUCH)) + archive(members),
    "PAX size that is negative": lambda members: pax(record("size", b"-512")) + archive(members),
    "PAX size that is no number": lambda members: pax(record("size", b"1e9")) + archive(members),
    "PAX size of many digits": lambda members: pax(record("size", b"9" * 10_000)) + archive(members),
    "PAX time that is no number": lambda members: pax(record("mtime", b"nan")) + archive(members),
    "PAX record without a length": lambda members: pax(b" path=x\n") + archive(members),
    "PAX record of length nought": lambda members: pax(b"0 path=x\n") + archive(members),
    "PAX record longer than its header": lambda members: pax(b"999999999 path=x\n") + archive(members),
    "PAX record of a length of many digits": lambda members: pax(b"9" * 10_000 + b" path=x\n") + archive(members),
    "PAX header that claims ten GiB": lambda members: header("pax", MUCH, PAX) + archive(members),
    "PAX header of a hundred thousand records": lambda members: (
        pax(*(record(f"k{number}", b"v") for number in range(MANY_HEADERS))) + archive(members)
    ),
    "PAX headers without end": lambda members: pax(record("a", b"b")) * MANY_HEADERS + archive(members),
    "PAX header before nothing": lambda members: archive(members)[: -len(END)] + pax(record("path", b"x")) + END,
    "PAX sparse file": lambda members: (
        pax(
            record("GNU.sparse.major", b"1"),
            record("GNU.sparse.minor", b"0"),
            record("GNU.sparse.name", first_of(members).encode()),
            record("GNU.sparse.realsize", b"%d" % MUCH),
        )
        + member("x", f"1\n{MUCH}\n0\n".encode())
        + archive(members)
    ),
    "GNU sparse file": _sparse,
    "GNU long name that leads up": lambda members: (
        member("././@LongLink", f"{'a/../' * 40}../{TARGET}\0".encode(), LONG_NAME) + archive(members)
    ),
    "GNU long name of a megabyte": lambda members: member("././@LongLink", b"a" * 2**20, LONG_NAME) + archive(members),
    "GNU long name that claims ten GiB": lambda members: header("././@LongLink", MUCH, LONG_NAME) + archive(members),
    "GNU long link to outside": lambda members: (
        member("././@LongLink", b"/etc/passwd\0", LONG_LINK) + member("x", kind=SYMBOLIC_LINK) + archive(members)
    ),
    "GNU long names without end": _endless_long_names,
    "noise of whole blocks": lambda _: random.Random(1).randbytes(20 * BLOCK),  # noqa: S311 - the same noise each time,
}


def tars() -> dict[str, Callable[[Members], bytes]]:
    """Return all makers of hostile tars by what they make."""
    named = {what: partial(_behind, member(name, b"written")) for what, name in NAMES.items()}
    linked = {what: partial(_behind, blocks) for what, blocks in LINKS.items()}
    return {**named, **linked, **TARS}


def _behind(blocks: bytes, members: Members) -> bytes:
    return archive(members, blocks)
