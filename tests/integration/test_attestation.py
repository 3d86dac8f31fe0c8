"""docs/attestation.md with the real cosign: what verifies, what does not, and that nobody is asked over a network."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from perfana_support.reports.attestation import statement, statement_text
from perfana_support.sources.bundle.archive import unpack
from tests.cluster.server import LOOPBACK
from tests.cluster.tool import find_tool
from tests.integration.support_objects import RELEASED, deployment
from tests.shell import Shell, user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfana_support.model.document import Json
    from tests.cluster.server import Cluster
    from tests.integration.packages import Machine

PAGE = "docs/attestation.md"
COSIGN = Path(__file__).parent / "go" / "cosign"


class Desk(NamedTuple):
    """Somebody's folder with a bundle, cosign on the PATH, and a proxy that notes who asks for anything."""

    shell: Shell
    bundle: Path

    @property
    def statement(self) -> Path:
        """What is written beside the bundle."""
        return self.bundle.with_name(f"{self.bundle.name}.intoto.json")

    @property
    def signed(self) -> Path:
        """What cosign writes."""
        return self.bundle.with_name(f"{self.bundle.name}.sigstore.json")

    @property
    def report(self) -> Json:
        """What the statement says of the bundle: the report in it."""
        found: Json = json.loads(unpack(str(self.bundle))["report/report.json"])
        return found

    def sign(self) -> None:
        """Make a key pair, and sign the statement."""
        self.shell.must(snippet(PAGE, "keys"))
        self.shell.must(snippet(PAGE, "sign"))

    def refusal(self) -> str:
        """Return what cosign says where it must not verify."""
        done = self.shell.run(snippet(PAGE, "verify"))
        assert done.returncode != 0
        assert "Verified OK" not in done.stdout + done.stderr
        return done.stderr

    def forge(self, **changes: object) -> None:
        """Change the statement that was signed, and keep the signature."""
        signed = json.loads(self.signed.read_bytes())
        said = json.loads(base64.b64decode(signed["dsseEnvelope"]["payload"]))
        forged = json.dumps(said | changes).encode()
        signed["dsseEnvelope"]["payload"] = base64.b64encode(forged).decode()
        self.signed.write_text(json.dumps(signed))


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Listen where a proxy is said to be; yield its address, behind which come those who asked."""
    with socket.create_server((LOOPBACK, 0)) as server:
        seen = [f"http://{LOOPBACK}:{server.getsockname()[1]}"]

        def listen() -> None:
            while True:
                try:
                    connection, client = server.accept()
                except OSError:
                    return
                seen.append(str(client))
                connection.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield seen
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.fixture(scope="module")
def taken(cluster: Cluster, install_crds: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which somebody has run the page's first block."""
    assert install_crds
    api = cluster.client()
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "attested"}})
    api.create(deployment(RELEASED), "attested")
    folder = tmp_path_factory.mktemp("taken")
    user(cluster, folder).must(changed(snippet(PAGE, "bundle"), ("-n perfana", "-n attested")))
    return folder


@pytest.fixture
def desk(machine: Machine, asked: list[str], taken: Path) -> Desk:
    """Return a desk with the bundle and the statement beside it."""
    (machine.programs / "cosign").symlink_to(find_tool(COSIGN).program)
    for file in taken.iterdir():
        (machine.folder / file.name).write_bytes(file.read_bytes())
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), asked[0])
    shell = machine.shell(COSIGN_PASSWORD="of the test", **proxies)  # noqa: S106 - of a key that ends with the test
    desk = Desk(shell, machine.folder / "perfana.tar.gz")
    assert desk.statement.exists()
    return desk


def test_signed_statement_verifies_without_a_network(desk: Desk, asked: list[str]) -> None:
    desk.sign()
    assert "Verified OK" in desk.shell.run(snippet(PAGE, "verify")).stderr
    assert asked[1:] == []


def test_without_the_two_files_cosign_asks_services(desk: Desk, asked: list[str]) -> None:
    """What the page keeps away, and that the one above would notice it."""
    desk.shell.must(snippet(PAGE, "keys"))
    files = "--signing-config signing-config.json --trusted-root trusted-root.json "
    assert desk.shell.run(changed(snippet(PAGE, "sign"), (files, ""))).returncode != 0
    assert asked[1:] != []


def test_what_was_signed_is_what_the_program_wrote(desk: Desk) -> None:
    desk.sign()
    assert desk.shell.must(snippet(PAGE, "read")) == desk.statement.read_text()


def test_changed_file_does_not_verify(desk: Desk) -> None:
    desk.sign()
    desk.bundle.write_bytes(desk.bundle.read_bytes() + b"!")
    assert "digest" in desk.refusal()


def test_changed_report_does_not_verify(desk: Desk) -> None:
    desk.sign()
    desk.forge(predicate={**desk.report, "conditions": []})
    assert "signature" in desk.refusal()


def test_statement_made_to_fit_another_file_does_not_verify(desk: Desk) -> None:
    desk.sign()
    other = hashlib.sha256(b"another").hexdigest()
    desk.forge(subject=statement(desk.bundle.name, other, desk.report)["subject"])
    desk.bundle.write_bytes(b"another")
    assert "signature" in desk.refusal()


def test_another_key_does_not_verify(desk: Desk) -> None:
    desk.sign()
    for key in ("cosign.key", "cosign.pub"):
        (desk.shell.folder / key).unlink()
    desk.shell.must(snippet(PAGE, "keys"))
    assert "signature" in desk.refusal()


def test_statement_about_another_file_is_signed_and_does_not_verify(desk: Desk) -> None:
    desk.statement.write_text(statement_text(desk.bundle.name, hashlib.sha256(b"another").hexdigest(), desk.report))
    desk.sign()
    assert "digest" in desk.refusal()


def test_statement_of_another_type_does_not_verify(desk: Desk) -> None:
    said = json.loads(desk.statement.read_bytes()) | {"predicateType": "https://support.perfana.io/Other/v1"}
    desk.statement.write_text(json.dumps(said))
    desk.sign()
    assert "invalid predicate type" in desk.refusal()


def test_file_beside_the_signature_is_not_what_was_signed(desk: Desk) -> None:
    """Why the page says where to read the report: nobody compares this file."""
    desk.sign()
    before = desk.statement.read_text()
    desk.statement.write_text("{}")
    assert "Verified OK" in desk.shell.run(snippet(PAGE, "verify")).stderr
    assert desk.shell.must(snippet(PAGE, "read")) == before


def test_nothing_is_left_in_the_home(desk: Desk, machine: Machine) -> None:
    desk.sign()
    desk.shell.must(snippet(PAGE, "verify"))
    assert list(machine.home.iterdir()) == []
