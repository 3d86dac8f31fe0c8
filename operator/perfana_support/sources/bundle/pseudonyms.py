"""Stable pseudonyms for what names somebody: namespaces, hosts, objects, private images. The verdict stays what it is.

Names of the vendor, of databases and of the like stay, for they are what is judged. The same name has the same pseudonym
everywhere in a bundle, and in later ones where the table is kept (`--pseudonyms FILE`), with which its owner reads an answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from perfana_support.model.answer import Gap, Question
from perfana_support.model.document import Json, NewJson
from perfana_support.model.evidence import Evidence
from perfana_support.model.image import parse_image
from perfana_support.model.installation import Container, ContainerSettings, Setting, Workload
from perfana_support.model.verdict import Verdict
from perfana_support.sources.bundle.texts import changed, may_be_repository, texts_of
from perfana_support.sources.container_settings import ENV_FROM
from perfana_support.sources.workload import DATABASE_CONTAINER

_SCHEME = re.compile(r"https?://")
_SHORTEST = 3
_QUOTED = re.compile(r'(?<!resource )(?<!API group )"[^"]*"')
_USER = re.compile(r"system:serviceaccount:\S+")
_ADDRESS = re.compile(
    r"https?://\S+|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b|\b[\w-]+(?:\.[\w-]+)*:\d{2,5}\b|\[[0-9a-f:]{3,}\]"
)
# Registries that anybody uses; whose images one takes from there, the path tells.
_PUBLIC = frozenset(
    {
        "docker.io",
        "ghcr.io",
        "quay.io",
        "gcr.io",
        "registry.k8s.io",
        "mcr.microsoft.com",
        "public.ecr.aws",
        "library",
        "localhost",
    }
)
# What stays of a private image's name, the least first, until the verdict is what it was.
LEVELS = ("", "the last part of their names", "their paths")
# Subjects of findings that have names of the policy's or the contract's, and none of the installation's.
_NAMED_BY_POLICY = frozenset({"Dependency", "Maintenance", "Declaration", "Installation"})


class Pseudonyms:
    """The table of names and pseudonyms, by what is named: `namespace`, `workload`, `host`…

    `known` is a table of before, which goes on; `public` holds names that stay.
    """

    def __init__(self, public: Iterable[str], known: Mapping[str, Mapping[str, str]]) -> None:
        self._public = frozenset({DATABASE_CONTAINER, *public})
        self._table = {kind: dict(names) for kind, names in known.items()}

    def name(self, kind: str, name: str) -> str:
        """The pseudonym of a name, "" and what is public as they are."""
        if not name or name in self._public:
            return name
        names = self._table.setdefault(kind.lower(), {})
        if name not in names:
            names[name] = f"{kind.lower()}-{_after(names.values())}" + (".example" if kind == "host" else "")
        return names[name]

    def knows(self, kind: str, name: str) -> bool:
        """Whether a name is in the table already."""
        return name in self._table.get(kind, {})

    def text(self, text: str) -> str:
        """A sentence with the pseudonyms of all names that are known so far.

        What others quote in it, addresses and users, is nobody's business: only what an API calls its own things stays.
        """
        return self._renamed(_ADDRESS.sub("…", _USER.sub("…", _QUOTED.sub('"…"', text))), r"[\w-]", r"[\w.-]")

    def words(self, text: str) -> str:
        """A command line: names that are whole words. Parts of paths stay, for an image's own command is told by them."""
        return text if text in self._public else self._renamed(text, r"[\w./:-]", r"[\w./:-]")

    def _renamed(self, text: str, behind: str, before: str) -> str:
        """The text with known names replaced that do not stand in the middle of something else."""
        names = {
            name: other
            for kind, known in self._table.items()
            for name, other in known.items()
            if len(name) >= _SHORTEST or kind == "namespace"
        }
        if not names:
            return text
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        form = rf"(?<!{before})(?:{'|'.join(map(re.escape, longest_first))})(?!{behind})"
        return re.sub(form, lambda found: names[found[0]], text)

    @property
    def table(self) -> dict[str, dict[str, str]]:
        """Names and pseudonyms, in order."""
        return {kind: dict(names) for kind, names in sorted(self._table.items())}


