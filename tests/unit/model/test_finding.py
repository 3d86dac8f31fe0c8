"""The order of findings, which is the same whatever order they were found in."""

from datetime import date
from itertools import permutations

from perfana_support.model.code import Code
from perfana_support.model.finding import Finding, severity
from perfana_support.model.installation import Location, Subject

SUBJECT = Subject("Deployment", "perfana", "a")
# Each differs from the one before in the part that decides next.
ORDER = [
    Finding(Code.SNAPSHOT_BUILD, SUBJECT, "z", ""),
    Finding(Code.VERSION_UNDETERMINED, SUBJECT, "z", ""),
    Finding(Code.KNOWN_DEFECT, SUBJECT, "z", ""),
    Finding(Code.MIXED_RELEASES, SUBJECT, "a", ""),
    Finding(Code.MIXED_RELEASES, SUBJECT, "z", ""),
    Finding(Code.MIXED_RELEASES, SUBJECT, "z", "", Location("", 1)),
    Finding(Code.MIXED_RELEASES, SUBJECT, "z", "", Location("a.yaml", 1)),
    Finding(Code.MIXED_RELEASES, SUBJECT, "z", "", Location("a.yaml", 2)),
    Finding(Code.MIXED_RELEASES, SUBJECT, "z", "", detail="a"),
    Finding(Code.MIXED_RELEASES, SUBJECT._replace(name="b"), "a", ""),
    Finding(Code.SNAPSHOT_BUILD, SUBJECT, "a", "", waived_until=date(2027, 1, 1)),
]


def test_findings_have_one_order() -> None:
    for three in permutations(range(len(ORDER)), 3):
        assert sorted((ORDER[place] for place in three), key=severity) == [ORDER[place] for place in sorted(three)]


def test_waived_finding_keeps_its_effect_and_does_not_count() -> None:
    assert (ORDER[-1].effect, ORDER[-1].counts) == (ORDER[0].effect, False)
    assert ORDER[0].counts
