"""From a check or policy and the facts to the status: every way to have no verdict, and what is urgent."""

from typing import Any

import pytest

from perfana_support.controller.judge import is_urgent, judge_check, judge_policy
from perfana_support.controller.policybook import PolicyBook
from perfana_support.model.answer import Answer, Question
from perfana_support.model.image_policy import ImageRules
from perfana_support.model.installation import Container, Workload
from perfana_support.sources.cluster.store import ClusterStore
from tests.unit.controller.fake_server import GOOD, NAMESPACE, OLD, condition
from tests.unit.virtual_time import START

Json = dict[str, Any]


def _body(spec: Json | None = None, name: str = "perfana", status: Json | None = None, generation: int = 3) -> Json:
    metadata = {"name": name, "namespace": NAMESPACE, "generation": generation, "uid": "u", "resourceVersion": "7"}
    return {"apiVersion": "support.perfana.io/v1alpha1", "metadata": metadata, "spec": spec or {}, "status": status or {}}


class Unasked:
    """No registry has said anything."""

    def known(self, _rules: ImageRules, _namespace: str) -> dict[Question, Answer]:
        return {}


def _store(image: str = GOOD) -> ClusterStore:
    store = ClusterStore((), lambda _: None)
    store.put("Deployment", (NAMESPACE, "web"), Workload("Deployment", NAMESPACE, "web", (Container("c", image),)))
    return store


def _book(*policies: tuple[str, Json]) -> PolicyBook:
    book = PolicyBook()
    for name, spec in policies:
        book.take({**_body(spec, name), "kind": "SupportPolicy"})
    return book


def _judged(spec: Json | None = None, book: PolicyBook | None = None, image: str = GOOD) -> Json:
    return judge_check(_body(spec), _store(image), book or PolicyBook(), Unasked(), START).status


REFERS = {"policyRef": {"name": "acme"}}


def test_check_is_judged_by_the_built_in_policy() -> None:
    status = _judged()
    assert condition(status, "VersionSupported")[0] == "True"
    assert condition(_judged(image=OLD), "VersionSupported") == ("False", "EndOfLife")
    assert (status["observedGeneration"], condition(status, "Ready")) == (3, ("True", "Evaluated"))
    assert status["policy"]["digest"].startswith("sha256:")


def test_check_is_judged_by_the_policy_that_it_names() -> None:
    status = _judged(REFERS, _book(("acme", {"maxPolicyAgeDays": 7})))
    assert status["policy"]["name"] == "acme"
    assert status["policy"]["digest"] != _judged()["policy"]["digest"]


@pytest.mark.parametrize(
    ("spec", "book", "reason", "is_stalled", "part"),
    [
        ({"enforcement": "Sometimes"}, _book(), "CheckInvalid", "True", "spec.enforcement"),
        (REFERS, _book(), "PolicyNotFound", "False", "SupportPolicy acme does not exist"),
        (REFERS, _book(("other", {})), "PolicyNotFound", "False", "SupportPolicy acme does not exist"),
        (REFERS, _book(("acme", {"releases": "none"})), "PolicyInvalid", "True", "spec.releases"),
    ],
)
def test_check_without_a_verdict_is_unknown_and_says_why(
    spec: Json, book: PolicyBook, reason: str, is_stalled: str, part: str
) -> None:
    status = _judged(spec, book)
    assert condition(status) == ("Unknown", reason)
    assert condition(status, "TicketEligible") == ("Unknown", reason)
    assert condition(status, "Ready")[0] == "False"
    assert condition(status, "Stalled")[0] == is_stalled
    assert part in str(status["conditions"])
    assert "findings" not in status


def test_policies_that_cannot_be_read_matter_to_those_that_name_one() -> None:
    book = _book(("acme", {}))
    book.gap = "supportpolicies is forbidden"
    assert condition(_judged(REFERS, book)) == ("Unknown", "PolicyUnreadable")
    assert condition(_judged(None, book), "VersionSupported")[0] == "True"


def test_invalid_policy_leaves_the_last_valid_one_in_force_and_its_checks_say_so() -> None:
    book = _book(("acme", {"maxPolicyAgeDays": 7}), ("acme", {"releases": "none"}))
    status = _judged(REFERS, book)
    assert condition(status, "VersionSupported")[0] == "True"
    assert "its last valid form is in force" in str(status["conditions"])


def test_policy_that_is_gone_is_not_remembered() -> None:
    book = _book(("acme", {}))
    book.forget("acme")
    book.forget("acme")
    assert condition(_judged(REFERS, book)) == ("Unknown", "PolicyNotFound")


def test_policy_says_whether_it_can_be_judged_by() -> None:
    book = _book(("acme", {}), ("bad", {"releases": "none"}))
    assert condition(judge_policy(_body({}, "acme"), book, START).status, "Valid") == ("True", "PolicyValid")
    assert condition(judge_policy(_body({}, "bad"), book, START).status, "Valid") == ("False", "PolicyInvalid")


def test_day_of_the_verdict_is_the_moments() -> None:
    spec = {"maintenance": {"plan": "Team", "expiresOn": "2026-11-24"}}
    status = [judge_check(_body(spec), _store(), PolicyBook(), Unasked(), START.replace(day=day)).status for day in (24, 25)]
    assert [condition(one, "MaintenanceActive")[0] for one in status] == ["True", "False"]


def test_first_status_is_urgent() -> None:
    assert is_urgent(_body(), _judged())


def test_detail_is_not_urgent() -> None:
    status = _judged()
    assert not is_urgent(_body(status=status), status)
    assert not is_urgent(_body(status=status), {**status, "findings": [], "release": "other"})


def test_new_spec_flip_and_new_condition_are_urgent() -> None:
    status = _judged()
    assert is_urgent(_body(status=status, generation=4), status)
    assert is_urgent(_body(status=status), _judged(image=OLD))
    fewer = {**status, "conditions": status["conditions"][1:]}
    assert is_urgent(_body(status=fewer), status)


def test_target_of_a_check_in_an_empty_namespace_is_a_first_installation() -> None:
    spec = {"target": {"release": "3.1.0"}}
    status = judge_check(_body(spec), ClusterStore((), lambda _: None), PolicyBook(), Unasked(), START).status
    assert condition(status, "UpgradeSupported") == ("False", "EndOfLife")
    assert condition(status, "Supported") == ("Unknown", "NoComponents")