class Images:
    """Images and repositories under pseudonyms: hosts and path segments that no public list has.

    `level` says how much of a name stays: 0 what the built-in policy has alone, 1 its last segment as well, 2 its path.
    """

    def __init__(self, pseudonyms: Pseudonyms, builtin: Json, level: int) -> None:
        self._pseudonyms = pseudonyms
        self._level = level
        listed = [text for text in texts_of(builtin["spec"]) if may_be_repository(text)]
        self._segments = frozenset(segment for text in listed for segment in text.split("/")) | _PUBLIC

    def image(self, image: str) -> str:
        """An image's reference. One that nobody can read stays unreadable."""
        if not image:
            return image
        if parse_image(image) is None:
            return f"unreadable {self._pseudonyms.name('image', image)}"
        name, has_digest, digest = image.partition("@")
        head, slash, last = name.rpartition("/")
        last, has_tag, tag = last.partition(":")
        return self.repository(f"{head}{slash}{last}") + has_tag + tag + has_digest + digest

    def repository(self, name: str) -> str:
        """A repository, a prefix of some, or a registry's address."""
        scheme = match[0] if (match := _SCHEME.match(name)) else ""
        segments = name[len(scheme) :].split("/")
        last = len(segments) - 1 if segments[-1] else len(segments) - 2
        return scheme + "/".join(self._segment(each, place, last, bool(scheme)) for place, each in enumerate(segments))

    def policy_text(self, text: str) -> str:
        """A text of a policy: a repository, or a sentence."""
        if may_be_repository(text):
            return self.repository(text) if "/" in text else text
        return self._pseudonyms.text(text)

    def registry(self, name: str) -> str:
        """A registry's name."""
        return name if name in self._segments else self._pseudonyms.name("host", name)

    def _segment(self, segment: str, place: int, last: int, has_scheme: bool) -> str:  # noqa: FBT001 - of a private method
        if not segment or segment in self._segments:
            return segment
        if place == 0 and (has_scheme or "." in segment or ":" in segment) and (last > 0 or has_scheme):
            return self._pseudonyms.name("host", segment)
        stays = self._level > 1 or (self._level == 1 and place == last)
        return segment if stays else self._pseudonyms.name("part", segment)


def anonymise(evidence: Evidence, builtin: Json, pseudonyms: Pseudonyms, level: int) -> Evidence:
    """The evidence under pseudonyms."""
    images = Images(pseudonyms, builtin, level)
    installation = evidence.installation
    namespace = pseudonyms.name("namespace", installation.namespace)
    workloads = tuple(_workload(workload, namespace, pseudonyms, images) for workload in installation.workloads)
    platform = installation.platform
    if platform:
        nodes = tuple(node._replace(name=pseudonyms.name("node", node.name)) for node in platform.nodes)
        platform = platform._replace(nodes=nodes, gaps=tuple(map(pseudonyms.text, platform.gaps)))
    answers = {
        Question(question.subject, images.repository(question.repository), question.reference): (
            Gap(pseudonyms.text(answer.cause)) if isinstance(answer, Gap) else answer
        )
        for question, answer in installation.answers.items()
    }
    installation = installation._replace(
        namespace=namespace,
        workloads=workloads,
        gaps=tuple(map(pseudonyms.text, installation.gaps)),
        platform=platform,
        answers=answers,
    )
    server = str(evidence.source.get("server") or "")
    source = {
        **evidence.source,
        "server": server and "https://" + pseudonyms.name("host", _SCHEME.sub("", server)),
        "context": "",
    }
    public = frozenset(texts_of(builtin))
    policy: NewJson = changed(evidence.policy, lambda text: text if text in public else images.policy_text(text))
    for registry in policy["spec"].get("images", {}).get("registries", ()):
        registry["name"] = images.registry(registry["name"])
    policy["metadata"] = {"name": _policy_name(str(evidence.policy["metadata"]["name"]), builtin, pseudonyms)}
    check = _check(evidence.check, builtin, pseudonyms, images) if evidence.check else evidence.check
    return evidence._replace(installation=installation, source=source, policy=policy, check=check)


def shape(verdict: Verdict) -> tuple[object, ...]:
    """What of a verdict no pseudonym may change: all but names and the sentences that have them."""
    found = Counter((each.code, each.subject.kind, each.waived_until, each.ignored_by) for each in verdict.findings)
    later = Counter((each.code, each.subject.kind, each.waived_until) for each in verdict.upgrade_findings)
    return (
        sorted((each.type, each.status, each.reason) for each in verdict.conditions),
        found,
        later,
        sorted((each.tag, each.release, each.line, each.workloads) for each in verdict.components),
        verdict.release,
        verdict.support_ends_on,
        verdict.next_transition,
    )


