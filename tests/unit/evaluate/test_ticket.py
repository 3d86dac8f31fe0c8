"""TicketEligible: may a ticket be raised?"""

from datetime import date

import pytest

from perfana_support.evaluate import ticket
from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.check import Check, Maintenance
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Container, ContainerSettings, Installation, Setting, Subject, Workload
from perfana_support.model.verdict import Condition
from tests.unit.builders import NAMESPACE, TODAY, installation, policy, waiver, without_dependencies

NEWEST, OLD = "perfana/perfana-web:0.2.96.22", "perfana/perfana-fe:perfana-3.1.0"
SNAPSHOT, UNKNOWN = "perfana/perfana-web:0.2.96.22-SNAPSHOT", "perfana/perfana-web:latest"
ACTIVE, EXPIRED, FREE = Maintenance("Team", date.max), Maintenance("Team", date(2026, 1, 1)), Maintenance("Free")

# Images and maintenance: status and reason.
TABLE: list[tuple[tuple[str, ...], Maintenance | None, Status, str]] = [
    ((NEWEST,), ACTIVE, Status.TRUE, "AllRulesMet"),
    ((NEWEST,), EXPIRED, Status.FALSE, "MaintenanceExpired"),
    ((NEWEST,), FREE, Status.FALSE, "CommunityPlan"),
    ((NEWEST,), None, Status.UNKNOWN, "NotDeclared"),
    ((NEWEST,), Maintenance("Team"), Status.UNKNOWN, "NotDeclared"),
    ((OLD,), ACTIVE, Status.TRUE, "UpgradeAssistanceOnly"),
    ((OLD, OLD), ACTIVE, Status.TRUE, "UpgradeAssistanceOnly"),
    ((OLD,), EXPIRED, Status.FALSE, "MaintenanceExpired"),
    ((OLD,), FREE, Status.FALSE, "CommunityPlan"),
    ((OLD,), None, Status.UNKNOWN, "NotDeclared"),
    ((OLD, SNAPSHOT), ACTIVE, Status.FALSE, "SnapshotBuild"),
    ((SNAPSHOT,), ACTIVE, Status.FALSE, "SnapshotBuild"),
    ((SNAPSHOT,), None, Status.FALSE, "SnapshotBuild"),
    ((SNAPSHOT,), EXPIRED, Status.FALSE, "MaintenanceExpired"),
    ((OLD, UNKNOWN), ACTIVE, Status.UNKNOWN, "VersionUndetermined"),
    ((OLD, "eu.example.com/a/perfana-web:0.2.96.22"), ACTIVE, Status.UNKNOWN, "UnofficialRepository"),
    ((UNKNOWN,), ACTIVE, Status.UNKNOWN, "VersionUndetermined"),
    ((UNKNOWN,), EXPIRED, Status.FALSE, "MaintenanceExpired"),
    ((), ACTIVE, Status.UNKNOWN, "NoComponents"),
]


@pytest.mark.parametrize(("images", "maintenance", "status", "reason"), TABLE)
def test_ticket(images: tuple[str, ...], maintenance: Maintenance | None, status: Status, reason: str) -> None:
    verdict = evaluate(installation(*images), without_dependencies(policy()), TODAY, Check(maintenance=maintenance))
    eligible = verdict.condition(ConditionType.TICKET_ELIGIBLE)
    assert (eligible.status, eligible.reason) == (status, reason)


def test_changed_code_leaves_no_upgrade_assistance() -> None:
    mounted = ContainerSettings(mounts=(Setting("/app/patch.js", "configMap a"),))
    changed = Workload("Deployment", NAMESPACE, "a", (Container("c", OLD, settings=mounted),))
    verdict = evaluate(Installation(NAMESPACE, (changed,)), without_dependencies(policy()), TODAY, Check(maintenance=ACTIVE))
    assert verdict.condition(ConditionType.TICKET_ELIGIBLE).status is Status.FALSE


def test_waived_findings_do_not_stand_in_the_way() -> None:
    check = Check(maintenance=ACTIVE, waivers=(waiver("SnapshotBuild", date.max),))
    verdict = evaluate(installation(OLD, SNAPSHOT), without_dependencies(policy()), TODAY, check)
    assert verdict.condition(ConditionType.TICKET_ELIGIBLE).reason == "UpgradeAssistanceOnly"


@pytest.mark.parametrize("supported", Status)
@pytest.mark.parametrize("active", Status)
@pytest.mark.parametrize("code", [code for code in Code if ConditionType.MAINTENANCE_ACTIVE not in code.conditions])
def test_eligible_only_with_active_maintenance_and_nothing_but_end_of_life(
    supported: Status, active: Status, code: Code
) -> None:
    findings = (Finding(code, Subject("Deployment"), "", ""),)
    eligible = ticket.judge(
        Condition(ConditionType.SUPPORTED, supported, "A", ""),
        Condition(ConditionType.MAINTENANCE_ACTIVE, active, "B", ""),
        findings,
    )
    assert eligible.type is ConditionType.TICKET_ELIGIBLE
    if active is Status.FALSE:
        assert eligible.status is Status.FALSE
    if eligible.status is Status.TRUE:
        assert active is Status.TRUE
        assert supported is Status.TRUE or (
            supported is Status.FALSE and (code is Code.END_OF_LIFE or code.effect in (Effect.AT_RISK, Effect.INFO))
        )
