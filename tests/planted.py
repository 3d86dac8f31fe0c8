"""Secrets as they stand in installations (tests/data/planted-secrets.yaml), and how each is recognised where it leaked.

A leak is not only the secret itself: what decodes to it, a good part of it, and what confirms a guess (its plain hash) are as
bad. So `leaks` looks for it in every spelling in which a report or an archive could hold it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TABLE = Path(__file__).parent / "data" / "planted-secrets.yaml"
LOG_LINE, SERVER_ADDRESS = "log-line", "server-address"
"""Where a shape stands in no object."""

PART_CHARACTERS = 10
"""Of a random text, enough to be no coincidence. Parts are looked for at every half of it, so no run of fourteen is missed."""

COMPRESSED_CHARACTERS = 24
COMPRESSED_HEAD = 40
"""What gzip and base64 make of the beginning of any JSON object looks alike."""

HASH_CHARACTERS = 12
"""Digests are shortened for display; this many digits still confirm a guess."""

_PLACE = re.compile(r"<secret((?: [a-z0-9]+)*)>")
_BITS_PER_BYTE, _BITS_PER_DIGIT = 8, 6
_LINE = 64


class Shape(NamedTuple):
    """One way in which a secret stands somewhere. `text` is how it stands there."""

    name: str
    where: str
    at: str
    secret: str
    text: str
    is_compressed: bool

    def leaks(self, content: bytes) -> list[str]:
        """Return in which spellings the secret, or what was compressed with it inside, stands in some bytes."""
        found = leaks(content, self.secret)
        if self.is_compressed and any(
            part in content for part in _parts(self.text.encode()[COMPRESSED_HEAD:], COMPRESSED_CHARACTERS)
        ):
            found.append("compressed, as it was")
        return found


def shapes() -> list[Shape]:
    """Return all shapes, in the order of the table."""
    return list(_shapes())


@lru_cache(maxsize=1)
def _shapes() -> tuple[Shape, ...]:
    return tuple(_shape(**entry) for entry in yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def _shape(  # noqa: PLR0913 - the fields of an entry, so that an unknown one is an error
    *, name: str, where: str, secret: str, text: str, at: str = "", packed: tuple[str, ...] = ()
) -> Shape:
    def spelled(found: re.Match[str]) -> str:
        spelling = secret
        for step in found[1].split():
            spelling = _STEPS[step](spelling)
        return spelling

    stands = _PLACE.sub(spelled, text)
    assert "<secret" not in stands, f"{name}: a place of the secret is not understood"
    if packed:
        content = stands.encode()
        for step in packed:
            content = _PACKING[step](content)
        stands = content.decode("ascii")
    return Shape(name, where, at, secret, stands, "gzip" in packed)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64_of_url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _token(text: str) -> str:
    """Spell a JSON Web Token with the secret among its claims."""
    claims = json.dumps({"iss": "kubernetes/serviceaccount", "jti": text})
    parts = ('{"alg":"RS256","typ":"JWT"}', claims, hashlib.sha256(claims.encode()).hexdigest())
    return ".".join(map(_base64_of_url, parts))


def _lines(text: str) -> str:
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


_STEPS: Mapping[str, Callable[[str], str]] = {
    "base64": _base64,
    "json": _json,
    "url": lambda text: quote(text, safe=""),
    "hex": lambda text: text.encode().hex(),
    "basic": lambda text: _base64(f"perfana:{text}"),
    "jwt": _token,
    "lines": _lines,
}
_PACKING: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "base64": base64.b64encode,
}


def leaks(content: bytes, secret: str) -> list[str]:
    """Return in which spellings a secret stands in some bytes: none for bytes that may be handed over.

    Upper and lower case are not told apart. What is compressed must be unpacked before.
    """
    content = content.lower()
    found = [name for name, spelling in _spellings(secret) if spelling in content]
    if not found:
        found = [f"a part of it, {name}" for name, spelling in _partial(secret) if spelling in content]
    return list(dict.fromkeys(found))


@lru_cache(maxsize=1024)
def _spellings(secret: str) -> tuple[tuple[str, bytes], ...]:
    """Return each spelling once, in lower case, with what it is called."""
    found: dict[bytes, str] = {}
    for name, spelling in _every_spelling(secret):
        found.setdefault(spelling.lower(), name)
    return tuple((name, spelling) for spelling, name in found.items())


@lru_cache(maxsize=1024)
def _partial(secret: str) -> tuple[tuple[str, bytes], ...]:
    raw = secret.encode()
    found = [("as it is", part) for part in _parts(raw, PART_CHARACTERS)]
    found += [("in base64", part) for digits in _inside_base64(raw) for part in _parts(digits, PART_CHARACTERS)]
    return tuple((name, part.lower()) for name, part in found)


def _parts(content: bytes, length: int) -> list[bytes]:
    """Return parts of that length: one at every half of it, and the last one there is."""
    last = max(len(content) - length, 0)
    return [content[at : at + length] for at in (*range(0, last, length // 2), last)]


def _every_spelling(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "as it is", raw
    texts = {
        "in JSON": _json(secret),
        "in JSON, beyond ASCII": json.dumps(secret, ensure_ascii=False)[1:-1],
        "in JSON as Go writes it": re.sub("[&<>]", lambda sign: f"\\u{ord(sign[0]):04x}", _json(secret)),
        "in JSON in JSON": _json(_json(secret)),
        "in JSON in JSON in JSON": _json(_json(_json(secret))),
        "in a URL": quote(secret, safe=""),
        "in a path": quote(secret),
        "in a form": quote_plus(secret),
        "in a URL, every byte": "".join(f"%{byte:02x}" for byte in raw),
        "in HTML": html.escape(secret),
        "in HTML, quotes left": html.escape(secret, quote=False),
        "in quotes of a shell": secret.replace("'", "'\\''"),
        "in hexadecimal": raw.hex(),
        "in lines": _lines(secret),
        "in lines in JSON": _json(_lines(secret)),
    }
    for name, text in texts.items():
        yield name, text.encode()
    for name in ("md5", "sha1", "sha256", "sha512"):
        yield f"as its {name}", hashlib.new(name, raw, usedforsecurity=False).hexdigest()[:HASH_CHARACTERS].encode()
    for digits in _inside_base64(raw):
        yield "in base64", digits
        for twice in _inside_base64(digits):
            yield "in base64 of base64", twice


def _inside_base64(content: bytes) -> Iterator[bytes]:
    """Yield the digits that are there whatever stands around the bytes: at each of three places, in each of two alphabets."""
    for before in range(3):
        first = -(-before * _BITS_PER_BYTE // _BITS_PER_DIGIT)
        last = (before + len(content)) * _BITS_PER_BYTE // _BITS_PER_DIGIT
        encode = base64.b64encode, base64.urlsafe_b64encode
        yield from dict.fromkeys(each(bytes(before) + content)[first:last] for each in encode)