def _workload(workload: Workload, namespace: str, pseudonyms: Pseudonyms, images: Images) -> Workload:
    owner = workload.owner
    return workload._replace(
        namespace=namespace,
        name=pseudonyms.name("workload", workload.name),
        containers=tuple(_container(container, pseudonyms, images) for container in workload.containers),
        owner=(owner[0], pseudonyms.name("workload", owner[1])) if owner else None,
        node=pseudonyms.name("node", workload.node),
    )


def _container(container: Container, pseudonyms: Pseudonyms, images: Images) -> Container:
    settings = container.settings
    name, has_digest, digest = container.image_id.rpartition("@")
    return container._replace(
        name=pseudonyms.name("container", container.name),
        image=images.image(container.image),
        image_id=_image_id(name, images) + has_digest + digest,
        settings=ContainerSettings(
            command=_each(settings.command, pseudonyms.words),
            args=_each(settings.args, pseudonyms.words),
            variables=tuple(_variable(each, pseudonyms) for each in settings.variables),
            mounts=_each(settings.mounts, lambda volume: _volume(volume, pseudonyms, images)),
            hooks=_each(settings.hooks, pseudonyms.words),
        )
        if any(settings)
        else settings,
    )


def _image_id(name: str, images: Images) -> str:
    runtime, has_scheme, rest = name.rpartition("://")
    return runtime + has_scheme + (images.image(rest) if rest else "")


def _each(settings: tuple[Setting, ...], change: Callable[[str], str]) -> tuple[Setting, ...]:
    return tuple(Setting(each.name, change(each.value)) for each in settings)


def _variable(setting: Setting, pseudonyms: Pseudonyms) -> Setting:
    if setting.name != ENV_FROM:
        return Setting(setting.name, pseudonyms.words(setting.value))
    kind, _, name = setting.value.partition(" ")
    return Setting(setting.name, f"{kind} {pseudonyms.name(kind, name)}")


def _volume(volume: str, pseudonyms: Pseudonyms, images: Images) -> str:
    """What is mounted: its source, and a pseudonym for which one."""
    source, has_name, name = volume.partition(" ")
    return source + has_name + (images.image(name) if source == "image" else pseudonyms.name(source, name))


def _policy_name(name: str, builtin: Json, pseudonyms: Pseudonyms) -> str:
    return name if name == builtin["metadata"]["name"] else pseudonyms.name("policy", name)


def _check(check: Json, builtin: Json, pseudonyms: Pseudonyms, images: Images) -> NewJson:
    """A check whose names are pseudonyms. Reasons and persons are nobody's business; the selector has done its work."""
    metadata = check.get("metadata") or {}
    spec: dict[str, Any] = {field: value for field, value in (check.get("spec") or {}).items() if field != "workloadSelector"}
    if spec.get("policyRef"):
        spec["policyRef"] = {"name": _policy_name(str(spec["policyRef"].get("name")), builtin, pseudonyms)}
    if spec.get("target", {}).get("images"):
        spec["target"] = {"images": list(map(images.image, spec["target"]["images"]))}
    if spec.get("waivers"):
        spec["waivers"] = [_waiver(waiver, pseudonyms) for waiver in spec["waivers"]]
    named = {"name": pseudonyms.name("check", metadata.get("name") or "")}
    if metadata.get("namespace"):
        named["namespace"] = pseudonyms.name("namespace", metadata["namespace"])
    return {**check, "metadata": named, "spec": spec}


def _waiver(waiver: Json, pseudonyms: Pseudonyms) -> NewJson:
    """A waiver of what an installation has. What it names without a kind is a workload, a node where one is called so."""
    subject = dict(waiver.get("subject") or {})
    named = dict(subject)
    if subject.get("name") and subject.get("kind", "") not in _NAMED_BY_POLICY:
        is_node = subject.get("kind") == "Node" or (not subject.get("kind") and pseudonyms.knows("node", subject["name"]))
        named["name"] = pseudonyms.name("node" if is_node else "workload", subject["name"])
    if subject.get("container"):
        named["container"] = pseudonyms.name("container", subject["container"])
    left_out = {"reason": "left out", "agreedBy": "left out"}
    return {**waiver, **left_out, **({"subject": named} if named else {})}


def _after(pseudonyms: Iterable[str]) -> int:
    """The next number. Pseudonyms of a table that somebody edited may have any form."""
    numbers = (re.search(r"-(\d{1,9})(?:\.example)?$", each) for each in pseudonyms)
    return max((int(number[1]) for number in numbers if number), default=0) + 1
