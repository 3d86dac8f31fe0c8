"""Is what runs what the vendor serves? Judged by what registries say, asked for question by question.

Nothing here asks a registry. A proof reads what is known and lists what it would have to know; whoever has asked proves again,
until nothing is missing. So operator, command line and saved bundles prove by the same code, and an answer that nobody can get
is a cause and no verdict.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from perfana_support.model.answer import Answer, Answers, Config, Gap, Index, Manifest, Question, Subject
from perfana_support.model.image_policy import shown_digest
from perfana_support.model.layers import layers_digests, made_of
from perfana_support.model.registry import MadeOf

# An index in an index is legal, and more of that is nothing that a registry serves; nor are hundreds of platforms.
_MAX_DEPTH = 3
_MAX_MANIFESTS = 200

# On which younger architecture runtimes choose an elder one too (containerd/platforms, `compare.go`).
_ELDERS = {"386": "amd64", "arm": "arm64"}
# Of a long build the first commands tell enough.
_MAX_COMMANDS = 5
# The names by which nodes report their architecture (Go's GOARCH, of those that Kubernetes is built for).
_ARCHITECTURES = frozenset({"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64"})
# A manifest and the platform that an index lists it for, "" for one that is alone.
_Placed = tuple[str, Manifest]


class Kind(StrEnum):
    """What a digest is, held against the vendor's image."""

    # What the registry serves for the tag, or the same layers and settings packed anew.
    VENDORS = "Vendors"
    # The vendor's repository has it, under which tag nobody can tell.
    SERVED_ELSEWHERE = "ServedElsewhere"
    DERIVED = "Derived"
    RECONFIGURED = "Reconfigured"
    MODIFIED = "Modified"
    # No answer decides it.
    UNVERIFIED = "Unverified"
    # Not asked yet.
    OPEN = "Open"


class Claim(NamedTuple):
    """What is to be proven: that `digest`, read from repository `source`, is the vendor's image `official`:`tag`.

    `reported` is the repository that the runtime names with the digest, "" where it names none: of two with the same content a
    runtime names one, whichever was asked for.
    `digest` is "" where nothing runs yet: then it is what `source` serves for the tag. `tag` is None for a reference that is
    a digest alone. `architectures` are those of the nodes that run it, empty where they are not known. `listed` is what the
    catalogue says that the image is made of, for when the vendor's registry cannot be asked.
    """

    official: str
    tag: str | None
    source: str
    digest: str = ""
    architectures: frozenset[str] = frozenset()
    listed: tuple[MadeOf, ...] = ()
    reported: str = ""


class Proof(NamedTuple):
    """What came of a claim: a kind, and the facts behind it as a sentence. `missing` are the questions of an open one."""

    kind: Kind
    because: str = ""
    missing: tuple[Question, ...] = ()


class _OpenError(Exception):
    """Something has to be asked first."""


class _NoAnswerError(Exception):
    """Something was asked and not answered; the message is the cause."""


def prove(claim: Claim, answers: Answers) -> Proof:
    """Hold a digest against what the vendor's registry serves."""
    case = _Case(claim, answers)
    try:
        return case.prove()
    except _OpenError:
        return Proof(Kind.OPEN, "the registry has not been asked yet", tuple(dict.fromkeys(case.missing)))
    except _NoAnswerError as error:
        return Proof(Kind.UNVERIFIED, str(error))


