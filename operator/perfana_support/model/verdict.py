"""A verdict: conditions with their findings, as of a day."""

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.model.code import ConditionType, Effect, Status
from perfana_support.model.finding import Finding

if TYPE_CHECKING:
    from perfana_support.model.answer import Question


class Condition(NamedTuple):
    """One statement of the verdict. `reason` is a finding's code or a `Reason`."""

    type: ConditionType
    status: Status
    reason: str
    message: str


class ComponentSummary(NamedTuple):
    """One Perfana image in use: `release` and `line` are "" when undetermined, `workloads` how many run it."""

    repository: str
    tag: str
    release: str
    line: str
    workloads: int


class Transition(NamedTuple):
    """The next change of the verdict that time alone brings: on `day` (00:00 UTC) `condition` becomes `status`."""

    day: date
    condition: ConditionType
    status: Status
    reason: str


class Verdict(NamedTuple):
    """The judgement of one installation.

    `release` and `support_ends_on` speak of the component whose support ends first; both are None when no component's
    release is known, `support_ends_on` also when its line has no end of life yet. `upgrade_findings` are those that
    `UpgradeSupported` is made of: what would be found after an upgrade to the target, whether it is found now or not.
    `open_questions` are what registries would have to be asked before more can be said.
    """

    namespace: str
    as_of: date
    conditions: tuple[Condition, ...]
    findings: tuple[Finding, ...]
    components: tuple[ComponentSummary, ...]
    release: str | None
    support_ends_on: date | None
    next_transition: Transition | None
    upgrade_findings: tuple[Finding, ...] = ()
    open_questions: "tuple[Question, ...]" = ()

    def condition(self, wanted: ConditionType) -> Condition:
        """The condition of that type; every type except UpgradeSupported is always present."""
        return next(condition for condition in self.conditions if condition.type is wanted)

    @property
    def is_at_risk(self) -> bool:
        """Whether something that still counts as supported needs attention."""
        return any(finding.counts and finding.effect is Effect.AT_RISK for finding in self.findings)

    @property
    def brought_findings(self) -> tuple[Finding, ...]:
        """What would be found after the upgrade and is not found now."""
        now = {*self.findings}
        return tuple(finding for finding in self.upgrade_findings if finding not in now)
