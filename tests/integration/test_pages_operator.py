"""docs/operator.md, block by block: the operator with the rights that its blocks give it, and what is seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.identity import wait_until_granted
from tests.integration.operator_process import ACCOUNT, role_rules
from tests.integration.pages import check_out, forget_verdicts
from tests.integration.support_objects import RELEASED, SNAPSHOT, check, deployment
from tests.shell import Shell, user
from tests.snippets import snippet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.server import Cluster

PAGE = "docs/operator.md"
JUDGED_WITHIN_SECONDS = 90.0


@pytest.fixture
def reader(pages_cluster: Cluster, tmp_path: Path) -> Shell:
    """Return the cluster's admin in a checkout; the operator's port may be anybody's here."""
    check_out(tmp_path)
    return user(pages_cluster, tmp_path).having(PERFANA_SUPPORT_HTTP_PORT="0")


@pytest.mark.usefixtures("installed")
def test_operator_is_started_and_seen_in_another_shell(reader: Shell, pages_cluster: Cluster) -> None:
    forget_verdicts(pages_cluster)
    with reader.meanwhile(snippet(PAGE, "start")) as running:
        running.wait_until_said("SupportCheck perfana/perfana: Supported is True", JUDGED_WITHIN_SECONDS)
        said = reader.must(snippet(PAGE, "see"))
    assert said.endswith("supportcheck.support.perfana.io/perfana condition met\n")


@pytest.mark.usefixtures("installed")
def test_roles_of_two_namespaces_are_enough_for_an_operator_of_both(reader: Shell, pages_cluster: Cluster) -> None:
    api = pages_cluster.client()
    for namespace, image in (("shop", RELEASED), ("more", SNAPSHOT), ("perfana-elsewhere", SNAPSHOT)):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        api.create(deployment(image), namespace)
        api.create(check(), namespace)
    reader.must(snippet(PAGE, "role"))
    account = pages_cluster.identity_of(ACCOUNT, "shop")
    client = pages_cluster.client(account.token)
    wait_until_granted(client, role_rules(f"{ACCOUNT}-lease"), "shop")
    wait_until_granted(client, role_rules(), "shop")
    wait_until_granted(client, role_rules(), "more")
    with reader.having(KUBECONFIG=str(account.kubeconfig)).meanwhile(snippet(PAGE, "role-operator")) as running:
        running.wait_until_said("SupportCheck shop/perfana: Supported is True", JUDGED_WITHIN_SECONDS)
        running.wait_until_said("SupportCheck more/perfana: Supported is False", JUDGED_WITHIN_SECONDS)
        assert "Forbidden" not in running.said
        assert "elsewhere" not in running.said