class _Case:
    """One proof under way, with the questions that it found unanswered."""

    def __init__(self, claim: Claim, answers: Answers) -> None:
        self.claim = claim
        self.answers = answers
        self.missing: list[Question] = []
        self.manifests = 0

    def prove(self) -> Proof:
        claim = self.claim
        digest = claim.digest or self._served_by_source()
        if claim.tag is None:
            return self._prove_without_tag(digest)
        try:
            served = self._served(claim.tag)
        except _NoAnswerError as error:
            if not claim.listed:
                raise
            return self._compare_with_catalogue(digest, str(error))
        name = f"{claim.official}:{claim.tag}"
        if digest in _digests(served):
            return Proof(Kind.VENDORS, f"{shown_digest(digest)} is what {name} stands for")
        vendors = self._manifests(served, claim.official)
        if digest in {manifest.config for _, manifest in vendors}:
            return Proof(Kind.VENDORS, f"{shown_digest(digest)} is the config of {name}")
        own = self._found(Question(Subject.MANIFEST, claim.official, digest))
        if own is not None:
            proof = self._compare(own, claim.official, vendors)
            return proof if proof.kind is Kind.VENDORS else Proof(Kind.SERVED_ELSEWHERE, _served_elsewhere(claim))
        return self._compare(*self._content(digest), vendors)

    def _served(self, tag: str) -> Index | Manifest:
        """What the vendor's registry serves for the tag."""
        served = self._found(Question(Subject.MANIFEST, self.claim.official, tag))
        if served is None:
            raise _NoAnswerError(f"{self.claim.official} has no tag {tag}, so there is nothing to compare with")
        return served

    def _served_by_source(self) -> str:
        """The digest that a runtime would pull today."""
        tag = self.claim.tag or "latest"
        served = self._found(Question(Subject.MANIFEST, self.claim.source, tag))
        if served is None:
            raise _NoAnswerError(f"{self.claim.source} has no tag {tag}")
        return served.digest

    def _prove_without_tag(self, digest: str) -> Proof:
        official = self.claim.official
        if self._found(Question(Subject.MANIFEST, official, digest)) is not None:
            return Proof(Kind.VENDORS, f"{shown_digest(digest)} is in {official}")
        raise _NoAnswerError(
            f"{official} has no {shown_digest(digest)}, and without a tag there is nothing else to compare with"
        )

    def _content(self, digest: str) -> tuple[Index | Manifest | Config, str]:
        """What runs, and the repository that has it: the workload's own, or the one that the runtime names."""
        claim, causes = self.claim, []
        for repository in dict.fromkeys(filter(None, (claim.source, claim.reported))):
            for subject in Subject:
                try:
                    answer = self._ask(Question(subject, repository, digest))
                except _NoAnswerError as error:
                    causes.append(str(error))
                    break
                if isinstance(answer, Index | Manifest | Config):
                    return answer, repository
            else:
                causes.append(f"neither {claim.official} nor {repository} has {shown_digest(digest)}")
        raise _NoAnswerError("; ".join(causes))

    def _compare_with_catalogue(self, digest: str, cause: str) -> Proof:
        """Hold what runs against what the catalogue lists. What is neither that nor built on it is unknown: it may be newer."""
        running, repository = self._content(digest)
        configs = self._configs(self._parts(running, repository), repository)
        proofs = [_compare_with_listed(config, self.claim) for config in configs]
        first = proofs[0]
        if first is None or any(proof is None or proof.kind is not first.kind for proof in proofs):
            raise _NoAnswerError(f"{cause}; and it is nothing that the catalogue lists for {self.claim.tag}")
        return first

    def _parts(self, running: Index | Manifest | Config, repository: str) -> Sequence[tuple[str, Manifest | Config]]:
        """What of an image may run, with its platform."""
        if isinstance(running, Config):
            return [(running.platform, running)]
        wanted = self.claim.architectures
        parts = self._manifests(running, repository, wanted) or self._manifests(running, repository)
        if not parts:
            raise _NoAnswerError(f"{shown_digest(running.digest)} in {repository} lists no manifest")
        return parts

    def _compare(self, running: Index | Manifest | Config, repository: str, vendors: list[_Placed]) -> Proof:
        """Hold what runs against the vendor's image of the same platform, each platform that may run."""
        parts = self._parts(running, repository)
        known = {manifest.config for _, manifest in vendors}
        same = [part for part in parts if isinstance(part[1], Manifest) and part[1].config in known]
        if len(same) == len(parts):
            return Proof(Kind.VENDORS, f"it has the configs of {self.claim.official}:{self.claim.tag}, packed anew")
        configs = self._configs(parts, repository)
        references = self._configs(vendors, self.claim.official)
        proofs = [(config, self._pushed_before(config, _compare_configs(config, references, self.claim))) for config in configs]
        self._require()
        changed = [config.platform for config, proof in proofs if proof.kind is not Kind.VENDORS]
        if changed and len(changed) < len(proofs):
            raise _NoAnswerError(
                f"its image for {', '.join(sorted(changed))} is not the vendor's, others are, and nobody knows which one runs"
            )
        return min((proof for _, proof in proofs), key=lambda proof: _TELLING.index(proof.kind))

    def _pushed_before(self, config: Config, proof: Proof) -> Proof:
        """A proof against a config, unless it is the vendor's all the same: a tag can be pushed again, and copies are older."""
        claim = self.claim
        if proof.kind is Kind.VENDORS:
            return proof
        if made_of(config) in claim.listed:
            return _as_listed(claim)
        answer = self._look(Question(Subject.CONFIG, claim.official, config.digest))
        if isinstance(answer, Gap):
            raise _NoAnswerError(answer.cause)
        return Proof(Kind.SERVED_ELSEWHERE, _served_elsewhere(claim)) if isinstance(answer, Config) else proof

    def _configs(self, parts: Sequence[tuple[str, Manifest | Config]], repository: str) -> list[Config]:
        """The configs of manifests, each with its platform; all are asked for before any is missed."""
        configs = []
        for platform, part in parts:
            answer = part if isinstance(part, Config) else self._look(Question(Subject.CONFIG, repository, part.config))
            if isinstance(answer, Config):
                configs.append(answer._replace(platform=platform or answer.platform))
            elif isinstance(answer, Gap):
                raise _NoAnswerError(answer.cause)
            elif answer is not None:
                raise _NoAnswerError(f"{repository} lacks a config that its manifest names")
        self._require()
        return configs

    def _manifests(
        self, served: Index | Manifest, repository: str, wanted: frozenset[str] = frozenset(), depth: int = 1
    ) -> list[_Placed]:
        """The manifests of an image that may run on an architecture, each with its platform ("" for one that is alone).

        One that is listed and not there may run all the same, from a node's cache: nobody can tell what it is.
        """
        if isinstance(served, Manifest):
            return [("", served)]
        self.manifests += len(served.entries)
        if depth > _MAX_DEPTH or self.manifests > _MAX_MANIFESTS:
            raise _NoAnswerError(f"{shown_digest(served.digest)} lists more than an image has")
        found = []
        for entry in served.entries:
            if wanted and not _may_run(entry.platform, wanted):
                continue
            answer = self._look(Question(Subject.MANIFEST, repository, entry.digest))
            if isinstance(answer, Index):
                inner = self._manifests(answer, repository, wanted, depth + 1)
                found += [(platform or entry.platform, manifest) for platform, manifest in inner]
            elif isinstance(answer, Manifest):
                found.append((entry.platform, answer))
            elif isinstance(answer, Gap):
                raise _NoAnswerError(answer.cause)
            elif answer is not None:
                raise _NoAnswerError(
                    f"{repository} lacks the manifest that {shown_digest(served.digest)} lists for {entry.platform}"
                )
        self._require()
        return found

    def _found(self, question: Question) -> Index | Manifest | None:
        """The answer to a question that decides what comes next, None where there is no such thing."""
        answer = self._ask(question)
        return answer if isinstance(answer, Index | Manifest) else None

    def _ask(self, question: Question) -> Answer:
        answer = self._look(question)
        if answer is None:
            raise _OpenError
        if isinstance(answer, Gap):
            raise _NoAnswerError(answer.cause)
        return answer

    def _look(self, question: Question) -> Answer | None:
        """What is known, None for what is to be asked."""
        answer = self.answers.get(question)
        if answer is None:
            self.missing.append(question)
        return answer

    def _require(self) -> None:
        if self.missing:
            raise _OpenError


