"""Policy reports on a real server, by the definitions that their projects publish, under the rights that ship for them."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from tests.bench.kyverno import FOLDER
from tests.cluster.client import USER_AGENT, ApiError
from tests.cluster.crds import apply_crds
from tests.cluster.module import module_folder
from tests.cluster.server import Cluster
from tests.cluster.waiting import wait_for
from tests.integration.conftest import FOREIGN_CRDS
from tests.integration.operator_process import ACCOUNT, ROOT, OperatorProcess, shipped_identity
from tests.integration.support_objects import RELEASED, SNAPSHOT, Site, check, deployment
from tests.shell import user
from tests.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.identity import Identity

PAGE = "docs/gates/policy-reports.md"
RIGHTS = ROOT / "manifests" / "policy-reports.yaml"
OPEN, WORKING_GROUP = ("openreports.io/v1alpha1", "Report"), ("wgpolicyk8s.io/v1alpha2", "PolicyReport")
GROUPS = {"openreports.io", "wgpolicyk8s.io"}
NAME = "perfana-support-perfana"
LOOK_SECONDS = "1"
SEEN_WITHIN_SECONDS = 90.0


class Stage(NamedTuple):
    """A server of its own that knows both kinds of reports, and the operator that writes them."""

    cluster: Cluster
    identity: Identity
    operator: OperatorProcess

    def site(self, name: str) -> Site:
        """Return a new namespace."""
        api = self.cluster.client()
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return Site(api, name, self.operator)

    def wait_for_log(self, text: str) -> None:
        """Return once the operator has said something."""
        wait_for(lambda: text in self.operator.log, SEEN_WITHIN_SECONDS, text)

    def requests(self, namespace: str = "") -> list[tuple[str, str]]:
        """Return verb and resource of all that operators asked of reports, in a namespace or everywhere.

        The log says "patch" for a request that made an object, too: the code of its answer tells.
        """
        found = []
        for event in self.cluster.audit_events():
            place = event.get("objectRef", {})
            is_theirs = event["user"]["username"] == self.identity.username and event.get("userAgent") != USER_AGENT
            if is_theirs and place.get("apiGroup") in GROUPS and place.get("name") and namespace in {"", place["namespace"]}:
                is_made = event["verb"] == "patch" and event.get("responseStatus", {}).get("code") == 201
                found.append(("create" if is_made else event["verb"], place["resource"]))
        return found


def options() -> list[str]:
    """Return the flags of the operator that writes reports, as the page names them."""
    return snippet(PAGE, "operator").split()[2:]


def operator(cluster: Cluster, identity: Identity, *flags: str) -> OperatorProcess:
    """Return an operator under the shipped rights, that looks for kinds often."""
    port = ("--http-port", "0", "--lease-namespace", ACCOUNT, "--audit-seconds", LOOK_SECONDS)
    return OperatorProcess(cluster, identity.kubeconfig, *port, *flags)


def apply_rights(api: ApiClient) -> None:
    """Apply the rights that ship for reports."""
    for document in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")):
        api.apply(document)


def apply_definition(api: ApiClient, source: Path, folder: Path) -> None:
    """Apply one definition of a project."""
    folder.mkdir(parents=True)
    (folder / source.name).write_bytes(source.read_bytes())
    apply_crds(api, folder)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Let the operator begin without any kind of report, then install one after the other."""
    folder = tmp_path_factory.mktemp("definitions")
    working_group = module_folder(FOLDER, "github.com/kyverno/kyverno") / "config/crds/policyreport"
    open_reports = module_folder(FOLDER, "github.com/openreports/reports-api") / "config/crd"
    with Cluster() as cluster:
        api = cluster.client()
        apply_crds(api, ROOT / "crds")
        apply_crds(api, FOREIGN_CRDS)
        identity = shipped_identity(cluster)
        apply_rights(api)
        with operator(cluster, identity, *options()) as process:
            process.start()
            found = Stage(cluster, identity, process)
            site = found.site("early")
            site.create(deployment(SNAPSHOT), check())
            site.wait_for_verdict("False")
            found.wait_for_log("knows no policy reports")
            assert found.requests() == []
            apply_definition(api, working_group / "wgpolicyk8s.io_policyreports.yaml", folder / "one")
            wait_for_report(site, "fail", WORKING_GROUP)
            apply_definition(api, open_reports / "openreports.io_reports.yaml", folder / "two")
            wait_for_report(site, "fail")
            yield found


