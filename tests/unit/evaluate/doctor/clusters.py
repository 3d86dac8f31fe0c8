"""A cluster in which all is well, as `doctor` reads it, for tests to take something away from."""

from __future__ import annotations

import copy
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from perfana_support.evaluate.doctor.diagnosis import diagnose
from perfana_support.evaluate.doctor.setup import setup_of
from perfana_support.model.diagnosis import Diagnosis, Facts, Granted, PolicySeen, Reading, State, Tools
from perfana_support.model.rights import READ, RIGHTS, Place
from perfana_support.sources.definitions import shipped_definitions
from perfana_support.sources.policy import builtin_policy

Json = dict[str, Any]

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
NAME = "perfana-support"
REACHED = " --kubeconfig there --context production"
HELM_REACHED = " --kubeconfig there --kube-context production"
HOLDER = "perfana-support-5d4f8c7b9-x2x4z"


def at(seconds_ago: float) -> str:
    """Return a time as the server writes it."""
    return (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(*args: str, namespace: str = NAME, name: str = NAME, ready: int = 1, replicas: int = 1) -> Json:
    """Return the operator's Deployment."""
    labels = {"app.kubernetes.io/name": NAME}
    container: Json = {"name": "operator", "image": "perfana-support:0.1.0", "args": ["operator", *args]}
    container["resources"] = {"limits": {"memory": "384Mi"}}
    pod = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": NAME, "containers": [container]}}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
        "status": {"readyReplicas": ready},
    }


def of_variables(item: Json, *hidden: str, **stated: str) -> Json:
    """Return a Deployment with variables of the operator's, of which some come from a ConfigMap."""
    source = {"configMapKeyRef": {"name": "settings", "key": "one"}}
    env: list[Json] = [{"name": f"PERFANA_SUPPORT_{name}", "valueFrom": source} for name in hidden]
    env += [{"name": f"PERFANA_SUPPORT_{name}", "value": value} for name, value in stated.items()]
    item["spec"]["template"]["spec"]["containers"][0]["env"] = env
    return item


def pod(restarts: int = 0, state: Json | None = None, last: Json | None = None, name: str = HOLDER) -> Json:
    """Return a pod of it."""
    status = {
        "name": "operator",
        "restartCount": restarts,
        "image": "here/perfana-support:0.0.9",
        "state": state or {"running": {}},
        "lastState": last or {},
    }
    metadata = {"name": name, "labels": {"app.kubernetes.io/name": NAME}}
    return {"metadata": metadata, "status": {"phase": "Running", "containerStatuses": [status]}}


def lease(seconds_ago: float = 1, holder: str = HOLDER, namespace: str = NAME, name: str = NAME) -> Json:
    """Return a Lease."""
    spec = {"holderIdentity": holder, "renewTime": at(seconds_ago), "leaseDurationSeconds": 12}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def check(name: str = "perfana", namespace: str = "shop", **changes: Any) -> Json:  # noqa: ANN401 - parts of an object
    """Return a SupportCheck that is judged; `spec`, `status` and `metadata` replace fields of its own."""
    conditions = [{"type": "Supported", "status": "True", "reason": "AllRulesMet", "message": "all rules are met"}]
    metadata = {"name": name, "namespace": namespace, "generation": 2, "creationTimestamp": at(86400)}
    return {
        "metadata": {**metadata, **changes.get("metadata", {})},
        "spec": changes.get("spec", {}),
        "status": {"observedGeneration": 2, "conditions": conditions, **changes.get("status", {})},
    }


def unknown(reason: str, message: str = "because") -> Json:
    """Return a status that says Unknown."""
    return {"conditions": [{"type": "Supported", "status": "Unknown", "reason": reason, "message": message}]}


def policy(name: str, **spec: Any) -> Json:  # noqa: ANN401 - a policy's fields
    """Return a SupportPolicy."""
    return {"metadata": {"name": name}, "spec": spec, "status": {}}


def items(*found: Json) -> Reading:
    """Return a list as read."""
    return Reading({"items": list(found)})


def refused(right: str) -> Reading:
    """Return what was not read for lack of a right."""
    return Reading(None, "forbidden (HTTP 403)", 403, right)


