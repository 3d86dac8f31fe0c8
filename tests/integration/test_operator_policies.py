"""Policies as objects of the cluster: checks follow the one that they name, and a policy says what is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.support_objects import (
    API_VERSION,
    POLICY,
    RELEASED,
    check,
    conditions,
    delete_if_there,
    deployment,
    kstatus,
    policy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import Object
    from tests.cluster.server import Cluster
    from tests.integration.support_objects import Site

ENDS_EARLY = [{"name": "4.0", "endOfLifeOn": "2026-01-01"}]
ENDS_LATE = [{"name": "4.0", "endOfLifeOn": "2999-01-01"}]
INVALID: Object = {
    "lines": [{"name": "9.0", "firstReleasedOn": "2020-01-01"}],
    "releases": [{"version": "4.0.0.0", "releasedOn": "2025-12-13"}],
}
"""Fine by the schema; merged, a line comes before its predecessor, and a release is listed twice."""


@pytest.fixture
def acme(site: Site) -> Iterator[str]:
    """Return the name of a policy of the test's own, to which the namespace's check refers; it does not exist yet."""
    site.create(deployment(RELEASED), check(policyRef={"name": site.namespace}))
    yield site.namespace
    delete_if_there(site.api, POLICY, site.namespace)


def wait_for_policy(site: Site, name: str, status: str, reason: str) -> Object:
    """Return a policy once its condition Valid says so."""
    return site.wait_for_condition("Valid", status, reason, name=name, of=POLICY)


def change_policy(site: Site, name: str, **spec: object) -> None:
    """Change fields of a policy's spec."""
    site.change_spec(name, POLICY, **spec)


def test_missing_policy_makes_every_condition_unknown_until_it_exists(site: Site, acme: str) -> None:
    missing = site.wait_for_verdict("Unknown", "PolicyNotFound")
    verdicts = {kind: condition for kind, condition in conditions(missing).items() if condition["status"] == "Unknown"}
    assert {condition["reason"] for condition in verdicts.values()} == {"PolicyNotFound"}
    assert len(verdicts) == 9
    assert f"SupportPolicy {acme} does not exist" in verdicts["Supported"]["message"]
    assert kstatus(missing) == "InProgress"
    site.create(policy(acme, lines=ENDS_LATE))
    judged = site.wait_for_verdict("True")
    assert judged["status"]["supportEndsOn"] == "2999-01-01"
    assert judged["status"]["policy"]["name"] == acme
    assert kstatus(judged) == "Current"


def test_edited_policy_changes_the_verdict_and_its_digest(site: Site, acme: str) -> None:
    site.create(policy(acme))
    before = site.wait_for_verdict("True")["status"]["policy"]
    change_policy(site, acme, lines=ENDS_EARLY)
    ended = site.wait_for_verdict("False", "EndOfLife")
    assert ended["status"]["policy"]["digest"] != before["digest"]
    change_policy(site, acme, lines=ENDS_LATE)
    site.wait_for_verdict("True")
    change_policy(site, acme, lines=None)
    restored = site.wait(lambda item: item["status"]["policy"] == before, "the first policy's digest")
    assert restored["status"]["supportEndsOn"] == "2028-03-23"


def test_valid_policy_says_so(site: Site, acme: str, cluster: Cluster) -> None:
    site.create(policy(acme, publishedOn="2026-11-24"))
    valid = wait_for_policy(site, acme, "True", "PolicyValid")
    assert valid["status"]["observedGeneration"] == 1
    assert kstatus(valid) == "Current"
    judged = site.wait_for_verdict("True")
    assert valid["status"]["digest"] == judged["status"]["policy"]["digest"]
    waited = cluster.kubectl("wait", "--for=condition=Valid", "--timeout=180s", f"supportpolicy/{acme}")
    assert waited.returncode == 0, waited.stderr


def test_invalid_policy_names_its_problems_by_path_and_leaves_the_last_good_one_in_force(site: Site, acme: str) -> None:
    site.create(policy(acme, lines=ENDS_LATE))
    good = site.wait_for_verdict("True")["status"]["policy"]
    change_policy(site, acme, **INVALID)
    invalid = wait_for_policy(site, acme, "False", "PolicyInvalid")
    assert kstatus(invalid) == "Failed"
    assert [problem.partition(": ")[0] for problem in invalid["status"]["problems"]] == [
        'spec.lines["9.0"].firstReleasedOn',
        'spec.releases["4.0.0.0"].version',
    ]
    message = conditions(invalid)["Valid"]["message"]
    assert message.startswith('spec.lines["9.0"].firstReleasedOn: must not be before 2026-03-23')
    assert message.endswith("(and 1 more)")
    warned = site.wait(lambda item: "its last valid form" in conditions(item)["Ready"]["message"], "the caveat")
    assert warned["status"]["policy"] == good
    assert conditions(warned)["Supported"]["status"] == "True"
    site.operator.kill()
    site.operator.start()
    site.pass_barrier()
    assert site.get() == warned
    change_policy(site, acme, lines=ENDS_EARLY, releases=None)
    mended = wait_for_policy(site, acme, "True", "PolicyValid")
    assert "problems" not in mended["status"]
    site.wait_for_verdict("False", "EndOfLife")


