"""Secrets in texts that people and programs wrote freely: what looks like one is taken out.

This is the second line of defence. The first is that hardly any free text gets into a bundle (`masking.py`,
`sources/cluster/extras.py`): of what was never taken along nothing has to be recognised. What is recognised here names itself
(`password=`), has a form of its own (PEM, JWT, keys of clouds), or is too random to be a word.
"""

import re
from collections.abc import Callable
from itertools import pairwise

# What stands for a secret, given the secret and why it is held for one.
Mark = Callable[[str, str], str]

# Words in a name that say of what follows that it is secret, whatever stands around them (DB_PASSWORD, "clientSecret").
_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|auth(?:orization)?|(?:api|access|private|account|shared|encryption|"
    r"signing|client|license|ssh|master)[-_.]?key|key[-_.]?data|sig(?:nature)?|sas|cookie|session[-_.]?id|jwt|salt|dsn|wachtwoord|geheim|"
    r"(?:kenn|pass)wort|(?<![a-z])(?:pw|pin|otp|totp|psk|creds)(?![a-z])"
)
NAMES_SECRET = re.compile(_WORDS, re.IGNORECASE)
# What stands before such a word in its name does not matter.
_NAME = rf"(?:{_WORDS})[\w.-]{{0,32}}"
# A value in quotes, which may be escaped any number of times (JSON in JSON), or one that ends with the next sign.
_VALUE = (
    r"""(?P<e>\\{0,8})(?P<q>["'])(?P<quoted>.{0,4096}?)(?<!\\)(?P=e)(?P=q)|"""
    r"""\\{0,8}(?:["']|%2[27])?(?P<bare>[^\s"'\\;,|<>(){}\[\]]+)"""
)
_QUOTE = r"""(?:\\{0,8}["']|%2[27])?"""
_ASSIGNED = re.compile(
    rf"""{_NAME}{_QUOTE}\s*(?:=>|:=|=|:|%3[da]|,\s*{_QUOTE}value{_QUOTE}\s*:)\s*[\[({{]{{0,2}}\s*(?:{_VALUE})""",
    re.IGNORECASE | re.DOTALL,
)
# What stands behind a name and a colon in YAML, in a log or in a header, to the line's end; a block of YAML on the next one.
_TO_THE_END = re.compile(
    rf"""{_NAME}{_QUOTE}[ \t]{{0,8}}:[ \t]{{1,8}}(?:[|>][+-]?[ \t]{{0,8}}\r?\n[ \t]{{1,64}})?"""
    r"""(?P<bare>[^\s"'{\[][^\r\n]{0,4096})""",
    re.IGNORECASE,
)
_IN_A_TAG = re.compile(rf"<[\w:.-]{{0,64}}{_NAME}>(?P<bare>[^<]{{1,4096}})<", re.IGNORECASE)
_HEADER = re.compile(
    r"\b(?:proxy-)?(?:authorization|(?:set-)?cookie)\b[\"']?\s{0,8}[:=]\s{0,8}(?P<bare>[^\r\n]{1,4096})", re.IGNORECASE
)
_AS_OPTION = re.compile(rf"""{_NAME}\s+(?!-)(?:{_VALUE})""", re.IGNORECASE | re.DOTALL)
_OPTION_BEFORE = re.compile(r"(?<![\w-])--?[\w.-]{0,64}\Z")
_MAX_OPTION = 70
_KNOWN_KEYS = (
    r"\bA(?:KIA|SIA|GPA|IDA|ROA)[A-Z0-9]{12,}|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}|\bgl[a-z]{2,5}-[\w-]{12,}"
    r"|\bxox[a-z]-[\w-]{8,}|\b[spr]k_(?:live|test)_\w{8,}|\bAIza[\w-]{20,}|\bya29\.[\w.-]{10,}|\bnpm_\w{20,}|\bpypi-[\w-]{16,}"
    r"|\bhv[sb]\.[\w-]{16,}|\bdckr_pat_[\w-]{10,}|\bSG\.[\w-]{10,}\.[\w-]{10,}|\bsq0\w{3}-[\w-]{10,}|\bkey-[0-9a-f]{24,}"
)
_FORMS = tuple(
    (why, re.compile(pattern, flags))
    for why, pattern, flags in (
        ("a private key or certificate", r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL),
        ("a token (JWT)", r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}", re.ASCII),
        ("credentials in an address", r"(?<=://)[^\s\"'<>]{1,512}(?=@)", 0),
        ("credentials in a header", r"(?<=\bBearer )\S+|(?<=\bBasic )\S+|(?<=\bDigest )\S+|(?<=\bToken )\S+", re.IGNORECASE),
        (
            "a key of a known kind",
            _KNOWN_KEYS,
            re.ASCII,
        ),
        ("a long row of hexadecimal digits", r"(?<![0-9A-Za-z:])[0-9a-fA-F]{32,}(?![0-9A-Za-z])", 0),
    )
)
_ROW = re.compile(r"[A-Za-z0-9+/=%_-]{12,}")
_DIGEST_BEFORE = re.compile(r"\bsha(?:256|384|512):\Z")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9]+")
# How often a row changes between small letters, capitals and digits: words (HttpNio2Protocol) do so a few times.
_FEWEST_CHANGES = 6
# Which share of a row's signs is another kind than the one before: of random ones 0.6 where there are all kinds, of words 0.3.
_LOWER, _UPPER, _DIGIT = range(3)
_LEAST_SHARES = {
    frozenset({_LOWER, _UPPER, _DIGIT}): 0.4,
    frozenset({_LOWER, _UPPER}): 0.42,
    frozenset({_LOWER, _DIGIT}): 0.25,
    frozenset({_UPPER, _DIGIT}): 0.25,
}
# Rows without capitals are parts of names (a ReplicaSet's has ten signs) as long as they are short.
_LONGEST_PART = 16


