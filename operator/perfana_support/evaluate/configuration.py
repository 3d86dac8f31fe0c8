"""ConfigurationUnmodified: does anything in the pod spec replace or inject product code?"""

from collections.abc import Iterator

from perfana_support.evaluate.inventory import recognise, short_repository
from perfana_support.evaluate.seen_dependency import carried_by
from perfana_support.model.code import Code
from perfana_support.model.configuration_policy import ComponentImage, ConfigurationRules, absolute, is_like
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.image import parse_image
from perfana_support.model.installation import PLAIN, Container, ContainerRole, Installation, Setting, Subject, Workload
from perfana_support.model.policy import Policy

# How `sources/container_settings.py` names what is neither a word of a command nor a variable.
_WORKING_DIR = "workingDir"
_ENV_FROM = "envFrom"
# Runtimes differ in how they read quotes. Without them every word of a value stays, and each must be harmless.
_UNQUOTED = str.maketrans("", "", "\"'\\")
_MAX_SHOWN = 120


def judge(installation: Installation, policy: Policy, rules: ConfigurationRules) -> Iterator[Finding]:
    """All findings about what pod specs set, each once.

    What a pod has and its controller's template has not (a webhook put it there, or a rollout is unfinished) is found under
    the controller's name, so that it neither repeats with every replica nor changes its name with every restart.
    """
    templates = {
        (workload.kind, workload.name): {container.name: container for container in workload.containers}
        for workload in installation.workloads
        if workload.owner is None
    }
    found: set[Finding] = set()
    pods: list[Workload] = []
    for workload in installation.workloads:
        if workload.owner in templates:
            pods.append(workload)
            continue
        for finding in _judge_workload(workload, workload, policy, rules):
            if finding not in found:
                found.add(finding)
                yield finding
    for pod in pods:
        kind, name = pod.owner or ("", "")
        if all(_is_told_by(templates[kind, name], container) for container in pod.containers):
            continue
        for finding in _judge_workload(pod, pod._replace(kind=kind, name=name), policy, rules):
            if finding in found:
                continue
            found.add(finding)
            is_pods_own = finding.subject.kind == pod.kind
            yield finding if is_pods_own else finding._replace(message=f"{finding.message}; its pods have it, its template not")


def _is_told_by(template: dict[str, Container], container: Container) -> bool:
    """Whether a pod's container is as its controller's template says, which was judged already: the rule, and quick to see."""
    told = template.get(container.name)
    return told is not None and (told.image, told.role, told.settings) == (container.image, container.role, container.settings)


def _judge_workload(workload: Workload, named: Workload, policy: Policy, rules: ConfigurationRules) -> Iterator[Finding]:
    """Findings about one pod or template, under the name of `named`; nothing where no component runs."""
    identities = [_identify(container, policy) for container in workload.containers]
    components = sorted(
        {
            short_repository(identity)
            for container, identity in zip(workload.containers, identities, strict=True)
            if identity and container.role is not ContainerRole.EPHEMERAL
        }
    )
    if not components:
        return
    for container, identity in zip(workload.containers, identities, strict=True):
        subject = Subject(named.kind, named.namespace, named.name, container.name, container.image)
        if container.role is ContainerRole.EPHEMERAL:
            yield _debug_container(workload, container, components)
        elif identity is None:
            yield from _foreign_sidecar(subject, container, workload.kind, components, policy)
        elif container.settings != PLAIN:
            yield from _judge_component(subject, container, rules.images.get(identity) or ComponentImage(identity), rules)


def _identify(container: Container, policy: Policy) -> str | None:
    component = recognise(container.image, policy)
    return component.repository if component else None


def _judge_component(
    subject: Subject, container: Container, image: ComponentImage, rules: ConfigurationRules
) -> Iterator[Finding]:
    yield from _command_overridden(subject, container, image, rules)
    for mount in container.settings.mounts:
        yield from _code_mounted(subject, mount, image, rules)
    for variable in container.settings.variables:
        yield from _runtime_injected(subject, variable, rules)
    for hook in container.settings.hooks:
        message = f"{hook.name} runs {_shown(hook.value)} inside the container of {short_repository(image.repository)}"
        remedy = f"make sure that {hook.name} changes no product code, or remove it"
        yield Finding(Code.EXEC_HOOK, subject, message, remedy, hook.location, detail=exactly(hook.name, hook.value))


def _command_overridden(
    subject: Subject, container: Container, image: ComponentImage, rules: ConfigurationRules
) -> Iterator[Finding]:
    """What the container starts, if that is not what the image starts by itself.

    Kubernetes' `command` takes the place of the image's entrypoint and, with or without `args`, of its command; `args` alone
    take the place of the command. What is compared is the line without the entrypoint's words and interpreters before it:
    `node main.js`, `/nodejs/bin/node main.js` and `main.js` start the same. Options are part of the line. A working directory
    that is not the image's own lets relative paths begin elsewhere, so it is an override even without a command.
    """
    command, args = container.settings.command, container.settings.args
    words = [setting for setting in (*command, *args) if setting.name != _WORKING_DIR]
    directories = [setting for setting in command if setting.name == _WORKING_DIR]
    line = [word.value for word in words]
    overriding: list[Setting] = []
    changes: list[str] = []
    fields: list[str] = []
    if words and not _is_own(line, image, rules):
        overriding += words
        changes.append("starts " + _shown(" ".join(line)))
        fields += [name for name, is_set in (("command", len(words) > len(args)), ("args", args)) if is_set]
    for directory in directories:
        if absolute(directory.value) != image.working_dir:
            overriding.append(directory)
            changes.append("works in " + _shown(directory.value))
            fields.append(_WORKING_DIR)
    if not overriding:
        return
    own = (
        " ".join((*image.entrypoint, *image.command)) if image.command else "a command of its own that the policy does not list"
    )
    place = f" in {image.working_dir}" if image.command and image.working_dir else ""
    message = f"the container {' and '.join(changes)}; the image of {short_repository(image.repository)} starts {own}{place}"
    remedy = f"remove {' and '.join(fields)} from the container"
    detail = exactly(*(setting.value for setting in overriding))
    yield Finding(Code.COMMAND_OVERRIDDEN, subject, message, remedy, overriding[0].location, detail=detail)


