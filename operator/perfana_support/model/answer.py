"""The questions that rules ask of registries, and the answers.

Rules ask by value and read the answers from what is known; who asks a registry, when, and with whose rights is no matter of
theirs. Content has its digest for a name, so what is known of it holds wherever it was read.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Subject(StrEnum):
    """What is asked for: an index or manifest, by tag or digest, or a config by its digest."""

    MANIFEST = "Manifest"
    CONFIG = "Config"


class Question(NamedTuple):
    """One request: `reference` is a tag or a digest, `repository` a full name such as `docker.io/perfana/perfana-web`."""

    subject: Subject
    repository: str
    reference: str


class PlatformEntry(NamedTuple):
    """What an index lists for a platform (`linux/arm64/v8`): a manifest or another index."""

    platform: str
    digest: str


class Index(NamedTuple):
    """An image for several platforms. Signatures and attestations, which run nowhere, are left out."""

    digest: str
    entries: tuple[PlatformEntry, ...]


class Manifest(NamedTuple):
    """An image for one platform: the digest of its config."""

    digest: str
    config: str


class Config(NamedTuple):
    """What an image is made of, whatever compresses it and wherever it lies.

    `diff_ids` are the digests of its unpacked layers, `history` has for each of them the command that made it, "" where it is
    not told. `settings` are the fields that decide what runs, each as JSON in one form.
    """

    digest: str
    platform: str
    diff_ids: tuple[str, ...]
    settings: tuple[tuple[str, str], ...] = ()
    history: tuple[str, ...] = ()


class Absent(NamedTuple):
    """The registry says that it has no such thing."""


class Gap(NamedTuple):
    """No answer, with the cause as a sentence's end: "registry.example.com refuses it (403)".

    `wait_seconds` is for how long the registry wants to be left alone, 0 where it does not say.
    """

    cause: str
    wait_seconds: float = 0.0


Answer = Index | Manifest | Config | Absent | Gap
Answers = Mapping[Question, Answer]
