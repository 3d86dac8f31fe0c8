"""BuildSupported: is every component a released build?"""

from collections.abc import Iterator
from datetime import date

from perfana_support.evaluate.inventory import Inventory
from perfana_support.evaluate.remedy import set_release
from perfana_support.model.code import Code
from perfana_support.model.finding import Finding
from perfana_support.model.policy import Build, Policy

UNRELEASED = {
    Build.SNAPSHOT: (Code.SNAPSHOT_BUILD, "a SNAPSHOT, a development build"),
    Build.BETA: (Code.BETA_BUILD, "a beta build"),
    Build.RELEASE_CANDIDATE: (Code.RELEASE_CANDIDATE_BUILD, "a release candidate"),
    Build.MILESTONE: (Code.MILESTONE_BUILD, "a milestone build"),
    Build.DEVELOPMENT: (Code.DEVELOPMENT_BUILD, "a development build"),
    Build.COMMIT: (Code.COMMIT_BUILD, "the build of a commit, which may be released or not"),
}


def judge(inventory: Inventory, policy: Policy, as_of: date) -> Iterator[Finding]:
    """All findings about builds. A tag that says nothing at all is `VersionUndetermined`, found by the version rules."""
    for component in inventory.components:
        if component.is_test:
            message = f"{component.subject.image} comes from a test repository of the vendor"
            yield component.finding(Code.TEST_REPOSITORY, message, f"set a released image of {component.short_name}")
        build, tag = component.tag.build, component.reference.tag
        if build is None:
            message = f"tag {tag} carries {component.tag.odd!r}, which names no build that the policy knows"
            yield component.finding(Code.UNRECOGNISED_BUILD, message, set_release(component, policy, as_of))
        elif build in UNRELEASED:
            code, words = UNRELEASED[build]
            yield component.finding(code, f"tag {tag} names {words}", set_release(component, policy, as_of))
