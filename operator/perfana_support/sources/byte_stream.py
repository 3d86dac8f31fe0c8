"""A stream of YAML cut into its documents, so that one is in memory at a time, however long the stream is.

A line that begins with `---` and a blank begins a document wherever it stands (YAML 1.2.2, 9.1.2 and rule c-forbidden): block
scalars are indented, quotes may not hold one. So a cut there takes nothing apart that belongs together.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from perfana_support.sources.list_items import begins_as_list

# More than any object that an API server takes (1.5 MiB), and more than any list that is read item by item.
MAX_DOCUMENT, MAX_LIST = 32 * 1024 * 1024, 256 * 1024 * 1024
# Each field of a composed document takes a kilobyte, however short it is. No object of 1.5 MiB has as many.
MAX_VALUES = 500_000
# Documents with nothing in them take four bytes.
MAX_DOCUMENTS = 1_000_000
# A packed file of a megabyte can hold a thousand; this is two hundred thousand documents, which are read within a minute.
MAX_UNPACKED = 256 * 1024 * 1024
_BLOCK = 256 * 1024
# What is read in one go, in a part of a second.
MAX_BATCH = 128 * 1024
# The end of one line may be the beginning of the next separator.
_SEPARATOR = re.compile(rb"\n---(?=[ \t\r\n])")
# What has been looked through may end in the first four bytes of a separator.
_OVERLAP = 4
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
# A comment of Helm's above each document that it renders; nothing but blank lines and comments stands before it.
_TEMPLATE = re.compile(rb"(?:\xef\xbb\xbf)?(?:---[ \t]*\r?\n)?(?:[ \t]*(?:#(?! Source: )[^\n]*)?\r?\n)*# Source: (\S[^\r\n]*)")


class StreamError(Exception):
    """A stream that cannot be read any further; the message is the problem as users should read it."""


class Piece(NamedTuple):
    """A document as it stands in the stream, with the lines before it; more than one where directives hold them together."""

    text: bytes
    lines_before: int

    @property
    def template(self) -> str:
        """The chart's template that Helm rendered the document from, "" where it does not say so."""
        found = _TEMPLATE.match(self.text)
        return found[1].decode(errors="replace").strip() if found else ""


def split(stream: BinaryIO) -> Iterator[Piece]:
    """The stream's documents. Unpacks gzip and turns UTF-16 into UTF-8. Raises `StreamError`, `OSError`."""
    held, size, lines = list[bytes](), 0, 0
    for number, text in enumerate(_cut(_as_utf8(stream))):
        if number == MAX_DOCUMENTS:
            raise StreamError(f"holds more than {MAX_DOCUMENTS:,} documents")
        # A directive (%YAML, %TAG) belongs to the document whose --- comes next.
        if text.startswith((b"%", codecs.BOM_UTF8 + b"%")) or b"\n%" in text or b"\r%" in text:
            held.append(text)
            size += len(text)
            _refuse_large(size, lines)
            continue
        piece = Piece(b"".join((*held, text)) if held else text, lines)
        yield piece
        lines += _line_ends(piece.text)
        held, size = [], 0
    if held:
        yield Piece(b"".join(held), lines)


def batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Pieces by the hundred kilobytes; a larger one stands alone. What fails the stream is raised behind what stands before."""
    batch, size = list[Piece](), 0
    try:
        for piece in pieces:
            if batch and size + len(piece.text) > MAX_BATCH:
                yield batch
                batch, size = [], 0
            batch.append(piece)
            size += len(piece.text)
    except (StreamError, OSError):
        yield batch
        raise
    yield batch


def refuse_many_values(piece: Piece) -> None:
    """Raise `StreamError` for a text that would take too much memory when it is composed."""
    text = piece.text
    if len(text) > MAX_VALUES and sum(map(text.count, (b":", b",", b"- ", b"-\n"))) > MAX_VALUES:
        line = piece.lines_before + 1
        raise StreamError(
            f"the document that begins in line {line} has more than {MAX_VALUES:,} values; give objects one by one"
        )


def _cut(blocks: Iterator[bytes]) -> Iterator[bytes]:
    held, size, lines = list[bytes](), 0, 0
    for block in filter(None, blocks):
        # What has been looked through may end in the beginning of a separator.
        if _SEPARATOR.search(b"".join(held[-_OVERLAP:])[-_OVERLAP:] + block) is None:
            held.append(block)
            size += len(block)
            _refuse_large(size, lines, held[0])
            continue
        text, begin = b"".join((*held, block)), 0
        for found in _SEPARATOR.finditer(text, max(0, size - _OVERLAP)):
            end = found.start() + 1
            lines += text.count(b"\n", begin, end)
            yield text[begin:end]
            begin = end
        held, size = [text[begin:]], len(text) - begin
        _refuse_large(size, lines, held[0])
    if held:
        yield b"".join(held)


def _refuse_large(size: int, lines: int, beginning: bytes = b"") -> None:
    if size <= MAX_DOCUMENT:
        return
    limit = MAX_LIST if begins_as_list(beginning) else MAX_DOCUMENT
    if size > limit:
        begin = f"the document that begins in line {lines + 1}"
        raise StreamError(f"{begin} is larger than {limit // 1024 // 1024} MiB; give objects one by one")


def _line_ends(text: bytes) -> int:
    """How many lines end, as editors count them: by LF, CR and LF, or CR alone."""
    ends = text.count(b"\n")
    return ends + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else ends


def _as_utf8(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(_BLOCK)
    blocks = _blocks(first, stream)
    if first.startswith(_GZIP):
        blocks = _unpacked(blocks)
        first = next(blocks, b"")
        blocks = _chained(first, blocks)
    return _recoded(blocks) if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else blocks


def _blocks(first: bytes, stream: BinaryIO) -> Iterator[bytes]:
    block = first
    while block:
        yield block
        block = stream.read(_BLOCK)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip packed, in blocks of bounded size; a file may hold several packed parts, one behind the other."""
    import zlib  # noqa: PLC0415 - only who needs it pays for it

    size, unpacker = 0, zlib.decompressobj(_GZIP_WINDOW)
    try:
        for packed in blocks:
            left = packed
            while left:
                if unpacker.eof:
                    left = left.lstrip(b"\0")
                    unpacker = zlib.decompressobj(_GZIP_WINDOW) if left else unpacker
                text = unpacker.decompress(left, _BLOCK) if left else b""
                left = unpacker.unused_data if unpacker.eof and left else unpacker.unconsumed_tail
                size += len(text)
                if size > MAX_UNPACKED:
                    raise StreamError(f"unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB")
                yield text
        yield unpacker.flush()
    except zlib.error as error:
        raise StreamError(f"is not valid gzip: {error}") from error
    if not unpacker.eof:
        raise StreamError("is not valid gzip: it ends too early; was the download cut off?")


def _recoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise StreamError(f"is not valid YAML: its UTF-16 is broken ({error.reason})") from error  # type: ignore[attr-defined]