def _is_own(words: list[str], image: ComponentImage, rules: ConfigurationRules) -> bool:
    """Whether a command line starts what the image starts. A script may be spelled by another path to the same file."""
    leading = rules.interpreters.union(image.entrypoint)
    own, actual = _without(list(image.command), leading), _without(words, leading)
    if not own or len(own) != len(actual) or own[1:] != actual[1:]:
        return False
    base = image.working_dir
    return own[0] == actual[0] or bool(base and absolute(own[0], base) == absolute(actual[0], base))


def _without(words: list[str], leading: frozenset[str]) -> list[str]:
    first = next((place for place, word in enumerate(words) if word not in leading), len(words))
    return words[first:]


def _code_mounted(subject: Subject, mount: Setting, image: ComponentImage, rules: ConfigurationRules) -> Iterator[Finding]:
    """A volume at, below or above code of the image: whatever it holds, the image's own files are hidden behind it."""
    path = absolute(mount.name)
    if any(_is_within(path, provided) for provided in rules.provided_mounts):
        return
    hidden = [code for code in (*rules.code_paths, *image.code_paths) if _is_within(path, code) or _is_within(code, path)]
    if not hidden:
        return
    name = short_repository(image.repository)
    message = f"{mount.value} is mounted at {_shown(mount.name)}; {hidden[0]} holds code that {name} runs"
    remedy = f"remove the volume mount at {_shown(mount.name)} from the container"
    yield Finding(Code.CODE_MOUNTED, subject, message, remedy, mount.location, detail=exactly(path))


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder if folder.endswith("/") else folder + "/")


def _runtime_injected(subject: Subject, variable: Setting, rules: ConfigurationRules) -> Iterator[Finding]:
    """A variable that can make the runtime load other code, unless only harmless options are set."""
    name = variable.name
    if name == _ENV_FROM:
        if rules.reports_env_from:
            message = f"variables are taken over from {variable.value}, which may set any that inject code, and cannot be read"
            remedy, detail = "set each variable by its name in env", exactly(name, variable.value)
            yield Finding(Code.RUNTIME_INJECTED, subject, message, remedy, variable.location, detail=detail)
        return
    templates = rules.variables.get(name)
    if templates is None:
        return
    harmless_are = f"harmless are {_shown(', '.join(templates))}" if templates else "the policy lists nothing harmless for it"
    if not variable.value:
        message = f"{name} takes its value from another object, which cannot be read and may inject code; {harmless_are}"
        remedy = f"set {name} to a value in the manifest"
        yield Finding(Code.RUNTIME_INJECTED, subject, message, remedy, variable.location, detail=name)
        return
    words = variable.value.translate(_UNQUOTED).split()
    harmless = [word for word in words if any(is_like(word, template) for template in templates)]
    injected = [word for word in words if word not in harmless]
    if injected:
        options = " ".join(map(_without_value, injected))
        message = f"{name} holds {_shown(options)}, which may inject code; {harmless_are}"
        remedy = f"set {name} to {' '.join(harmless)}" if harmless else f"remove {name} from the variables of the container"
        yield Finding(Code.RUNTIME_INJECTED, subject, message, remedy, variable.location, detail=exactly(name, options))


def _without_value(word: str) -> str:
    """An option without what is set: options carry passwords (-Djavax.net.ssl.trustStorePassword=…), and reports travel."""
    option, has_value, _ = word.partition("=")
    return f"{option}=…" if has_value else word


def _debug_container(workload: Workload, container: Container, components: list[str]) -> Finding:
    subject = Subject(workload.kind, workload.namespace, workload.name, container.name, container.image)
    message = f"debug container {container.name} ({container.image}) was put into a pod of {', '.join(components)}"
    remedy = f"when debugging is over: kubectl delete pod {workload.name} --namespace {workload.namespace}"
    return Finding(Code.DEBUG_CONTAINER, subject, message, remedy, container.location)


def _foreign_sidecar(
    subject: Subject, container: Container, kind: str, components: list[str], policy: Policy
) -> Iterator[Finding]:
    """A container of somebody else in a component's pod, before it (init) or beside it.

    The vendor's tools are not foreign, and neither are databases and their clients (an init container that waits for
    PostgreSQL runs its image): those are judged as dependencies.
    """
    reference = parse_image(container.image)
    if reference is None or policy.resolve_mirror(reference)[0] in policy.fields.tools:
        return
    if carried_by(container.image, kind, policy.fields.dependencies, policy):
        return
    place = "before" if container.role is ContainerRole.INIT else "beside"
    message = (
        f"{container.image} runs {place} {', '.join(components)} in its pod; it is not the vendor's and not supported by them"
    )
    remedy = f"raise problems of {container.name} with its own vendor"
    yield Finding(Code.FOREIGN_SIDECAR, subject, message, remedy, container.location)


def _shown(text: str) -> str:
    """A text as a message shows it: in one line, not longer than a reader needs."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…"
