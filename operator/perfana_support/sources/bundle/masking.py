"""What of the facts goes into a bundle: what rules read, and of free text in it only what cannot be a secret.

An allow-list. Of a container that is no component nothing but its image is read, so nothing else is taken along. Of a
component's command line and variables rules compare words with the policy's own; any other word is as good as another, so it
goes along only where its form says that it is no secret: an option's name, a path, a script, a small number. All else becomes a
mark, one for each secret, so that what was equal stays equal.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from perfana_support.evaluate.inventory import recognise
from perfana_support.model.answer import Answer, Answers, Config, Gap, Question
from perfana_support.model.configuration_policy import is_like
from perfana_support.model.document import Json, NewJson
from perfana_support.model.evidence import Evidence
from perfana_support.model.image import parse_image
from perfana_support.model.image_policy import Catalogue
from perfana_support.model.installation import PLAIN, Container, ContainerSettings, Installation, Setting, Workload
from perfana_support.model.layers import made_of
from perfana_support.model.policy import Policy
from perfana_support.sources.bundle.secrets import NAMES_SECRET, is_random, mask_text
from perfana_support.sources.bundle.texts import changed, may_be_repository, texts_of
from perfana_support.sources.container_settings import ENV_FROM, WORKING_DIR

_OPTION = re.compile(
    r"--[a-z][a-z-]{0,39}|-[A-Za-z]|-D[a-z][A-Za-z.]{0,79}|-XX:[+-]?[A-Za-z]{1,60}|-Xm[sx]\d{1,6}[kmgKMG]?", re.ASCII
)
# Options of one letter behind which no secret stands; behind others it may (`-p`, `-u`).
_SHORT_OPTION = len("-c")
_TELLING = frozenset({"-c", "-e", "-f", "-m", "-v", "-l", "-i"})
_NUMBER = re.compile(r"\d{1,5}[smhdkMG]?", re.ASCII)
_PATH = re.compile(r"/?(?:[a-z._-]+\d{0,4}[a-z._-]{0,20}/)*[a-z._-]+\d{0,4}[a-z._-]{0,20}/?", re.ASCII)
_SCRIPT = re.compile(r"[\w./-]{1,200}\.(?:[cm]?[jt]s|py|sh|jar|rb|pl)", re.ASCII)
_PROGRAMS = frozenset(
    {
        "sh",
        "bash",
        "ash",
        "dash",
        "node",
        "java",
        "python",
        "python3",
        "exec",
        "sleep",
        "env",
        "tini",
        "dumb-init",
        "npm",
        "--",
        "-",
    }
)
# How quotes are read differs between runtimes; rules read a variable's value without them (`evaluate/configuration.py`).
_UNQUOTED = str.maketrans("", "", "\"'\\")
_USER_INFO = re.compile(r"[^/@\s]+(?=@(?!sha\d{3}:))")
_ARGUMENT = "an argument that may be a secret"
_VALUE = "the value of a variable"
_SETTING = "a setting of an image that the vendor does not have"


class Masked(NamedTuple):
    """A mark in a bundle: what it stands for, and the places that have it."""

    mark: str
    why: str
    where: tuple[str, ...]


class Masker:
    """Marks for secrets, the same for the same secret; `place` says where one is found at the moment."""

    def __init__(self) -> None:
        self.place = ""
        self._marks: dict[str, str] = {}
        self._found: dict[str, tuple[str, dict[str, None]]] = {}

    def mark(self, secret: str, why: str) -> str:
        """The mark that stands for a secret. It holds no blank and no quote, so that a word stays one."""
        mark = self._marks.setdefault(secret, f"[masked-{len(self._marks) + 1}]")
        _, places = self._found.setdefault(mark, (why, {}))
        places[self.place] = None
        return mark

    def text(self, text: str) -> str:
        """A free text with marks for what looks like a secret."""
        return mask_text(text, self.mark)

    @property
    def masked(self) -> tuple[Masked, ...]:
        """All marks, in the order in which they were made."""
        return tuple(Masked(mark, why, tuple(places)) for mark, (why, places) in self._found.items())


def mask(evidence: Evidence, policy: Policy, builtin: Json, masker: Masker) -> Evidence:
    """The evidence without what may be a secret. `builtin` is the built-in policy's document, which is public."""
    installation = mask_installation(evidence.installation, policy, masker)
    public = frozenset(texts_of(builtin))
    masker.place = "SupportPolicy"
    own_policy = _policy(evidence.policy, public, masker)
    masker.place = "SupportCheck"
    check = _check(evidence.check, masker)
    masker.place = "where the facts are from"
    source = changed(evidence.source, masker.text)
    return evidence._replace(installation=installation, policy=own_policy, check=check, source=source)