def absent(right: str = "") -> Reading:
    """Return what the server says is not there."""
    return Reading(None, "not found (HTTP 404)", 404, right)


def stored(name: str) -> Json:
    """Return a definition as a server has it: of this program, and served."""
    found = copy.deepcopy(dict(shipped_definitions()[name]))
    found["status"] = {"conditions": [{"type": kind, "status": "True"} for kind in ("NamesAccepted", "Established")]}
    return found


def definitions() -> dict[str, Reading]:
    """Return the definitions as read."""
    return {name: Reading(stored(name)) for name in shipped_definitions()}


def granted(*missing: str) -> tuple[Granted, ...]:
    """Return the operator's rights; those that are missing are named as `list nodes`."""
    return tuple(
        Granted(right, NAME if right.place is Place.LEASE else "", f"{right.verb} {right.kind}" not in missing)
        for right in RIGHTS
    )


def well(**changes: Any) -> Facts:  # noqa: ANN401 - any of the facts
    """Return a cluster in which all is well, but for some facts."""
    running = deployment()
    own = tuple(Granted(right, "", is_allowed=True) for right in READ)
    facts = Facts(
        server="https://cluster.example",
        now=NOW,
        version=Reading({"gitVersion": "v1.36.2"}),
        server_time=NOW,
        caller=Reading({"status": {"userInfo": {"username": "ann"}}}),
        definitions=definitions(),
        discovery=Reading({"resources": [{"name": "supportchecks"}, {"name": "supportpolicies"}]}),
        shipped=shipped_definitions(),
        setup=setup_of(running, NAME),
        place=Reading({}),
        asked="SubjectAccessReview",
        may_ask=Reading({}),
        granted=granted(),
        own=own,
        policies=items(),
        read_policies=(),
        builtin=PolicySeen("default", date(2026, 11, 24), date(2027, 5, 23)),
        deployments=items(running),
        pods=items(pod()),
        events=items(),
        lease=Reading(lease()),
        leases=items(lease()),
        checks=items(check()),
    )
    return facts._replace(**changes)


def running(*args: str, **changes: Any) -> Facts:  # noqa: ANN401 - any of the facts
    """Return the same with other flags or another state of the Deployment."""
    parts = {key: changes.pop(key) for key in ("ready", "replicas") if key in changes}
    found = deployment(*args, **parts)
    return well(**{"setup": setup_of(found, NAME), "deployments": items(found), **changes})


def told(facts: Facts, tools: Tools | None = None) -> list[Diagnosis]:
    """Return what is not well; each with a reason and a command."""
    found = [each for each in diagnose(facts, builtin_policy(), tools or Tools()) if each.state is not State.OK]
    for each in found:
        assert each.why, each
        assert each.fix, each
        assert all(each.fix), each
        assert repeated(each) == []
        assert max(notes(each)) <= 1, each
    reaching = diagnose(facts, builtin_policy(), Tools(REACHED, HELM_REACHED))
    for command in [fix.partition("    # ")[0] for each in reaching for fix in each.fix]:
        assert astray(command) == [], command
    return found


def repeated(found: Diagnosis) -> list[str]:
    """Return the commands that stand in a fix more than once, whatever their notes."""
    commands = [fix.partition("    # ")[0] for fix in found.fix]
    return [each for place, each in enumerate(commands) if each in commands[:place]]


def notes(found: Diagnosis) -> list[int]:
    """Return how many notes each command of a fix has."""
    return [fix.count("    # ") for fix in found.fix]


def astray(command: str) -> list[str]:
    """Return the parts of a command that would ask another cluster than the one that was looked at."""
    parts = re.split(r" \| |\$\((?=kubectl)", command)
    told = [
        ("kubectl ", "kubectl krew ", f"kubectl{REACHED} "),
        ("helm ", "", f"helm{HELM_REACHED} "),
        ("perfana-support ", "perfana-support explain |perfana-support policy lint|perfana-support doctor --print ", REACHED),
    ]
    return [
        part
        for part in parts
        for program, asks_none, words in told
        if part.startswith(program) and not (asks_none and re.match(asks_none, part)) and words not in part
    ]


def only(facts: Facts) -> Diagnosis:
    """Return the one thing that is not well."""
    (found,) = told(facts)
    return found