def mask_text(text: str, mark: Mark) -> str:
    """The text with marks in place of what looks like a secret. Digests of images, which are public, stay."""
    for why, form in _FORMS:
        text = form.sub(lambda found, why=why: mark(found[0], why), text)  # type: ignore[misc] # of a loop's variable
    for form in (_HEADER, _IN_A_TAG, _TO_THE_END, _ASSIGNED):
        text = form.sub(lambda found: _with_value_marked(found, mark), text)
    text = _AS_OPTION.sub(lambda found: _with_value_marked(found, mark) if _is_option(found) else found[0], text)
    return _ROW.sub(lambda found: found[0] if _is_public(found) else mark(found[0], "a random row of signs"), text)


def _is_public(found: re.Match[str]) -> bool:
    """Whether a row is no secret: a word, a name, or the digits of an image's digest."""
    return not is_random(found[0]) or bool(_DIGEST_BEFORE.search(found.string, 0, found.start()))


def _with_value_marked(found: re.Match[str], mark: Mark) -> str:
    group = "bare" if found["bare"] is not None else "quoted"
    value = found[group]
    if not value or value.startswith(("[masked-", "masked-")):
        return found[0]
    begin, end = (place - found.start() for place in found.span(group))
    return found[0][:begin] + mark(value, "the value of a name that says secret") + found[0][end:]


def _is_option(found: re.Match[str]) -> bool:
    """Whether the name is that of an option: `--token`, `--db-password`."""
    return bool(_OPTION_BEFORE.search(found.string, max(0, found.start() - _MAX_OPTION), found.start()))


def is_random(row: str) -> bool:
    """Whether a row of letters and digits is too random for a word, a name or a number."""
    kinds = [_kind(sign) for sign in row if sign.isalnum()]
    changes = sum(one != other for one, other in pairwise(kinds))
    least = _LEAST_SHARES[frozenset(kinds)] if changes >= _FEWEST_CHANGES else 1.0
    if changes < least * len(kinds):
        return False
    return len(set(kinds)) == len(_KINDS) or max(map(len, _NOT_BASE64.split(row))) > _LONGEST_PART


_KINDS = (str.islower, str.isupper, str.isdigit)


def _kind(sign: str) -> int:
    return next(place for place, is_kind in enumerate(_KINDS) if is_kind(sign))