def report_of(site: Site, kind: tuple[str, str] = OPEN) -> Object:
    """Return a check's report, empty if there is none."""
    try:
        return site.api.get(*kind, NAME, site.namespace)
    except (ApiError, LookupError) as error:
        if isinstance(error, ApiError) and error.reason != "NotFound":
            raise
        return {}


def wait_for_report(site: Site, has: str, kind: tuple[str, str] = OPEN) -> Object:
    """Return a check's report once its summary has results of one sort, or with "" once it has no failures."""

    def find() -> Object:
        report = report_of(site, kind)
        summary = report.get("summary", {})
        return report if (summary.get(has) if has else summary.get("fail") == 0) else {}

    try:
        return wait_for(find, SEEN_WITHIN_SECONDS, f"{kind[1]} with {has or 'no fail'}")
    except TimeoutError as error:
        raise TimeoutError(f"{error}\noperator:\n{site.operator.log[-4000:]}") from None


def test_kinds_that_appear_later_are_found_without_a_restart(stage: Stage) -> None:
    log = stage.operator.log
    assert [log.count(text) for text in ("knows no policy reports", "as PolicyReport of", "as Report of")] == [1, 1, 1]
    for kind in (OPEN, WORKING_GROUP):
        report = stage.cluster.client().get(*kind, NAME, "early")
        counts = Counter(result["result"] for result in report["results"])
        assert report["summary"] == {result: counts[result] for result in ("pass", "fail", "warn", "error", "skip")}


def test_report_belongs_to_its_check_and_to_the_operator(stage: Stage) -> None:
    site = stage.site("owned")
    site.create(deployment(SNAPSHOT), check(target={"release": "0.2.96.22"}))
    report = wait_for_report(site, "fail")
    uid = site.get()["metadata"]["uid"]
    assert report["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "support.perfana.io/v1alpha1",
            "kind": "SupportCheck",
            "name": "perfana",
            "uid": uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]
    managers = {(entry["manager"], entry["operation"]) for entry in report["metadata"]["managedFields"]}
    assert managers == {("perfana-support", "Apply")}
    (snapshot,) = (result for result in report["results"] if result["rule"] == "SnapshotBuild")
    where = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "owned", "name": "perfana-web"}
    assert (snapshot["result"], snapshot["resources"]) == ("fail", [where])
    assert "UpgradeSupported" in {result["policy"] for result in report["results"]}


def test_report_follows_flips_and_is_not_written_without_one(stage: Stage) -> None:
    site = stage.site("flips")
    site.create(deployment(RELEASED), check())
    first = wait_for_report(site, "")
    site.set_image(SNAPSHOT)
    wait_for_report(site, "fail")
    site.set_image(RELEASED)
    last = wait_for_report(site, "")
    assert last["results"] == first["results"] or last["summary"] == first["summary"]
    assert stage.requests("flips") == [
        ("get", "reports"),
        ("create", "reports"),
        ("patch", "reports"),
        ("patch", "reports"),
    ]
    # An event that changes no word of the verdict, and a restart.
    before = site.get()["metadata"]["resourceVersion"]
    site.api.patch("apps/v1", "Deployment", "perfana-web", {"metadata": {"labels": {"mine": "yes"}}}, site.namespace)
    site.pass_barrier()
    stage.operator.terminate()
    stage.operator.start()
    wait_for(lambda: len(stage.requests("flips")) > 4, SEEN_WITHIN_SECONDS, "the report is read anew")
    site.pass_barrier()
    assert stage.requests("flips")[4:] == [("get", "reports")]
    assert site.get()["metadata"]["resourceVersion"] == before
    assert report_of(site)["metadata"]["resourceVersion"] == last["metadata"]["resourceVersion"]


