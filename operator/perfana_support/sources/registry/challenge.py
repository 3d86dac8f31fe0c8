"""How a registry asks for credentials (RFC 9110, 11.6.1; distribution's token specification)."""

import re
from typing import NamedTuple

_SCHEME = re.compile(r"\s*([A-Za-z]+)(?:\s+|$)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Challenge(NamedTuple):
    """What a registry wants: a token from `realm` for `service` and `scope`, or a name and password (`basic`)."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def read_challenge(header: str) -> Challenge | None:
    """The first challenge of a `WWW-Authenticate` header that can be met, None for none."""
    place = 0
    while found := _SCHEME.match(header, place):
        scheme, place = found[1].lower(), found.end()
        parameters: dict[str, str] = {}
        while each := _PARAMETER.match(header, place):
            value = re.sub(r"\\(.)", r"\1", each[2]) if each[2] is not None else each[3]
            parameters[each[1].lower()] = value
            place = each.end()
        if scheme == "bearer" and parameters.get("realm"):
            known = {name: parameters.get(name, "") for name in ("realm", "service", "scope")}
            return Challenge(scheme, **known)
        if scheme == "basic":
            return Challenge(scheme, parameters.get("realm", ""))
        place = header.find(",", place) + 1
        if not place:
            return None
    return None
