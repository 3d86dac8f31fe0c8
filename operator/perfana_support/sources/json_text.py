"""JSON that is read as YAML: nearly all of it means the same there.

The one difference that matters: JSON writes a character beyond the first 65,536 as two escapes, a surrogate pair, which YAML
knows nothing of. Many programs write every emoji so.
"""

import json
import re

# Patterns are compiled where they are needed, which is hardly ever.
# A string of JSON; nothing else in it has quotes.
_STRING = rb'(?s)"(?:[^"\\]|\\.)*"'
# An escape is taken as a whole, so that what follows an escaped backslash is none.
_ESCAPE = rb"(?s)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\."
_SEPARATOR = rb"(?:\xef\xbb\xbf)?\s*(?:---\s+)?(?=[{\[])"


def with_characters(text: bytes) -> bytes:
    """The text with YAML's escape for each surrogate pair, if it is a document of JSON.

    Half of a pair stays, for it is no character in either language. Blanks behind a string keep what follows it in its column.
    """
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    begin = re.match(_SEPARATOR, text)
    if begin is None or not _is_json(text[begin.end() :]):
        return text
    return re.sub(_STRING, _rewritten, text)


def _rewritten(string: re.Match[bytes]) -> bytes:
    written = re.sub(_ESCAPE, _character, string[0])
    return written.ljust(len(string[0]))


def _character(escape: re.Match[bytes]) -> bytes:
    if escape[1] is None:
        return escape[0]
    high, low = int(escape[1], 16), int(escape[2], 16)
    return b"\\U%08X" % (0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