def mask_installation(installation: Installation, policy: Policy, masker: Masker) -> Installation:
    """The installation without what may be a secret, so that whatever is said of it can be handed over."""
    workloads = sorted(installation.workloads, key=lambda each: (each.kind, each.name))
    masker.place = "what could not be read"
    gaps = tuple(map(masker.text, installation.gaps))
    platform = installation.platform
    if platform:
        platform = platform._replace(gaps=tuple(map(masker.text, platform.gaps)))
    return installation._replace(
        workloads=tuple(_workload(workload, policy, masker) for workload in workloads),
        gaps=gaps,
        platform=platform,
        answers=_answers(installation.answers, policy, masker),
    )


def _workload(workload: Workload, policy: Policy, masker: Masker) -> Workload:
    containers = tuple(_container(container, workload, policy, masker) for container in workload.containers)
    return workload._replace(containers=containers, labels=())


def _container(container: Container, workload: Workload, policy: Policy, masker: Masker) -> Container:
    masker.place = f"{workload.kind} {workload.name}, container {container.name}"
    reference = parse_image(container.image)
    component = recognise(container.image, policy)
    settings = _settings(container.settings, policy, masker) if component else PLAIN
    image = container.image
    if reference is None:
        image = masker.text(_USER_INFO.sub(lambda found: masker.mark(found[0], "credentials in an address"), image))
    return container._replace(image=image, settings=settings, location=None)


def _settings(settings: ContainerSettings, policy: Policy, masker: Masker) -> ContainerSettings:
    if settings == PLAIN:
        return PLAIN
    rules = policy.fields.configuration
    own = rules.own_words
    words = _Words(own, masker)
    return ContainerSettings(
        command=tuple(
            _placed(setting, words.path if setting.name == WORKING_DIR else words.next) for setting in settings.command
        ),
        args=tuple(_placed(setting, words.next) for setting in settings.args),
        variables=tuple(_variable(setting, rules.variables.get(setting.name, ()), masker) for setting in settings.variables),
        mounts=tuple(Setting(words.path(mount.name), words.path(mount.value)) for mount in settings.mounts),
        hooks=tuple(Setting(hook.name, _Words(own, masker).line(hook.value)) for hook in settings.hooks),
    )


def _placed(setting: Setting, masked: Callable[[str], str]) -> Setting:
    return Setting(setting.name, masked(setting.value))


class _Words:
    """The words of a command line one after the other: what follows an option that says secret is one, whatever its form."""

    def __init__(self, own: frozenset[str], masker: Masker) -> None:
        self._own = own
        self._masker = masker
        self._follows_secret = False

    def next(self, word: str) -> str:
        """A word as it may go along. One with blanks in it is a line itself, such as what a shell is given to run."""
        follows, self._follows_secret = self._follows_secret, False
        if follows:
            return self._masker.mark(word, _ARGUMENT)
        if word in self._own:
            return word
        name, has_value, value = word.partition("=")
        if not _OPTION.fullmatch(name):
            return self.line(word) if len(word.split()) > 1 else self.bare(word)
        hides = bool(NAMES_SECRET.search(name)) or (len(name) == _SHORT_OPTION and name not in _TELLING)
        if not has_value:
            self._follows_secret = hides
            return word
        return f"{name}={self._masker.mark(value, _ARGUMENT) if hides else self.bare(value)}" if value else word

    def line(self, line: str) -> str:
        """The words of a line, one by one."""
        words = _Words(self._own, self._masker)
        return " ".join(map(words.next, line.split()))

    def path(self, path: str) -> str:
        """A path, or what a volume is called: only parts that are random go."""
        return re.sub(
            r"[^/ ]+", lambda found: self._masker.mark(found[0], _ARGUMENT) if is_random(found[0]) else found[0], path
        )

    def bare(self, word: str) -> str:
        """A word that is no option: a program, a path, a script or a small number, else a mark."""
        forms = (_NUMBER, _PATH, _SCRIPT)
        is_plain = word in _PROGRAMS or (
            any(form.fullmatch(word) for form in forms) and ("/" in word or not _PATH.fullmatch(word))
        )
        return word if is_plain and not is_random(word) else self._masker.mark(word, _ARGUMENT)


