"""The platform rules of the built-in policy, and of a policy that a test writes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from perfana_support.model.document import Node, Problem
from perfana_support.model.platform_policy import PlatformRules, read_platform
from perfana_support.sources.policy import builtin_document


def rules_of(data: Mapping[str, Any]) -> PlatformRules:
    """The rules that a whole `spec.platform` states, which must be without fault."""
    problems: list[Problem] = []
    rules = read_platform(Node(data, "spec.platform", problems))
    assert not problems, problems
    return rules


@cache
def platform_rules() -> PlatformRules:
    """The built-in policy's."""
    return rules_of(builtin_document()["spec"]["platform"])
