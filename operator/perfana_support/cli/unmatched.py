"""What was to be set aside and was not there: a slip in a name, or a leftover that would one day set aside something else."""

from collections.abc import Callable, Iterable, Iterator

from perfana_support.model.check import Check, Waiver
from perfana_support.model.verdict import Verdict


class Unmatched:
    """Keeps what no verdict had anything for: of ignored codes, waivers and a baseline."""

    def __init__(self, check_of: Callable[[str], Check]) -> None:
        self._check_of = check_of
        self._codes: set[str] = set()
        self._found_codes: set[str] = set()
        self._waivers: dict[Waiver, bool] = {}
        self._known = 0
        self._is_known = False

    def watching(self, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
        """The verdicts, each looked at as it is taken."""
        for verdict in verdicts:
            self._look_at(verdict)
            yield verdict

    def _look_at(self, verdict: Verdict) -> None:
        check = self._check_of(verdict.namespace)
        findings = verdict.findings + verdict.upgrade_findings
        self._codes |= check.ignored
        if check.ignored:
            self._found_codes.update(str(finding.code) for finding in findings)
        for waiver in check.waivers:
            covers = any(waiver.covers(finding.code, finding.subject) for finding in findings)
            self._waivers[waiver] = self._waivers.get(waiver, False) or covers
        if check.known and not self._is_known:
            self._known = sum(check.known.values())
            self._is_known = any(finding.identity in check.known for finding in findings)

    def notes(self, baseline: str) -> Iterator[str]:
        """A sentence for each; `baseline` is the baseline's file. Once all verdicts were taken."""
        for code in sorted(self._codes - self._found_codes):
            yield f"--ignore {code} matches nothing: no such finding is there"
        for waiver, is_matched in self._waivers.items():
            if not is_matched:
                subject = "/".join(filter(None, (waiver.kind, waiver.name, waiver.container))) or "anything"
                yield f"the waiver of {waiver.code} for {subject} until {waiver.expires_on} matches nothing that was found"
        if self._known and not self._is_known:
            yield f"--baseline {baseline} matches nothing: none of the {self._known} findings that it knows is there"
