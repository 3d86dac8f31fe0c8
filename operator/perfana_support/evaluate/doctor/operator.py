"""Does the operator run: its Deployment, its pods, and what keeps them from starting?"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from perfana_support.evaluate.doctor.instants import instant
from perfana_support.evaluate.doctor.neighbours import overlap, rivals_of
from perfana_support.evaluate.doctor.remedies import (
    apply_rights,
    give_reader,
    install,
    is_led,
    look_elsewhere,
    restrict,
    scale_up,
    set_image,
)
from perfana_support.evaluate.doctor.setup import LABEL, NAME, container_of
from perfana_support.model.diagnosis import Area, Diagnosis, Facts, Json, State, Tools

WRONG_PLACE = "this looks for it in the wrong place"
_SILENT = "verdicts are not written, and those that stand grow old"
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ImageInspectError", "RegistryUnavailable"})
_CRASHING = frozenset({"CrashLoopBackOff", "RunContainerError", "CreateContainerError", "CreateContainerConfigError"})
# A pod that is moved is started once or twice; more restarts than this have a cause of their own.
_MANY_RESTARTS = 3
# Events are kept for an hour; older ones may speak of what has been mended.
_RECENT = timedelta(hours=1)


def judge_operator(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """The Deployment and its pods."""
    setup = facts.setup
    if facts.deployments.found is None and setup.deployment is None:
        found = f"whether it runs cannot be seen: {facts.deployments.why_not}"
        fix = give_reader(facts, tools)
        yield Diagnosis(Area.OPERATOR, "Deployment", State.CANNOT_TELL, found, _SILENT, fix)
    elif setup.deployment is None:
        yield _missing(facts, tools)
    else:
        problems = [*_pods(facts, tools), *_events(facts, tools)]
        yield _deployment(facts, setup.deployment, tools, is_explained=any(each.state is State.PROBLEM for each in problems))
        yield from problems or _seen_pods(facts, tools)


def pods_of(facts: Facts) -> list[Json]:
    """The pods of the Deployment."""
    wanted = ((facts.setup.deployment or {}).get("spec") or {}).get("selector", {}).get("matchLabels") or {}
    return [
        pod
        for pod in facts.pods.items
        if wanted.items() <= (pod["metadata"].get("labels") or {}).items()
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def _missing(facts: Facts, tools: Tools) -> Diagnosis:
    setup = facts.setup
    elsewhere = sorted({str(each["metadata"].get("namespace")) for each in facts.deployments.items})
    found = f"there is none with label {LABEL}={NAME} in namespace {setup.namespace}"
    if elsewhere:
        found += f"; there is one in {', '.join(elsewhere)}"
        fix = look_elsewhere(facts, tools)
        return Diagnosis(Area.OPERATOR, "Deployment", State.PROBLEM, found, WRONG_PLACE, fix)
    found += f"; whether one is elsewhere cannot be seen: {facts.deployments.unseen}" if facts.deployments.unseen else ""
    if is_led(facts):
        found += ", yet somebody holds its Lease: it may run outside of this cluster, where nothing more can be seen"
        why = "whether it is the version that it should be, and is started anew when it fails, is not known"
        fix = (tools.kubectl(f"get lease {setup.lease_name} -n {setup.lease_namespace} -o yaml"),)
        return Diagnosis(Area.OPERATOR, "Deployment", State.CANNOT_TELL, found, why, fix)
    return Diagnosis(Area.OPERATOR, "Deployment", State.PROBLEM, found, "nothing is judged", (install(facts, tools),))


def _deployment(facts: Facts, deployment: Json, tools: Tools, *, is_explained: bool) -> Diagnosis:
    namespace, name = facts.setup.namespace, facts.setup.name
    wanted = (deployment.get("spec") or {}).get("replicas", 1)
    status = deployment.get("status") or {}
    ready = status.get("readyReplicas") or 0
    subject = "Deployment"
    if wanted == 0:
        rivals = rivals_of(facts)
        found, why, fix = f"{name} is scaled to 0", _SILENT, scale_up(facts, tools)
        if rivals:
            told = " and ".join(f"{each.namespace}/{each.name}" for each in rivals)
            is_sure = any(overlap(facts.setup, each) for each in rivals)
            found += f"; its namespaces {'are' if is_sure else 'may be'} looked at by {told}"
            why = "one of them is enough: two that lead by Leases of their own write over one another's verdicts"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, why, fix)
    if ready < wanted:
        found = f"{ready} of {wanted} pods of {name} are ready" + ("; why is told below" if is_explained else "")
        follow = tools.kubectl(f"rollout status deployment/{name} -n {namespace} --timeout=60s")
        fix = (tools.kubectl(f"describe deployment {name} -n {namespace}"), follow)
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, found, _SILENT, fix)
    stuck = _stuck(deployment)
    if stuck:
        fix = (tools.kubectl(f"describe deployment {name} -n {namespace}"),)
        why = "the pods that are ready are of an earlier revision"
        return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, f"{name} cannot be rolled out: {stuck}", why, fix)
    return Diagnosis(Area.OPERATOR, subject, State.OK, f"{name}: {ready} of {wanted} pods ready, image {_image(deployment)}")


def _stuck(deployment: Json) -> str:
    """Why a rollout does not go on while earlier pods are ready, "" where it does."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if (condition.get("type"), condition.get("status")) in (("ReplicaFailure", "True"), ("Progressing", "False")):
            return str(condition.get("message") or condition.get("reason") or condition["type"])
    return ""