# Of several platforms that were all changed, what can be named best is told.
_TELLING = (Kind.DERIVED, Kind.RECONFIGURED, Kind.MODIFIED, Kind.SERVED_ELSEWHERE, Kind.VENDORS)


def _compare_configs(running: Config, vendors: list[Config], claim: Claim) -> Proof:
    vendor = next((each for each in vendors if each.platform == running.platform), None) or next(
        (each for each in vendors if _begins(running, each)), None
    )
    name = f"{claim.official}:{claim.tag}"
    if vendor is None:
        return Proof(Kind.MODIFIED, f"{name} is not published for {running.platform}")
    if running.diff_ids == vendor.diff_ids:
        changed = _changed(running, vendor)
        if changed:
            return Proof(Kind.RECONFIGURED, f"it has the layers of {name} and another {' and '.join(changed)}")
        return Proof(Kind.VENDORS, f"it has the layers and settings of {name}, packed anew")
    if _begins(running, vendor):
        return Proof(Kind.DERIVED, f"it has all layers of {name} and {_added_commands(running, len(vendor.diff_ids))}")
    same = sum(1 for diff_id in vendor.diff_ids if diff_id in running.diff_ids)
    count = len(vendor.diff_ids)
    return Proof(Kind.MODIFIED, f"it has {same or 'none'} of the {count} layers of {name} for {running.platform}")