def test_report_is_not_made_again_once_its_check_is_gone(stage: Stage) -> None:
    site = stage.site("going")
    site.create(deployment(SNAPSHOT), check())
    wait_for_report(site, "fail")
    site.api.delete("support.perfana.io/v1alpha1", "SupportCheck", "perfana", site.namespace)
    # What the garbage collector does for the owner reference: this server has none.
    site.api.delete(*OPEN, NAME, site.namespace)
    before = stage.requests("going")
    site.set_image(RELEASED)
    site.pass_barrier()
    assert report_of(site) == {}
    assert stage.requests("going") == before


def test_missing_right_is_told_once_and_disturbs_no_verdict(stage: Stage) -> None:
    site = stage.site("refused")
    site.create(deployment(RELEASED), check())
    wait_for_report(site, "")
    refusals = stage.operator.log.count("cannot be written (manifests/policy-reports.yaml")
    role = next(each for each in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")) if each["kind"] == "ClusterRole")
    site.api.apply({**role, "rules": [{**rule, "verbs": ["get"]} for rule in role["rules"]]})
    try:
        site.set_image(SNAPSHOT)
        site.wait_for_verdict("False", "SnapshotBuild")
        stage.wait_for_log("cannot be written (manifests/policy-reports.yaml")
        site.pass_barrier()
        assert stage.operator.log.count("cannot be written (manifests/policy-reports.yaml") == refusals + 1
        assert report_of(site)["summary"]["fail"] == 0
    finally:
        site.api.apply(role)
    wait_for_report(site, "fail")
    stage.wait_for_log("policy reports are refused nowhere any more")


def test_creating_needs_the_right_to_create(stage: Stage) -> None:
    site = stage.site("creating")
    role = next(each for each in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")) if each["kind"] == "ClusterRole")
    site.api.apply({**role, "rules": [{**rule, "verbs": ["get", "patch"]} for rule in role["rules"]]})
    try:
        site.create(deployment(SNAPSHOT), check())
        site.wait_for_verdict("False")
        wait_for(lambda: len(stage.requests("creating")) >= 2, SEEN_WITHIN_SECONDS, "a refused write")
        assert report_of(site) == {}
    finally:
        site.api.apply(role)
    wait_for_report(site, "fail")


def test_reports_are_listed_and_removed_as_the_page_says(stage: Stage) -> None:
    site = stage.site("leaving")
    site.create(deployment(SNAPSHOT), check())
    wait_for_report(site, "fail")
    stage.operator.terminate()
    try:
        listed = user(stage.cluster).must(snippet(PAGE, "list"))
        assert re.search(rf"^leaving +report.openreports.io/{NAME} ", listed, re.MULTILINE)
        user(stage.cluster).must(snippet(PAGE, "remove"))
        assert all(site.api.list(*kind)["items"] == [] for kind in (OPEN, WORKING_GROUP))
    finally:
        stage.operator.start()
    wait_for_report(site, "fail")


def test_rights_that_ship_for_reports_are_those_that_are_used(stage: Stage) -> None:
    assert RIGHTS.name in snippet(PAGE, "rights")
    role = next(each for each in yaml.safe_load_all(RIGHTS.read_text(encoding="utf-8")) if each["kind"] == "ClusterRole")
    given = {(verb, resource) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    # The older kind changes only while it is the only one; a report of it was read and made.
    with contextlib.suppress(TimeoutError):
        wait_for(lambda: given - {("patch", "policyreports")} <= {*stage.requests()}, 10.0, "use of all")
    assert {*stage.requests()} | {("patch", "policyreports")} == given


def test_operator_that_is_not_asked_to_writes_none(stage: Stage) -> None:
    stage.operator.terminate()
    try:
        with operator(stage.cluster, stage.identity) as process:
            process.start()
            site = stage.site("silent")._replace(operator=process)
            site.create(deployment(SNAPSHOT), check())
            site.wait_for_verdict("False")
            site.set_image(RELEASED)
            site.wait_for_verdict("True")
            site.pass_barrier()
            assert report_of(site) == {}
            assert stage.requests("silent") == []
            assert "policy report" not in process.log
    finally:
        stage.operator.start()
