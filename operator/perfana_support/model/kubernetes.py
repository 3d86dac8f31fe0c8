"""Kubernetes versions as servers and kubelets report them: upstream's numbers, then whatever the vendor appended.

What upstream's build defines is grammar and stands here: the numbers, `-alpha`, `-beta` and `-rc`, `-dirty`, and the plus sign
of `/version`'s minor field ("33+"). Which vendor writes which suffix is vocabulary and stands in the policy.
"""

import re
from functools import lru_cache
from typing import NamedTuple

# Longer than any version seen (the longest, of VMware's supervisor, has fifty characters); keeps hostile text cheap.
_MAX_LENGTH = 128
_NUMBER = r"(0|[1-9]\d{0,8})"
_FORM = rf"v?{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?(\+|[-+][0-9A-Za-z.+_-]+)?"
_DIRTY = r"[-+.]dirty(?=[-+.]|$)"
# Upstream writes `-rc.1`, K3s `-rc1+k3s1`, others behind their suffix; a build between two tags is `-alpha.1.123+<hash>`.
_PRE_RELEASE = r"[-+._](alpha|beta|rc)[-.]?(\d{1,9}(?:\.\d{1,9})*)?(?=[-+._]|$)"


class KubernetesVersion(NamedTuple):
    """A version, taken apart.

    `patch` is None where the text names only a line ("1.33", "1.33+"). `pre_release` is "rc.1" or "alpha.0.6", "" for a
    release. `suffix` is the vendor's with its sign ("-gke.100", "+k3s1"), "" for upstream's own. `is_dirty` marks a build from
    changed sources.
    """

    text: str
    major: int
    minor: int
    patch: int | None
    pre_release: str
    suffix: str
    is_dirty: bool

    @property
    def number(self) -> tuple[int, int]:
        """The line as two numbers, comparable."""
        return self.major, self.minor

    @property
    def line(self) -> str:
        """The line's name, "1.33"."""
        return f"{self.major}.{self.minor}"

    @property
    def is_release(self) -> bool:
        """Whether this is a released build: neither a pre-release nor built from changed sources."""
        return not self.pre_release and not self.is_dirty

    @property
    def precedence(self) -> tuple[object, ...]:
        """Sort key by semver's rules (https://semver.org/#spec-item-11); the vendor's suffix takes no part.

        Nine lines of rules, so no library: importing one would cost every run more than the rules take.
        """
        words = self.pre_release.split(".") if self.pre_release else []
        identifiers = tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in words)
        return self.major, self.minor, self.patch or 0, not self.pre_release, identifiers


# A cluster has few versions, and each is asked for on every day that a verdict looks ahead to.
@lru_cache(maxsize=1024)
def parse_kubernetes_version(text: str) -> KubernetesVersion | None:
    """The version that a text names, None for one outside the grammar: it says nothing about any line."""
    match = re.fullmatch(_FORM, text, re.ASCII) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    major, minor, patch, suffix = match.groups()
    suffix, dirt = re.subn(_DIRTY, "", suffix or "")
    pre_release = ""
    found = re.search(_PRE_RELEASE, suffix, re.ASCII | re.IGNORECASE)
    if found:
        pre_release = ".".join(part for part in (found[1].lower(), found[2]) if part)
        suffix = suffix[: found.start()] + suffix[found.end() :]
    return KubernetesVersion(
        text=text,
        major=int(major),
        minor=int(minor),
        patch=None if patch is None else int(patch),
        pre_release=pre_release,
        suffix="" if suffix == "+" else suffix,
        is_dirty=dirt > 0,
    )
