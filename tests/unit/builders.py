"""Builders that tests share: an installation, a policy and a verdict in one call each."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Waiver
from perfana_support.model.code import ConditionType, Status
from perfana_support.model.dependency_rules import DependencyRules
from perfana_support.model.installation import Container, Installation, Workload
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.policy import builtin_policy, policy_of

# The day on which the facts were gathered and the built-in policy was published.
TODAY = date(2026, 11, 24)
NAMESPACE = "perfana"
FOREVER = date.max


def workload(*images: str, name: str = "perfana", kind: str = "Deployment") -> Workload:
    """Build a workload with a container for each image."""
    containers = tuple(Container(f"c{place}", image) for place, image in enumerate(images))
    return Workload(kind, NAMESPACE, name, containers)


def installation(*images: str) -> Installation:
    """Build an installation with a Deployment for each image."""
    return Installation(NAMESPACE, tuple(workload(image, name=f"w{place}") for place, image in enumerate(images)))


def policy_document(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - plain data
    """Build a SupportPolicy as parsed from YAML."""
    return {
        "apiVersion": "support.perfana.io/v1alpha1",
        "kind": "SupportPolicy",
        "metadata": {"name": "acme"},
        "spec": spec,
    }


def policy(spec: Mapping[str, Any] | None = None) -> Policy:
    """Build the policy that a spec states on top of the built-in one; without one, take the built-in policy itself."""
    return policy_of(policy_document(**spec)) if spec else builtin_policy()


def waiver(code: str, expires_on: date, **subject: str) -> Waiver:
    """Build a waiver of a code for a subject, all of them when none is named."""
    parts = {"kind": "", "name": "", "container": ""} | subject
    return Waiver(code=code, reason="agreed", agreed_by="the vendor", expires_on=expires_on, **parts)


def judge(
    *images: str, as_of: date = TODAY, spec: Mapping[str, Any] | None = None, waivers: tuple[Waiver, ...] = ()
) -> Verdict:
    """Judge images, each in a Deployment of its own, by all rules except those of dependencies, of which they show none."""
    return evaluate(installation(*images), without_dependencies(policy(spec)), as_of, Check(waivers=waivers))


@cache
def without_dependencies(full: Policy) -> Policy:
    """Take a policy's rules of dependencies away: nothing is needed, and nothing is a dependency."""
    return Policy(full.fields._replace(dependencies=DependencyRules()))


def supported(verdict: Verdict) -> Status:
    """Read the status of `Supported`."""
    return verdict.condition(ConditionType.SUPPORTED).status


def codes(verdict: Verdict) -> list[str]:
    """List the codes of all findings, in their order."""
    return [str(finding.code) for finding in verdict.findings]


def line_of(verdict: Verdict, code: str) -> str:
    """Read the message of the first finding with a code."""
    return next(finding.message for finding in verdict.findings if finding.code == code)
