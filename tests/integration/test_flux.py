"""Flux as a gate (docs/gates/flux.md): the real controllers deliver a release when its verdict is there, and is yes."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.gates.delivery import GATE, RELEASE, Delivery, ready
from tests.gates.flux import Flux
from tests.integration.support_objects import API_VERSION, CHECK, Site, check, conditions, deployment
from tests.registry.server import Registry
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster
    from tests.integration.operator_process import OperatorProcess

PAGE = "docs/gates/flux.md"
SOURCE, WAITING, DEPENDENT = snippet(PAGE, "source"), snippet(PAGE, "gate"), snippet(PAGE, "release")
REPORTED = snippet(PAGE, "report")

PRESENT = "2.6.0"
"""What runs before anything is delivered: past its end of life, so each of these is an upgrade that someone may want."""
SUPPORTED, UNSUPPORTED, UNKNOWN = "4.0.0", "3.1.2", "9.9.9"

TIMEOUT = "timeout: 2m"
SOON_SECONDS = 30.0
"""Flux looks every five seconds, so a gate that fails at once has failed by then; a quarter of its timeout."""
SHORTEST_TIMEOUT = "timeout: 30s"
"""Flux takes less for 30 s."""


@pytest.fixture(scope="module")
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    """Run a registry on loopback for the artifacts."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        started = Registry()
    with started:
        yield started


@pytest.fixture(scope="module")
def flux(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Flux]:
    """Run the controllers; the first build takes minutes, so let its progress be seen."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        started = Flux(cluster)
    with started:
        yield started


class Begun(NamedTuple):
    """A delivery of a revision that is under way."""

    delivery: Delivery
    revision: str


@pytest.fixture(scope="module")
def undetermined(
    api: ApiClient, operator: OperatorProcess, cluster: Cluster, registry: Registry, flux: Flux
) -> Iterator[dict[str, Begun]]:
    """Begin to deliver what nobody can tell anything about, each in its namespace, while the other tests run: it takes long."""
    cases = {
        "unknown": (gate_for(UNKNOWN), WAITING),
        "reported": (report_for(UNKNOWN), REPORTED),
    }
    begun = {}
    for case, (checked, gate) in cases.items():
        namespace = f"flux-{case}-{secrets.token_hex(4)}"
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        delivery = Delivery(Site(api, namespace, operator), cluster, registry, flux)
        delivery.site.create(workload(PRESENT))
        begun[case] = Begun(delivery, delivery.push(checked, workload(SUPPORTED)))
        delivery.apply(SOURCE, gate.replace(TIMEOUT, SHORTEST_TIMEOUT), DEPENDENT)
    yield begun
    for each in begun.values():
        each.delivery.close()
        api.delete("v1", "Namespace", each.delivery.site.namespace)


@pytest.fixture
def delivery(
    site: Site, cluster: Cluster, registry: Registry, flux: Flux, undetermined: dict[str, Begun]
) -> Iterator[Delivery]:
    """Return a namespace with an installation that Flux delivers releases to."""
    assert undetermined
    site.create(workload(PRESENT))
    prepared = Delivery(site, cluster, registry, flux)
    yield prepared
    prepared.close()


def workload(release: str) -> Object:
    """Return what runs of a release."""
    return deployment(image(release))


def image(release: str) -> str:
    """Return the image of a release."""
    return f"perfana/perfana-web:perfana-{release}"


def gate_for(release: str) -> str:
    """Return the page's check for a release."""
    return snippet(PAGE, "check").replace("release: 4.0.0", f"release: {release}")


def report_for(release: str) -> str:
    """Return the page's check for a release, only reporting."""
    return gate_for(release).replace("enforcement: Gate", "enforcement: Report")


def test_a_supported_release_is_applied_although_what_runs_is_past_its_end_of_life(delivery: Delivery) -> None:
    delivery.site.create(check("present"))
    delivery.site.wait_for_verdict("False", "EndOfLife", name="present")
    revision = delivery.push(gate_for(SUPPORTED), workload(SUPPORTED))
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    assert delivery.outcome(GATE, revision)["status"] == "True"
    assert delivery.outcome(RELEASE, revision)["status"] == "True"
    assert delivery.images() == [image(SUPPORTED)]