def _variable(setting: Setting, harmless: tuple[str, ...], masker: Masker) -> Setting:
    """A variable that can inject code: its harmless options, and the names of others."""
    if setting.name == ENV_FROM or not setting.value:
        return Setting(setting.name, setting.value)
    words = []
    for word in setting.value.translate(_UNQUOTED).split():
        option, _, value = word.partition("=")
        if any(is_like(word, template) for template in harmless):
            words.append(word)
        elif not _OPTION.fullmatch(option):
            words.append(":".join(_Words(frozenset(), masker).bare(part) if part else "" for part in word.split(":")))
        else:
            words.append(f"{option}={masker.mark(value, _VALUE)}" if value else word)
    return Setting(setting.name, " ".join(words) or setting.value)


def _policy(policy: Json, public: frozenset[str], masker: Masker) -> NewJson:
    """The policy; of registries what they are called, for where they are and by which secret no rule reads."""
    spec = dict(policy["spec"])
    images = spec.get("images") or {}
    if images.get("registries"):
        spec["images"] = {**images, "registries": [{"name": each["name"]} for each in images["registries"]]}

    def change(text: str) -> str:
        return text if text in public or may_be_repository(text) else masker.text(text)

    return as_stated({**policy, "spec": changed(spec, change)})


def _check(check: Json, masker: Masker) -> NewJson:
    """The check; what people wrote in words is looked through."""
    if not check:
        return {}
    spec = dict(check.get("spec") or {})
    if spec.get("waivers"):
        words = ("reason", "agreedBy")
        spec["waivers"] = [{**each, **{field: masker.text(each[field]) for field in words}} for each in spec["waivers"]]
    if spec.get("workloadSelector"):
        spec["workloadSelector"] = changed(spec["workloadSelector"], masker.text)
    return as_stated({**check, "spec": spec})


def as_stated(entity: Json) -> NewJson:
    """An object as somebody states it: with its name, and without annotations and what an API server adds."""
    metadata = {field: entity["metadata"][field] for field in ("name", "namespace") if field in (entity.get("metadata") or {})}
    return {"apiVersion": entity["apiVersion"], "kind": entity["kind"], "metadata": metadata, "spec": entity.get("spec") or {}}


def _answers(answers: Answers, policy: Policy, masker: Masker) -> dict[Question, Answer]:
    """What registries said. What an image is set to is public where the vendor's own image has it, or the policy lists it."""
    masker.place = "what registries said"
    open_to_all = [
        answer
        for question, answer in answers.items()
        if isinstance(answer, Config)
        and (question.repository in policy.product_lines_of or _is_listed(answer, policy.catalogue))
    ]
    public = {setting for config in open_to_all for setting in config.settings}
    commands = {command for config in open_to_all for command in config.history}
    found: dict[Question, Answer] = {}
    for question in sorted(answers):
        answer = answers[question]
        if isinstance(answer, Config):
            settings = tuple(each if each in public else (each[0], masker.mark(each[1], _SETTING)) for each in answer.settings)
            history = tuple(each if each in commands else _Words(frozenset(), masker).line(each) for each in answer.history)
            answer = answer._replace(settings=settings, history=history)
        elif isinstance(answer, Gap):
            answer = Gap(masker.text(answer.cause))
        found[question] = answer
    return found


def _is_listed(config: Config, catalogue: Catalogue) -> bool:
    settings = made_of(config).settings
    listed = (entry.made_of for entries in catalogue.listed.values() for entry in entries)
    return any(entry is not None and entry.settings == settings for entry in listed)
