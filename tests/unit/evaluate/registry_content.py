"""A registry of values: repositories with what was pushed to them, for proofs without a network."""

from hashlib import sha256
from typing import Any, NamedTuple

from perfana_support.evaluate.registry import Claim, Kind, Proof, prove
from perfana_support.model.answer import Absent, Answer, Config, Index, Manifest, PlatformEntry, Question, Subject

VENDOR, MIRROR, TAG = "docker.io/perfana/perfana-web", "harbor.example.com/hub/perfana-web", "0.2.96.22"
LAYERS = ("base", "node", "app")
SETTINGS = (("Entrypoint", '["node"]'), ("User", '"1000"'))


def digest(*parts: object) -> str:
    """A digest that only these parts have."""
    return "sha256:" + sha256(repr(parts).encode()).hexdigest()


class Image(NamedTuple):
    """One platform's image; `packing` stands for all that the compression of layers changes."""

    layers: tuple[str, ...] = LAYERS
    settings: tuple[tuple[str, str], ...] = SETTINGS
    platform: str = "linux/amd64"
    packing: str = "gzip"
    commands: tuple[str, ...] = ()

    @property
    def config(self) -> Config:
        name = digest("config", self.layers, self.settings, self.platform)
        return Config(name, self.platform, tuple(digest("layer", each) for each in self.layers), self.settings, self.commands)

    @property
    def manifest(self) -> Manifest:
        return Manifest(digest("manifest", self.config.digest, self.packing), self.config.digest)


class Registry:
    """Repositories with what was pushed to them, answering as a registry does."""

    def __init__(self) -> None:
        self.content: dict[Question, Answer] = {}
        self.asked: list[Question] = []
        self.faults: dict[Question, Answer] = {}

    def push(self, repository: str, *images: Image, tag: str = TAG, is_single: bool = False) -> str:
        """Push an image of some platforms under a tag; returns the digest that the tag stands for."""
        for image in images:
            self._hold(repository, image.manifest.digest, image.manifest)
            self.content[Question(Subject.CONFIG, repository, image.config.digest)] = image.config
        manifests = [image.manifest.digest for image in images]
        if is_single:
            served: Index | Manifest = images[0].manifest
        else:
            entries = (PlatformEntry(image.platform, image.manifest.digest) for image in images)
            served = Index(digest("index", *manifests), tuple(entries))
        return self.tag(repository, tag, served)

    def tag(self, repository: str, tag: str, served: Index | Manifest) -> str:
        self._hold(repository, served.digest, served)
        self._hold(repository, tag, served)
        return served.digest

    def _hold(self, repository: str, reference: str, served: Index | Manifest) -> None:
        self.content[Question(Subject.MANIFEST, repository, reference)] = served

    def prove(self, running: str, source: str = MIRROR, **claim: Any) -> Proof:  # noqa: ANN401 - fields of a claim
        """Prove that a digest is the vendor's image, asking whatever is missing until nothing is."""
        claims = Claim(VENDOR, TAG, source, running)._replace(**claim)
        answers: dict[Question, Answer] = {}
        while (proof := prove(claims, answers)).kind is Kind.OPEN:
            assert proof.missing
            assert answers.keys().isdisjoint(proof.missing)
            answers |= {each: self.answer(each) for each in proof.missing}
        return proof

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.faults.get(question) or self.content.get(question, Absent())


AMD, ARM = Image(), Image(platform="linux/arm64")
