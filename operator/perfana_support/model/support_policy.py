"""What a maintenance contract gives: plans, as the policy's table of support options lists them."""

from typing import NamedTuple

from perfana_support.model.document import Node

KEYED_LISTS = {"plans": "name"}


class SupportRules(NamedTuple):
    """`portal_plans` are the plans with a support portal, where tickets are raised."""

    plans: tuple[str, ...] = ()
    portal_plans: tuple[str, ...] = ()
    maintenance_lookahead_days: int = 0


def read_support(node: Node) -> SupportRules:
    """The rules that `spec.support` states."""
    lookahead = node.whole("maintenanceLookaheadDays", 0, 3650)
    plans: list[str] = []
    portal_plans: list[str] = []
    for entry in node.nodes("plans", "name"):
        name = entry.text("name", "the name of a plan", required=True)
        has_portal = entry.flag("supportPortal")
        entry.finish()
        if name:
            plans.append(name)
            if has_portal:
                portal_plans.append(name)
    node.finish()
    return SupportRules(tuple(plans), tuple(portal_plans), lookahead or 0)