def _compare_with_listed(running: Config, claim: Claim) -> Proof | None:
    """What a config is by the catalogue; None where that does not say."""
    own, name = made_of(running), f"{claim.official}:{claim.tag}"
    if own in claim.listed:
        return _as_listed(claim)
    if any((own.layers, own.platform) == (listed.layers, listed.platform) for listed in claim.listed):
        return Proof(Kind.RECONFIGURED, f"it has the layers that the catalogue lists for {name}, and other settings")
    bases = {listed.layers for listed in claim.listed}
    counts = [count for count, base in enumerate(layers_digests(running.diff_ids[:-1]), start=1) if base in bases]
    if counts:
        added = _added_commands(running, counts[-1])
        return Proof(Kind.DERIVED, f"it has all layers that the catalogue lists for {name} and {added}")
    return None


def _as_listed(claim: Claim) -> Proof:
    return Proof(Kind.VENDORS, f"it has the layers and settings that the catalogue lists for {claim.official}:{claim.tag}")


def _begins(running: Config, vendor: Config) -> bool:
    """Whether an image was built on another; one without layers is no base."""
    count = len(vendor.diff_ids)
    return bool(count) and running.diff_ids[:count] == vendor.diff_ids


def _changed(running: Config, vendor: Config) -> list[str]:
    """Names of the settings that differ."""
    ours, theirs = dict(running.settings), dict(vendor.settings)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def _added_commands(running: Config, count: int) -> str:
    """The layers on top of the first ones, by the commands that made them."""
    commands = [command for command in running.history[count:] if command]
    if len(commands) > _MAX_COMMANDS:
        commands = [*commands[:_MAX_COMMANDS], f"and {len(commands) - _MAX_COMMANDS} more commands"]
    number = len(running.diff_ids) - count
    more = f"{number} more" if number > 1 else "one more"
    return more + (f", made by: {'; '.join(commands)}" if commands else ", whose making is not told")


def _digests(served: Index | Manifest) -> Iterator[str]:
    yield served.digest
    if isinstance(served, Index):
        yield from (entry.digest for entry in served.entries)
    else:
        yield served.config


def _may_run(platform: str, wanted: frozenset[str]) -> bool:
    """Whether a runtime on one of these architectures may choose a platform.

    So it does for one that is not told, or by a name that no node has. 64-bit processors run what is made for their elders.
    """
    architecture = platform.split("/")[1] if "/" in platform else platform
    return architecture not in _ARCHITECTURES or not wanted.isdisjoint({architecture, _ELDERS.get(architecture, architecture)})


def _served_elsewhere(claim: Claim) -> str:
    return (
        f"{claim.official} has it, and {claim.tag} stands for something else today: the tag was pushed again, or what runs is "
        "another release"
    )
