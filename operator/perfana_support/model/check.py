"""What a SupportCheck asks for: which workloads, by which policy, with which waivers."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from perfana_support.model.code import Code
from perfana_support.model.document import DocumentError, Node, Problem
from perfana_support.model.installation import Declared, Platform, Subject

_CODES = {code.value: code for code in Code}


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
    """What an installation is to become: a release, or images; the other is empty.

    `may_install`: the check stands in the very namespace, so where nothing of Perfana runs yet it is a first installation. Who
    names a namespace, or files, from outside may have misspelt them.
    """

    release: str = ""
    images: tuple[str, ...] = ()
    may_install: bool = False


class Check(NamedTuple):
    """A SupportCheck's spec. `policy` is None for the built-in one; no requirements select everything.

    `declared` are dependencies that live elsewhere; `platform` states what a source cannot show. `ignored` are codes and
    `known` the number of findings by their identity that whoever asks sets aside, which no resource can state.
    """

    policy: str | None = None
    selector: tuple[Requirement, ...] = ()
    enforcement: Enforcement = Enforcement.REPORT
    waivers: tuple[Waiver, ...] = ()
    target: Target | None = None
    maintenance: Maintenance | None = None
    declared: tuple[Declared, ...] = ()
    platform: Platform | None = None
    ignored: frozenset[str] = frozenset()
    known: Mapping[tuple[str, ...], int] = {}

    def selects(self, labels: tuple[tuple[str, str], ...]) -> bool:
        """Whether a workload with these labels belongs to the installation."""
        if not self.selector:
            return True
        by_key = dict(labels)
        return all(requirement.is_met(by_key) for requirement in self.selector)


def read_check(spec: object) -> Check:
    """The check that a SupportCheck's spec states. Raises `DocumentError`.

    The API server holds objects to the schema already; what it cannot know (an older schema is installed) is caught here, and
    what a file states that no server has seen. Nothing is ignored: a waiver or selector that is not understood means something.
    """
    problems: list[Problem] = []
    if not isinstance(spec, Mapping | None):
        raise DocumentError([Problem("spec", "must be a mapping")])
    node = Node(spec or {}, "spec", problems)
    policy = _read_policy(node)
    enforcement = node.choice("enforcement", Enforcement)
    waivers = [_read_waiver(waiver) for waiver in _entries(node, "waivers")]
    selector = _read_selector(node.node("workloadSelector"))
    declared = [_read_declared(entry) for entry in node.nodes("dependencies", "product")]
    platform, target, maintenance = _read_platform(node), _read_target(node), _read_maintenance(node)
    node.finish()
    if problems:
        raise DocumentError(problems)
    return Check(
        policy=policy,
        selector=selector,
        enforcement=enforcement or Enforcement.REPORT,
        waivers=tuple(waiver for waiver in waivers if waiver is not None),
        target=target,
        maintenance=maintenance,
        declared=tuple(each for each in declared if each is not None),
        platform=platform,
    )


def _read_policy(spec: Node) -> str | None:
    reference = spec.node("policyRef")
    name = reference.text("name", required=_states(spec, "policyRef"))
    reference.finish()
    return name


def _read_selector(node: Node) -> tuple[Requirement, ...]:
    requirements = []
    labels = node.node("matchLabels")
    for label in map(str, labels.data):
        value = labels.read(label, lambda raw: raw if isinstance(raw, str) else None, "a text", required=False)
        requirements.append(Requirement(label, Operator.IN, (value or "",)))
    for expression in _entries(node, "matchExpressions"):
        key = expression.text("key", required=True)
        operator = expression.choice("operator", Operator, required=True)
        values = expression.texts("values")
        expression.finish()
        if operator and bool(values) is not (operator in (Operator.IN, Operator.NOT_IN)):
            expression.fail("values", "must be given with operator In and NotIn, and be left out with Exists and DoesNotExist")
        if key and operator:
            requirements.append(Requirement(key, operator, values))
    node.finish()
    return tuple(requirements)


def _read_waiver(node: Node) -> Waiver | None:
    # A code that nothing can have is a slip, and what it was meant for would stay unwaived without a word.
    form = "the code of a finding (perfana-support explain lists them)"
    code = node.read("code", lambda raw: _CODES.get(raw) if isinstance(raw, str) else None, form, required=True)
    reason = node.text("reason", required=True)
    agreed_by = node.text("agreedBy", required=True)
    expires_on = node.day("expiresOn", required=True)
    subject = node.node("subject")
    kind, name, container = (subject.text(part) for part in ("kind", "name", "container"))
    subject.finish()
    node.finish()
    if _states(node, "subject") and not subject.data:
        node.fail("subject", "must have at least one of kind, name and container; leave it out to waive the code everywhere")
    if code is None or reason is None or agreed_by is None or expires_on is None:
        return None
    return Waiver(code, kind or "", name or "", container or "", reason, agreed_by, expires_on)


def _read_declared(node: Node) -> Declared | None:
    product, version = node.text("product", required=True), node.text("version")
    node.finish()
    return Declared(product, version or "") if product else None


def _read_target(spec: Node) -> Target | None:
    node = spec.node("target")
    release, images = node.text("release"), node.texts("images", "a list of image references")
    node.finish()
    if _states(spec, "target") and bool(release) is bool(images):
        spec.fail("target", "must have exactly one of release and images")
    return Target(release or "", images) if release or images else None


def _read_maintenance(spec: Node) -> Maintenance | None:
    node = spec.node("maintenance")
    plan = node.text("plan", required=_states(spec, "maintenance"))
    expires_on = node.day("expiresOn")
    node.finish()
    return Maintenance(plan, expires_on) if plan else None


def _read_platform(spec: Node) -> Platform | None:
    node = spec.node("platform")
    version, distribution = node.text("kubernetesVersion"), node.text("distribution")
    node.finish()
    return Platform(version or "", distribution or "") if version or distribution else None


def _states(node: Node, field: str) -> bool:
    """Whether a field holds a mapping, be it an empty one."""
    return isinstance(node.data.get(field), Mapping)


def _entries(node: Node, field: str) -> list[Node]:
    """The mappings of a list whose entries have no key of their own."""
    return list(node.nodes(field, ""))