def _seen_pods(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    namespace = facts.setup.namespace
    pods = pods_of(facts)
    if facts.pods.found is None:
        found = f"cannot be read: {facts.pods.why_not}"
        fix = give_reader(facts, tools)
        yield Diagnosis(Area.OPERATOR, "pods", State.CANNOT_TELL, found, "why one fails would not be seen", fix)
    elif pods:
        restarts = sum(each.get("restartCount") or 0 for pod in pods for each in _containers(pod))
        yield Diagnosis(Area.OPERATOR, "pods", State.OK, f"{len(pods)} there, restarts: {restarts}")
    elif ((facts.setup.deployment or {}).get("spec") or {}).get("replicas", 1):
        fix = (tools.kubectl(f"describe replicasets -n {namespace} -l {LABEL}={NAME}"),)
        yield Diagnosis(Area.OPERATOR, "pods", State.PROBLEM, "there are none", _SILENT, fix)


def _pods(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    for pod in pods_of(facts):
        name = f"pod {pod['metadata']['name']}"
        found = list(_pod(pod, facts, tools))
        for told, fix in found:
            yield Diagnosis(Area.OPERATOR, name, State.PROBLEM, told, _SILENT, fix)


def _pod(pod: Json, facts: Facts, tools: Tools) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is wrong with a pod, and the commands for it."""
    setup, namespace, name = facts.setup, facts.setup.namespace, pod["metadata"]["name"]
    describe = tools.kubectl(f"describe pod {name} -n {namespace}")
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"is on no node: {condition.get('message') or condition.get('reason')}", (describe,)
    for status in _containers(pod):
        container, state = status.get("name"), status.get("state") or {}
        waiting, ended = state.get("waiting") or {}, (status.get("lastState") or {}).get("terminated") or {}
        reason = str(waiting.get("reason") or "")
        logs = tools.kubectl(f"logs {name} -n {namespace} -c {container} --previous")
        if reason in _PULLING:
            shown = f"{reason}: {waiting.get('message') or status.get('image')}"
            fix = set_image(facts, tools, str(container), str(status.get("image") or NAME))
            yield f"its image cannot be pulled, {shown}", (describe, fix)
        elif ended.get("reason") == "OOMKilled":
            limit = _more_memory(setup.deployment or {}, str(container))
            words = f"set resources deployment/{setup.name} -n {namespace} -c {container} --limits=memory={limit}"
            yield "ran out of memory (OOMKilled)", (tools.kubectl(words) if limit else describe,)
        elif reason in _CRASHING:
            code = f", exit code {ended['exitCode']}" if "exitCode" in ended else ""
            told = f"container {container} does not stay up ({reason}{code}), restarts: {status.get('restartCount') or 0}"
            yield told, (logs if ended or status.get("restartCount") else describe,)
        elif (status.get("restartCount") or 0) > _MANY_RESTARTS:
            yield f"container {container} was started {status['restartCount']} times anew", (logs,)


def _events(facts: Facts, tools: Tools) -> Iterator[Diagnosis]:
    """What the namespace's Events say of pods that could not be made or are not ready, while some are not."""
    setup = facts.setup
    status, spec = ((setup.deployment or {}).get(part) or {} for part in ("status", "spec"))
    if (status.get("readyReplicas") or 0) >= spec.get("replicas", 1) and not _stuck(setup.deployment or {}):
        return
    if facts.events.found is None:
        unread = f"cannot be read: {facts.events.why_not}"
        fix = give_reader(facts, tools)
        yield Diagnosis(Area.OPERATOR, "Events", State.CANNOT_TELL, unread, "why pods are not ready may stand there", fix)
        return
    told = dict[str, Diagnosis]()
    for event in sorted(facts.events.items, key=_said_at, reverse=True):
        at = instant(_said_at(event))
        owner = str((event.get("involvedObject") or {}).get("name") or "")
        if event.get("type") != "Warning" or not owner.startswith(setup.name) or (at and facts.moment - at > _RECENT):
            continue
        found = _cause(event, facts, tools)
        if found:
            told.setdefault(found.subject, found)
    yield from told.values()


def _cause(event: Mapping[str, Any], facts: Facts, tools: Tools) -> Diagnosis | None:
    namespace, message = facts.setup.namespace, str(event.get("message") or "")
    reason = event.get("reason")
    if reason == "FailedCreate" and "violates PodSecurity" in message:
        subject = "Pod Security"
        fixes: tuple[str, ...] = (
            restrict(facts, tools),
            tools.kubectl(f"rollout status deployment/{facts.setup.name} -n {namespace} --timeout=60s"),
        )
    elif reason == "FailedCreate" and "exceeded quota" in message:
        subject, fixes = "quota", (tools.kubectl(f"describe resourcequota -n {namespace}"),)
    elif reason == "FailedCreate" and "serviceaccount" in message:
        subject, fixes = "ServiceAccount", apply_rights(facts, tools)
    elif reason == "FailedCreate":
        subject, fixes = "admission", (tools.kubectl(f"describe replicasets -n {namespace} -l {LABEL}={NAME}"),)
    elif reason == "Unhealthy":
        subject = "probes"
        fixes = (
            tools.kubectl(f"get networkpolicies -n {namespace}"),
            tools.kubectl(f"logs deployment/{facts.setup.name} -n {namespace} --tail=20"),
        )
    else:
        return None
    return Diagnosis(Area.OPERATOR, subject, State.PROBLEM, f"{reason}: {message}", _SILENT, fixes)


def _said_at(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def _containers(pod: Json) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _more_memory(deployment: Json, container: str) -> str:
    """Twice the limit that a container has, "" where it has none or one in a form that people do not write."""
    containers = (deployment.get("spec") or {}).get("template", {}).get("spec", {}).get("containers") or ()
    found: Json = next((each for each in containers if each.get("name") == container), {})
    limit = str(((found.get("resources") or {}).get("limits") or {}).get("memory") or "")
    parts = re.fullmatch(r"([0-9]+)([kMGT]i?)?", limit, re.ASCII)
    return f"{2 * int(parts[1])}{parts[2] or ''}" if parts else ""


def _image(deployment: Json) -> str:
    return str(container_of(deployment).get("image") or "unknown")
