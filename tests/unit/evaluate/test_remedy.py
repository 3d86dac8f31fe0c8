"""What to do next, as an exact value."""

from datetime import date, timedelta
from typing import Any

import pytest

from perfana_support.evaluate.remedy import newest_release
from tests.unit.builders import TODAY, judge, policy

NEXT_LINE: dict[str, Any] = {"lines": [{"name": "0.3", "firstReleasedOn": "2026-12-01"}]}


def _remedy(image: str, code: str, spec: dict[str, Any] | None = None, as_of: date = TODAY) -> str:
    verdict = judge(image, spec=spec, as_of=as_of)
    return next(finding.remediation for finding in verdict.findings if finding.code == code)


def test_newest_release_is_of_the_last_line_and_not_the_highest_number() -> None:
    newest = newest_release(policy())
    assert newest is not None
    assert newest.version == "0.2.96.22"


def test_newest_release_skips_a_line_without_releases() -> None:
    newest = newest_release(policy(NEXT_LINE))
    assert newest is not None
    assert newest.version == "0.2.96.22"


def test_no_release_at_all() -> None:
    spec: dict[str, Any] = {
        "basePolicy": "None",
        "publishedOn": "2026-01-01",
        "endOfLife": {"clockStartsAt": "OwnRelease", "years": 1, "lookaheadDays": 30},
        "lines": [{"name": "1.0", "firstReleasedOn": "2020-01-01"}],
        "productLines": [{"name": "a", "lines": ["1.0"], "numbering": "Release", "components": [{"repository": "acme/app"}]}],
    }
    assert newest_release(policy(spec)) is None
    assert _remedy("acme/app:1.0.0", "EndOfLife", spec) == "upgrade to a release line within its support window"
    assert _remedy("acme/app:latest", "VersionUndetermined", spec).startswith("set the tag of a released build; ")


@pytest.mark.parametrize(
    ("image", "code", "remedy"),
    [
        (
            "perfana/perfana-web:perfana-4.0.0",
            "UpgradeAvailable",
            "set image to perfana/perfana-web:0.2.96.22",
        ),
        (
            "perfana/perfana-fe:perfana-3.1.0",
            "EndOfLife",
            "upgrade to release 0.2.96.22, where perfana/perfana-web:0.2.96.22 takes the place of perfana/perfana-fe",
        ),
        (
            "perfana/perfana-ds-dashboard:perfana-3.1.0",
            "EndOfLife",
            "upgrade to release 0.2.96.22, which has no perfana/perfana-ds-dashboard",
        ),
        (
            "perfana/perfana-web:0.2.96.22-SNAPSHOT",
            "SnapshotBuild",
            "set image to perfana/perfana-web:0.2.96.22 or another release of line 0.2",
        ),
        (
            "perfana/perfana-web:perfana-4.0.0-rc1",
            "ReleaseCandidateBuild",
            "set image to perfana/perfana-web:perfana-4.0.0 or another release of line 4.0",
        ),
        (
            "perfana/perfana-web:latest",
            "VersionUndetermined",
            "set the tag of a released build; set image to perfana/perfana-web:0.2.96.22",
        ),
        (
            "perfana/perfana-web:0.3.0-SNAPSHOT",
            "SnapshotBuild",
            "set the tag of a released build; set image to perfana/perfana-web:0.2.96.22",
        ),
        (
            "registry.example.com/copy/perfana-web:0.2",
            "FloatingTag",
            "set image to perfana/perfana-web:0.2.96.22 or another release of line 0.2",
        ),
        (
            "perfana/perfana-api:0.2.95.7",
            "KnownDefect",
            "fixed in 0.2.95.8; set image to perfana/perfana-api:0.2.96.22",
        ),
    ],
)
def test_remedy_is_an_image_or_a_release_to_go_to(image: str, code: str, remedy: str) -> None:
    assert _remedy(image, code) == remedy


def test_remedy_with_the_tag_prefix_of_its_line() -> None:
    spec = {
        "lines": [{"name": "0.3", "firstReleasedOn": "2026-12-01", "tagPrefix": "perfana-"}],
        "releases": [{"version": "0.3.0", "releasedOn": "2026-12-01"}],
        "productLines": [
            {"name": "next", "lines": ["0.3"], "numbering": "Release", "components": [{"repository": "perfana/perfana-web"}]}
        ],
    }
    assert (
        _remedy("perfana/perfana-web:0.2.96.22", "UpgradeAvailable", spec) == "set image to perfana/perfana-web:perfana-0.3.0"
    )


def test_remedy_of_a_build_leads_to_no_line_past_its_end() -> None:
    assert _remedy("perfana/perfana-fe:perfana-2.2.0-SNAPSHOT", "SnapshotBuild") == (
        "set the tag of a released build; "
        "upgrade to release 0.2.96.22, where perfana/perfana-web:0.2.96.22 takes the place of perfana/perfana-fe"
    )


def test_remedy_on_the_last_day_of_a_line_stays_in_it() -> None:
    image, end = "perfana/perfana-fe:perfana-2.6.1-SNAPSHOT", date(2026, 4, 5)
    assert _remedy(image, "SnapshotBuild", as_of=end).endswith(" or another release of line 2.6")
    assert _remedy(image, "SnapshotBuild", as_of=end + timedelta(days=1)).startswith("set the tag of a released build; ")
