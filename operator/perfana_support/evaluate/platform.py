"""PlatformSupported: are Kubernetes, its distribution and the nodes that run the pods in the policy?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from perfana_support.evaluate import kubernetes
from perfana_support.evaluate.kubernetes import Outcome
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, exactly
from perfana_support.model.installation import Node, Platform, Subject
from perfana_support.model.kubernetes import KubernetesVersion, parse_kubernetes_version
from perfana_support.model.platform_policy import PlatformRules

# How many nodes or versions a message names before it counts the others: a status has room for a handful.
_NAMED = 5
_STATE_VERSION = "state the Kubernetes version of the cluster, for example v1.36.3"
_LOOK = "look at the node: kubectl get nodes -o wide"


class _Case(NamedTuple):
    """All that the judgement of nodes depends on. `server` is None when its version cannot be read."""

    platform: Platform
    server: KubernetesVersion | None
    is_excluded: bool
    rules: PlatformRules
    as_of: date


def judge(platform: Platform, namespace: str, rules: PlatformRules, as_of: date) -> Iterator[Finding]:
    """All findings about the platform, as of a day."""
    for gap in platform.gaps:
        yield Finding(
            Code.PLATFORM_UNREADABLE,
            Subject("Installation", namespace=namespace),
            f"the platform is not known completely: {gap}",
            "grant the operator list and watch on nodes and pods, or state the platform in the check's spec",
            detail=exactly(gap),
        )
    server = parse_kubernetes_version(platform.server_version)
    cluster = Subject("Cluster", name=_cluster_name(platform, server, rules))
    if platform.distribution and rules.named(platform.distribution) is None:
        yield Finding(
            Code.KUBERNETES_UNLISTED,
            cluster,
            f"the cluster is declared as {platform.distribution}, a distribution that the policy does not list",
            "state a listed distribution, or add this one to spec.platform.distributions of the policy",
            detail=exactly(platform.distribution),
        )
    outcomes = list(_judge_server(platform, server, rules, as_of))
    for outcome in outcomes:
        detail = exactly(outcome.detail, _build(platform.server_version))
        yield Finding(outcome.code, cluster, outcome.words, outcome.remedy, detail=detail)
    is_excluded = any(outcome.code is Code.DISTRIBUTION_UNSUPPORTED for outcome in outcomes)
    yield from _judge_nodes(_Case(platform, server, is_excluded, rules, as_of))


def dates(platform: Platform, rules: PlatformRules) -> Iterator[date]:
    """The days on which time alone may change what `judge` finds."""
    for text in {platform.server_version, *(node.kubelet_version for node in platform.nodes)}:
        version = parse_kubernetes_version(text)
        if version:
            yield from kubernetes.dates(version, platform.distribution, rules)


def _cluster_name(platform: Platform, server: KubernetesVersion | None, rules: PlatformRules) -> str:
    """The distribution's name in the policy, as declared, else as the version tells; "" for upstream's own."""
    if platform.distribution:
        declared = rules.named(platform.distribution)
        return declared.name if declared else platform.distribution
    detected = rules.detect(server) if server else None
    return detected.name if detected else ""


def _judge_server(platform: Platform, server: KubernetesVersion | None, rules: PlatformRules, as_of: date) -> Iterator[Outcome]:
    if server is None:
        if platform.server_version:
            words = f"the cluster's version is {platform.server_version!r}, which is not a Kubernetes version"
            yield Outcome(Code.KUBERNETES_UNLISTED, words, _STATE_VERSION)
        elif not platform.gaps:
            yield Outcome(Code.KUBERNETES_UNLISTED, "the Kubernetes version of the cluster is not known", _STATE_VERSION)
        return
    for outcome in kubernetes.judge(server, platform.distribution, rules, as_of, upgrade_what="the control plane"):
        yield outcome._replace(words=f"the cluster runs Kubernetes {server.text}; {outcome.words}")


def _judge_nodes(case: _Case) -> Iterator[Finding]:
    """One finding a problem, which names the nodes that have it: a hundred nodes of one pool are one thing to do."""
    nodes = sorted(set(case.platform.nodes))
    kubelets: dict[str, list[Node]] = {}
    for node in nodes:
        kubelets.setdefault(node.kubelet_version, []).append(node)
    problems: dict[Outcome, list[str]] = {}
    for text in kubelets:
        for outcome in _judge_kubelet(text, case):
            problems.setdefault(outcome, []).append(text)
    for outcome, texts in problems.items():
        seen = f" with kubelet {_some(sorted(texts, key=_precedence))}" if any(texts) else ""
        detail = exactly(outcome.detail, *sorted(set(map(_build, texts))))
        yield _found([node for text in texts for node in kubelets[text]], outcome._replace(detail=detail), seen)
    for code in _NODE_RULES:
        kinds: dict[Outcome, list[Node]] = {}
        for node in nodes:
            for outcome in _judge_kind(node, code, case.rules):
                kinds.setdefault(outcome, []).append(node)
        for outcome, affected in kinds.items():
            yield _found(affected, outcome)


def _judge_kubelet(text: str, case: _Case) -> Iterator[Outcome]:
    version = parse_kubernetes_version(text)
    if version is None:
        if text:
            yield Outcome(Code.KUBERNETES_UNLISTED, "this names no Kubernetes version", _LOOK)
        else:
            yield Outcome(Code.PLATFORM_UNREADABLE, "no kubelet version is reported", _LOOK, "kubelet")
        return
    outcomes = kubernetes.judge(version, case.platform.distribution, case.rules, case.as_of, upgrade_what="the nodes")
    for outcome in outcomes:
        # What excludes the cluster's distribution is said of the cluster; its nodes are not one more thing to do.
        if not (case.is_excluded and outcome.code is Code.DISTRIBUTION_UNSUPPORTED):
            yield outcome
    server, skew = case.server, case.rules.max_kubelet_skew
    if server is None or skew is None or server.major != version.major:
        return
    # No code of its own: a pair of server and kubelet that upstream does not support is one that the policy does not list.
    # https://kubernetes.io/releases/version-skew-policy/#kubelet
    if version.minor > server.minor:
        words = f"a kubelet must not be newer than its server, which is of line {server.line}"
        remedy = f"upgrade the control plane to line {version.line} first"
        yield Outcome(Code.KUBERNETES_UNLISTED, words, remedy, f"server {server.line}")
    elif version.minor < server.minor - skew:
        words = f"a kubelet may be at most {skew} minor versions older than its server, which is of line {server.line}"
        yield Outcome(Code.KUBERNETES_UNLISTED, words, f"upgrade the nodes to line {server.line}", f"server {server.line}")


class _NodeRule(NamedTuple):
    """One respect in which a node must be as the policy lists: its word, its label, and where node and policy state it."""

    word: str
    label: str
    of_node: Callable[[Node], str]
    listed: Callable[[PlatformRules], tuple[str, ...]]


_NODE_RULES = {
    Code.ARCHITECTURE_UNSUPPORTED: _NodeRule(
        "architecture", "kubernetes.io/arch", lambda node: node.architecture, lambda rules: rules.architectures
    ),
    Code.OPERATING_SYSTEM_UNSUPPORTED: _NodeRule(
        "operating system", "kubernetes.io/os", lambda node: node.operating_system, lambda rules: rules.operating_systems
    ),
}


def _judge_kind(node: Node, code: Code, rules: PlatformRules) -> Iterator[Outcome]:
    rule = _NODE_RULES[code]
    seen, listed = rule.of_node(node), rule.listed(rules)
    if not seen:
        yield Outcome(Code.PLATFORM_UNREADABLE, f"no {rule.word} is reported", _LOOK, rule.word)
    elif listed and seen not in listed:
        words = f"{rule.word} {seen}, the policy lists {', '.join(listed)}"
        yield Outcome(code, words, f"run the pods on listed nodes: set nodeSelector {rule.label}: {listed[0]}", exactly(seen))


def _found(nodes: list[Node], outcome: Outcome, seen: str = "") -> Finding:
    """A finding of nodes. The subject is the first by name, so that it stays the same while others come and go."""
    names = sorted({node.name for node in nodes})
    message = f"{'node' if len(names) == 1 else 'nodes'} {_some(names)}{seen}: {outcome.words}"
    return Finding(outcome.code, Subject("Node", name=names[0]), message, outcome.remedy, detail=outcome.detail)


def _build(text: str) -> str:
    """What of a version is judged: its line, and whether it is a released build; patches come and go."""
    version = parse_kubernetes_version(text)
    return "-".join(filter(None, (version.line, version.pre_release, "dirty" * version.is_dirty))) if version else text


def _precedence(text: str) -> tuple[object, ...]:
    version = parse_kubernetes_version(text)
    return (version is not None, version.precedence if version else (), text)


def _some(names: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    listed = list(names)
    more = f" +{len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