def test_an_unsupported_release_is_never_applied_and_its_gate_fails_long_before_the_timeout(delivery: Delivery) -> None:
    revision = delivery.push(gate_for(UNSUPPORTED), workload(UNSUPPORTED))
    began = time.monotonic()
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    failed = delivery.outcome(GATE, revision)
    assert time.monotonic() - began < SOON_SECONDS
    assert (failed["status"], failed["reason"]) == ("False", "HealthCheckFailed")
    assert "failed early due to stalled resources: [SupportCheck/" in failed["message"]
    assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
    assert delivery.images() == [image(PRESENT)]
    of_flux, of_check = delivery.run(snippet(PAGE, "why"))
    assert of_flux == failed["message"]
    assert "end of life" in of_check


def test_a_gate_is_in_progress_until_an_operator_has_judged_it(delivery: Delivery, operator: OperatorProcess) -> None:
    operator.terminate()
    try:
        revision = delivery.push(gate_for(SUPPORTED), workload(SUPPORTED))
        delivery.apply(SOURCE, WAITING, DEPENDENT)
        delivery.wait_for_look(revision)
        delivery.wait_for_look(revision)  # so the first one was not enough
        assert delivery.site.get()["status"] == {"observedGeneration": -1}
        assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
        assert delivery.images() == [image(PRESENT)]
    finally:
        operator.start()
    assert delivery.outcome(GATE, revision)["status"] == "True"
    assert delivery.outcome(RELEASE, revision)["status"] == "True"
    assert delivery.images() == [image(SUPPORTED)]


def test_the_verdict_of_a_supported_release_does_not_let_an_unsupported_one_through(
    delivery: Delivery, operator: OperatorProcess
) -> None:
    first = delivery.push(gate_for(SUPPORTED), workload(SUPPORTED))
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    assert delivery.outcome(RELEASE, first)["status"] == "True"
    with operator.asleep():  # the verdict of the first is all that there is
        second = delivery.push(gate_for(UNSUPPORTED), workload(UNSUPPORTED))
        delivery.fetch()
        delivery.wait_for_look(second)
        assert conditions(delivery.site.get())["UpgradeSupported"]["status"] == "True"
        assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
        assert delivery.images() == [image(SUPPORTED)]
    assert "failed early" in delivery.outcome(GATE, second)["message"]
    assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
    assert delivery.images() == [image(SUPPORTED)]


def test_the_verdict_of_an_unsupported_release_does_not_stop_a_supported_one(
    delivery: Delivery, operator: OperatorProcess
) -> None:
    first = delivery.push(gate_for(UNSUPPORTED), workload(UNSUPPORTED))
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    assert delivery.outcome(GATE, first)["status"] == "False"
    with operator.asleep():
        second = delivery.push(gate_for(SUPPORTED), workload(SUPPORTED))
        delivery.fetch()
        delivery.wait_for_look(second)
        assert conditions(delivery.site.get())["UpgradeSupported"]["status"] == "False"
    assert delivery.outcome(GATE, second)["status"] == "True"
    assert delivery.outcome(RELEASE, second)["status"] == "True"
    assert delivery.images() == [image(SUPPORTED)]


def test_a_gate_with_a_source_of_its_own_lets_the_next_release_through(delivery: Delivery) -> None:
    first = delivery.push(gate_for(SUPPORTED), workload(SUPPORTED))
    source = SOURCE.replace("interval: 1m", "interval: 1h")  # fetched when the test says so
    delivery.apply(source, source.replace("name: perfana", "name: other"), WAITING)
    delivery.apply(DEPENDENT.replace("kind: OCIRepository\n    name: perfana", "kind: OCIRepository\n    name: other"))
    assert delivery.outcome(RELEASE, first)["status"] == "True"
    second = delivery.push(gate_for(UNSUPPORTED), workload(UNSUPPORTED))
    delivery.fetch("other")
    assert delivery.outcome(RELEASE, second)["status"] == "True"
    assert delivery.images() == [image(UNSUPPORTED)]