def test_policy_edited_into_an_invalid_state_while_no_operator_runs_stays_as_it_was(site: Site, acme: str) -> None:
    """Its first valid form was never invalid before: it has to be kept all the same."""
    site.create(policy(acme, lines=ENDS_LATE))
    good = site.wait_for_verdict("True")["status"]["policy"]
    wait_for_policy(site, acme, "True", "PolicyValid")
    site.operator.terminate()
    change_policy(site, acme, **INVALID)
    site.operator.start()
    invalid = wait_for_policy(site, acme, "False", "PolicyInvalid")
    assert json.loads(invalid["status"]["lastValidSpec"])["lines"] == ENDS_LATE
    warned = site.wait(lambda item: "its last valid form" in conditions(item)["Ready"]["message"], "the caveat")
    assert warned["status"]["policy"] == good
    assert conditions(warned)["Supported"]["status"] == "True"


def test_policy_that_never_was_valid_makes_the_verdict_unknown(site: Site, acme: str) -> None:
    site.create(policy(acme, **INVALID))
    judged = site.wait_for_verdict("Unknown", "PolicyInvalid")
    assert 'spec.lines["9.0"].firstReleasedOn' in conditions(judged)["Supported"]["message"]
    assert kstatus(judged) == "Failed"
    change_policy(site, acme, lines=ENDS_LATE, releases=None)
    site.wait_for_verdict("True")


def test_deleted_policy_takes_the_verdict_with_it(site: Site, acme: str) -> None:
    site.create(policy(acme))
    site.wait_for_verdict("True")
    site.api.delete(API_VERSION, POLICY, acme)
    gone = site.wait_for_verdict("Unknown", "PolicyNotFound")
    assert "policy" not in gone["status"]
    assert "release" not in gone["status"]


def test_policy_that_is_deleted_and_made_anew_is_the_new_one(site: Site, acme: str) -> None:
    """Over and over and at once: news of the old one's end must not take the new one with it."""
    site.wait_for_verdict("Unknown", "PolicyNotFound")
    for _ in range(20):
        site.create(policy(acme, lines=ENDS_LATE))
        site.wait_for_verdict("True")
        with site.operator.asleep():
            site.api.delete(API_VERSION, POLICY, acme)
            site.create(policy(acme, lines=ENDS_EARLY))
        site.wait_for_verdict("False", "EndOfLife")
        site.api.delete(API_VERSION, POLICY, acme)


def test_check_that_names_another_policy_is_judged_by_that(site: Site, acme: str) -> None:
    site.create(policy(acme, lines=ENDS_EARLY))
    site.wait_for_verdict("False", "EndOfLife")
    site.change_spec(policyRef=None)
    assert site.wait_for_verdict("True")["status"]["policy"]["name"] == "default"
    site.change_spec(policyRef={"name": acme})
    site.wait_for_verdict("False", "EndOfLife")


def test_policy_mirror_rule_makes_a_copy_the_component(site: Site, acme: str) -> None:
    site.set_image("harbor.example.com/hub/perfana/perfana-web:perfana-4.0.0")
    mirrors = [{"from": "harbor.example.com/hub/", "to": "docker.io/"}]
    site.create(policy(acme, images={"mirrors": mirrors}))
    judged = site.wait_for_verdict("True")
    assert [component["repository"] for component in judged["status"]["components"]] == ["perfana/perfana-web"]


def test_policy_deleted_while_the_operator_is_down_is_gone_when_it_is_back(site: Site, acme: str) -> None:
    site.create(policy(acme))
    site.wait_for_verdict("True")
    site.operator.kill()
    site.api.delete(API_VERSION, POLICY, acme)
    site.operator.start()
    site.wait_for_verdict("Unknown", "PolicyNotFound")


def test_nobody_is_written_to_over_a_policy_that_no_check_names(site: Site, acme: str) -> None:
    site.create(policy(acme))
    before = site.wait_for_verdict("True")["metadata"]["resourceVersion"]
    other = f"{acme}-other"
    site.create(policy(other, lines=ENDS_EARLY))
    try:
        wait_for_policy(site, other, "True", "PolicyValid")
        site.pass_barrier()
        assert site.get()["metadata"]["resourceVersion"] == before
    finally:
        site.api.delete(API_VERSION, POLICY, other)
