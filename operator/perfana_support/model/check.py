"""What a SupportCheck asks for: which workloads, by which policy, with which waivers."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from perfana_support.model.code import Code
from perfana_support.model.document import DocumentError, Node, Problem
from perfana_support.model.installation import Declared, Platform, Subject


class Enforcement(StrEnum):
    """What `Ready` says: that an evaluation took place, or the verdict itself."""

    REPORT = "Report"
    GATE = "Gate"


class Waiver(NamedTuple):
    """An agreement that one finding does not count until a day, that day included.

    An empty `kind`, `name` or `container` matches any.
    """

    code: str
    kind: str
    name: str
    container: str
    reason: str
    agreed_by: str
    expires_on: date

    def covers(self, code: Code, subject: Subject) -> bool:
        """Whether this waiver speaks of such a finding."""
        return (
            self.code == code
            and self.kind in ("", subject.kind)
            and self.name in ("", subject.name)
            and self.container in ("", subject.container)
        )


class Operator(StrEnum):
    """How a label is compared; the four words of Kubernetes' label selectors."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(NamedTuple):
    """One condition on a label; `values` count for In and NotIn."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the condition; a label that is absent is not in any list."""
        value = labels.get(self.key)
        if self.operator is Operator.EXISTS:
            return value is not None
        if self.operator is Operator.DOES_NOT_EXIST:
            return value is None
        return (value in self.values) is (self.operator is Operator.IN)


class Maintenance(NamedTuple):
    """A maintenance contract as the user declares it; `expires_on` is its last day, None for a plan that has none."""

    plan: str
    expires_on: date | None = None


class Target(NamedTuple):
    """What an installation is to become: a release, or images; the other is empty."""

    release: str = ""
    images: tuple[str, ...] = ()


class Check(NamedTuple):
    """A SupportCheck's spec. `policy` is None for the built-in one; no requirements select everything.

    `declared` are dependencies that live elsewhere; `platform` states what a source cannot show.
    """

    policy: str | None = None
    selector: tuple[Requirement, ...] = ()
    enforcement: Enforcement = Enforcement.REPORT
    waivers: tuple[Waiver, ...] = ()
    target: Target | None = None
    maintenance: Maintenance | None = None
    declared: tuple[Declared, ...] = ()
    platform: Platform | None = None

    def selects(self, labels: tuple[tuple[str, str], ...]) -> bool:
        """Whether a workload with these labels belongs to the installation."""
        if not self.selector:
            return True
        by_key = dict(labels)
        return all(requirement.is_met(by_key) for requirement in self.selector)


def read_check(spec: object) -> Check:
    """The check that a SupportCheck's spec states. Raises `DocumentError`.

    The API server holds objects to the schema already; what it cannot know (an older schema is installed) is caught here.
    """
    problems: list[Problem] = []
    if not isinstance(spec, Mapping | None):
        raise DocumentError([Problem("spec", "must be a mapping")])
    node = Node(spec or {}, "spec", problems)
    policy = node.node("policyRef").text("name", required=True) if node.data.get("policyRef") is not None else None
    enforcement = node.choice("enforcement", Enforcement)
    waivers = [_read_waiver(waiver) for waiver in _entries(node, "waivers")]
    selector = _read_selector(node.node("workloadSelector"))
    declared = tuple(
        Declared(product, entry.text("version") or "")
        for entry in node.nodes("dependencies", "product")
        if (product := entry.text("product", required=True))
    )
    platform = _read_platform(node)
    target, maintenance = _read_target(node), _read_maintenance(node)
    if problems:
        raise DocumentError(problems)
    return Check(
        policy=policy,
        selector=selector,
        enforcement=enforcement or Enforcement.REPORT,
        waivers=tuple(waiver for waiver in waivers if waiver is not None),
        target=target,
        maintenance=maintenance,
        declared=declared,
        platform=platform,
    )


def _read_selector(node: Node) -> tuple[Requirement, ...]:
    labels: Mapping[str, Any] = node.node("matchLabels").data
    requirements = [Requirement(key, Operator.IN, (str(value),)) for key, value in labels.items()]
    for expression in _entries(node, "matchExpressions"):
        key = expression.text("key", required=True)
        operator = expression.choice("operator", Operator, required=True)
        values = expression.texts("values")
        if key and operator:
            requirements.append(Requirement(key, operator, values))
    return tuple(requirements)


def _read_waiver(node: Node) -> Waiver | None:
    subject = node.node("subject")
    code = node.text("code", required=True)
    reason = node.text("reason", required=True)
    agreed_by = node.text("agreedBy", required=True)
    expires_on = node.day("expiresOn", required=True)
    if code is None or reason is None or agreed_by is None or expires_on is None:
        return None
    kind, name, container = (subject.text(part) or "" for part in ("kind", "name", "container"))
    return Waiver(code, kind, name, container, reason, agreed_by, expires_on)


def _read_target(node: Node) -> Target | None:
    if node.data.get("target") is None:
        return None
    target = node.node("target")
    return Target(target.text("release") or "", target.texts("images"))


def _read_maintenance(node: Node) -> Maintenance | None:
    if node.data.get("maintenance") is None:
        return None
    maintenance = node.node("maintenance")
    plan = maintenance.text("plan", required=True)
    return Maintenance(plan or "", maintenance.day("expiresOn"))


def _read_platform(node: Node) -> Platform | None:
    if node.data.get("platform") is None:
        return None
    platform = node.node("platform")
    return Platform(platform.text("kubernetesVersion") or "", platform.text("distribution") or "")


def _entries(node: Node, field: str) -> list[Node]:
    """The mappings of a list whose entries have no key of their own."""
    return list(node.nodes(field, ""))
