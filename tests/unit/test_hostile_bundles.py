"""The hostile bundles are what they say: a reader that refuses them has refused that, and not a slip of the maker."""

import gzip
import io
import json
import tarfile
import zlib

import pytest

from tests.hostile import DOCUMENTS, FILES, Case, cases, members_of, mistyped, packed, zeros
from tests.hostile_tar import BLOCK, LINKS, MANY_MEMBERS, NAMES, TARGET, archive, header, million_headers, record

MEMBERS = {"index.json": b'{"apiVersion": "support.perfana.io/v1alpha1", "items": [1]}\n', "a/report.txt": b"x" * 1000}
BUNDLE = packed(archive(MEMBERS))
CASES = cases(BUNDLE)
MOST_BYTES = 32 * 2**20
LEAST_CASES = 150
GIB = 2**30
# Python's reader takes a header that begins with a zero for the end.
ENDING = {"no name"}


def _unpacked(case: str) -> bytes:
    (found,) = (each for each in CASES if each.name == case)
    return gzip.decompress(found.make())


def _seen(content: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as seen:
        return list(seen)


def test_sound_members_are_read_as_they_were_written() -> None:
    assert members_of(BUNDLE) == MEMBERS


def test_there_are_many_and_each_has_its_own_name() -> None:
    assert len(CASES) >= LEAST_CASES
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_is_small_and_not_the_sound_one(case: Case) -> None:
    content = case.make()
    assert content != BUNDLE
    assert len(content) < MOST_BYTES


@pytest.mark.parametrize("what", sorted(NAMES.keys() - ENDING))
def test_name_is_in_the_archive_as_it_is(what: str) -> None:
    name = NAMES[what]
    raw = name if isinstance(name, bytes) else name.encode()
    content = _unpacked(what)
    assert content.startswith(raw)
    assert [each.name for each in _seen(content)][1:] == list(MEMBERS)


@pytest.mark.parametrize("what", LINKS)
def test_kind_of_member_is_what_it_is_called(what: str) -> None:
    first = _seen(_unpacked(what))[0]
    kinds = {
        "symbolic": first.issym(),
        "chain": first.issym(),
        "ring": first.issym(),
        "hard": first.islnk(),
        "character": first.ischr(),
        "block": first.isblk(),
        "fifo": first.isfifo(),
        "folder": first.isdir(),
    }
    assert kinds.get(what.split(maxsplit=1)[0], first.type not in (b"0", b"5"))


def test_headers_have_a_right_sum() -> None:
    for size in (0, 8**11, 2**80, -512):
        tarfile.TarInfo.frombuf(header("x", size), "utf-8", "strict")


def test_headers_tell_sizes_that_need_another_form() -> None:
    assert tarfile.TarInfo.frombuf(header("x", 10 * GIB), "utf-8", "strict").size == 10 * GIB
    assert tarfile.TarInfo.frombuf(header("x", -512), "utf-8", "strict").size == -512


@pytest.mark.parametrize("length", [1, 5, 94, 95, 96, 990, 991, 9990])
def test_records_count_themselves(length: int) -> None:
    made = record("k", b"v" * length)
    assert int(made.split()[0]) == len(made)


def test_pax_path_is_where_a_plain_reader_would_write() -> None:
    assert _seen(_unpacked("PAX path that leads up"))[0].name == f"../{TARGET}"
    assert _seen(_unpacked("PAX path for all"))[0].name == f"../{TARGET}"
    assert _seen(_unpacked("GNU long name that leads up"))[0].name.endswith(f"/../{TARGET}")


def test_sparse_files_are_large_for_a_plain_reader() -> None:
    assert _seen(_unpacked("PAX sparse file"))[0].size == 10 * GIB
    assert _seen(_unpacked("GNU sparse file"))[0].size == 10 * GIB


def test_claims_are_larger_than_what_is_there() -> None:
    content = _unpacked("tar that claims ten GiB")
    assert tarfile.TarInfo.frombuf(content[:BLOCK], "utf-8", "strict").size == 10 * GIB
    assert len(content) < 10 * BLOCK


def test_bomb_of_ten_megabytes_unpacks_to_gigabytes() -> None:
    assert len(zeros()) < MOST_BYTES
    unpacking, size, rest = zlib.decompressobj(wbits=31), 0, zeros()
    while size < GIB:
        piece = unpacking.decompress(rest, 16 * 2**20)
        assert piece
        assert not piece.strip(b"\0")
        size, rest = size + len(piece), unpacking.unconsumed_tail


def test_bomb_in_a_member_begins_as_a_sound_tar() -> None:
    (case,) = (each for each in CASES if each.name == "bomb in a member")
    begin = zlib.decompressobj(wbits=31).decompress(case.make(), 2 * BLOCK)
    first = tarfile.TarInfo.frombuf(begin[:BLOCK], "utf-8", "strict")
    assert (first.name, first.size, begin[BLOCK:]) == ("index.json", 10 * GIB, bytes(BLOCK))


def test_million_members_are_a_million_sound_headers() -> None:
    sizes, first, last = 0, b"", b""
    for piece in million_headers():
        sizes, first, last = sizes + len(piece), first or piece, piece
    assert sizes == MANY_MEMBERS * BLOCK
    assert tarfile.TarInfo.frombuf(first[:BLOCK], "utf-8", "strict").name == "a/0000000000"
    assert tarfile.TarInfo.frombuf(last[-BLOCK:], "utf-8", "strict").name == f"a/{MANY_MEMBERS - 1:010}"


def test_documents_are_spoiled_one_at_a_time_and_sealed_again() -> None:
    def reseal(members: dict[str, bytes]) -> dict[str, bytes]:
        return members | {"a/report.txt": b"sealed"}

    (case,) = (each for each in cases(BUNDLE, reseal) if each.name == "index.json: a list")
    assert members_of(case.make()) == {"index.json": b"[]", "a/report.txt": b"sealed"}


# What only Python's lenient reader takes, and what it takes for something else.
LENIENT = {
    "an empty object",
    "an object around it",
    "with a key twice",
    "with NaN",
    "with Infinity",
    "with a number beyond all",
    "with a lone surrogate",
    "in UTF-16",
    "in UTF-32",
    "with a mark of UTF-8 before it",
    "with a hundred megabytes of spaces",
    "with a text of a hundred megabytes",
    "with a million keys",
    "with a million lists",
}
NO_OBJECT = {"a list", "a text", "a number", "null"}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_document_is_no_json_or_says_something_else(what: str) -> None:
    spoiled = DOCUMENTS[what](MEMBERS["index.json"])
    try:
        said = json.loads(spoiled)
    except (ValueError, RecursionError):
        assert what not in LENIENT | NO_OBJECT
        return
    assert what in LENIENT | NO_OBJECT
    assert isinstance(said, dict) == (what in LENIENT)


def test_field_of_another_type_is_one_at_a_time() -> None:
    spoiled = {what: json.loads(document) for what, document in mistyped(MEMBERS["index.json"])}
    assert spoiled == {
        "apiVersion of another type": {"apiVersion": {"of": "another type"}, "items": [1]},
        "items of another type": {"apiVersion": "support.perfana.io/v1alpha1", "items": {"of": "another type"}},
    }


def test_files_of_other_kinds_are_of_other_kinds() -> None:
    assert FILES["zip"](BUNDLE).startswith(b"PK")
    assert FILES["tar that is not packed"](BUNDLE) == archive(MEMBERS)
    assert gzip.decompress(FILES["gzip of two members"](BUNDLE)) == archive(MEMBERS)
    assert gzip.decompress(FILES["bundle in gzip"](BUNDLE)) == BUNDLE
