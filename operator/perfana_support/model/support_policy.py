"""What a maintenance contract gives: plans, as the policy's table of support options lists them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from perfana_support.model.document import Node, SoundNode

KEYED_LISTS = {
    "plans": "name",
    "responseTargets": "severity",
    "severities": "name",
    "languages": "name",
    "topics": "name",
}


class SupportRules(NamedTuple):
    """`portal_plans` are the plans with a support portal, where tickets are raised.

    `stated` is the whole of `spec.support`, of which `ticket_policy.ticket_rules` reads what no verdict needs.
    """

    plans: tuple[str, ...] = ()
    portal_plans: tuple[str, ...] = ()
    maintenance_lookahead_days: int = 0
    stated: Mapping[str, Any] = {}


def read_support(node: Node, *, is_whole: bool = True) -> SupportRules:
    """The rules that `spec.support` states.

    `is_whole` demands what a complete policy needs; otherwise only the form of what is there.
    """
    lookahead = node.whole("maintenanceLookaheadDays", 0, 3650)
    if isinstance(node, SoundNode):
        plans = {entry.data["name"]: bool(entry.flag("supportPortal")) for entry in node.nodes("plans", "name")}
    else:
        from perfana_support.model.ticket_policy import check_ticket_rules, read_ticket_rules  # noqa: PLC0415 - no run without a policy of its own pays for it

        before = len(node.problems)
        rules = read_ticket_rules(node)
        plans = {plan.name: plan.has_portal for plan in rules.plans.values()}
        if is_whole and len(node.problems) == before:
            check_ticket_rules(node.path, node.data, rules, node.problems)
    node.finish()
    portal_plans = tuple(name for name, has_portal in plans.items() if has_portal)
    return SupportRules(tuple(plans), portal_plans, lookahead or 0, node.data)