def test_a_check_that_reports_lets_every_release_through_unless_it_is_asked(delivery: Delivery) -> None:
    revision = delivery.push(report_for(UNSUPPORTED), workload(UNSUPPORTED))
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    assert delivery.outcome(RELEASE, revision)["status"] == "True"
    assert conditions(delivery.site.get())["UpgradeSupported"]["status"] == "False"


@pytest.mark.parametrize(
    ("release", "words", "runs"),
    [
        (SUPPORTED, "Applied revision: ", SUPPORTED),
        (UNSUPPORTED, "failed early due to stalled resources: ", PRESENT),
    ],
)
def test_a_check_that_reports_gates_where_expressions_ask_it(delivery: Delivery, release: str, words: str, runs: str) -> None:
    revision = delivery.push(report_for(release), workload(release))
    delivery.apply(SOURCE, REPORTED, DEPENDENT)
    said = delivery.outcome(GATE, revision)
    assert said["status"] == str(runs == release)
    assert words in said["message"]
    delivery.considered(RELEASE)
    assert delivery.images() == [image(runs)]


def test_expressions_wait_for_a_condition_of_the_present_target(delivery: Delivery, operator: OperatorProcess) -> None:
    first = delivery.push(report_for(SUPPORTED), workload(SUPPORTED))
    delivery.apply(SOURCE, REPORTED, DEPENDENT)
    assert delivery.outcome(RELEASE, first)["status"] == "True"
    with operator.asleep():
        second = delivery.push(report_for(UNSUPPORTED), workload(UNSUPPORTED))
        delivery.fetch()
        delivery.wait_for_look(second)
        stale = {"status": {"observedGeneration": delivery.site.get()["metadata"]["generation"]}}
        delivery.site.api.patch(API_VERSION, CHECK, "perfana", stale, delivery.site.namespace, subresource="status")
        delivery.wait_for_look(second)  # Flux itself compares no more than the generation of the whole
        assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
    assert "failed early" in delivery.outcome(GATE, second)["message"]
    assert delivery.images() == [image(SUPPORTED)]


def test_a_release_that_nobody_knows_is_waited_for_until_the_timeout_and_not_applied(undetermined: dict[str, Begun]) -> None:
    see_given_up(undetermined["unknown"], "TargetUnknown")
    assert undetermined["unknown"].delivery.images() == [image(PRESENT)]


@pytest.mark.parametrize(("release", "passes"), [(SUPPORTED, True), (UNSUPPORTED, False)])
def test_a_first_installation_is_let_through_where_its_release_is_supported(
    delivery: Delivery, release: str, *, passes: bool
) -> None:
    delivery.site.api.delete("apps/v1", "Deployment", "perfana-web", delivery.site.namespace)
    revision = delivery.push(gate_for(release), workload(release))
    delivery.apply(SOURCE, WAITING, DEPENDENT)
    assert delivery.outcome(GATE, revision)["status"] == str(passes)
    if passes:
        assert delivery.outcome(RELEASE, revision)["status"] == "True"
    assert delivery.images() == ([image(release)] if passes else [])


def test_expressions_wait_while_nobody_knows(undetermined: dict[str, Begun]) -> None:
    see_given_up(undetermined["reported"], "TargetUnknown")
    assert undetermined["reported"].delivery.images() == [image(PRESENT)]


def see_given_up(begun: Begun, reason: str) -> None:
    """Wait until a gate has given up a verdict that says neither yes nor no, and see that its release waits on."""
    delivery, revision = begun
    delivery.site.wait_for_condition("UpgradeSupported", "Unknown", reason)
    failed = delivery.outcome(GATE, revision)
    assert "timeout waiting for: [SupportCheck/" in failed["message"]
    assert failed["message"].endswith("status: 'InProgress']")
    assert ready(delivery.considered(RELEASE))["reason"] == "DependencyNotReady"
