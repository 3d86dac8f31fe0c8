"""Reading a slow cluster on a terminal: what is read, and how far."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from perfana_support.cli import progress
from perfana_support.cli.main import main
from tests.unit.cli.test_progress import Terminal
from tests.unit.sources.manifests import write


class SlowServer(ThreadingHTTPServer):
    """A server of an empty cluster, which holds back one list until somebody lets it go."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.go = threading.Event()


class _Answer(BaseHTTPRequestHandler):
    server: SlowServer

    def do_GET(self) -> None:
        if "/statefulsets" in self.path:
            self.server.go.wait(30)
        is_version = self.path == "/version"
        content = {"gitVersion": "v1.35.1"} if is_version else {"items": [], "metadata": {"resourceVersion": "1"}}
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[SlowServer]:
    with SlowServer() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.go.set()
        made.shutdown()
        thread.join()


@pytest.fixture
def kubeconfig(server: SlowServer, tmp_path: Path) -> str:
    return write(
        tmp_path,
        "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
        f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{server.server_port}'}}}}]\n",
        "config",
    )


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["-A"], "all namespaces [{}] 7 of 8"),
        (["-n", "a"], "1 namespace [{}] 7 of 8"),
        (["-n", "a", "-n", "b"], "2 namespaces [{}] 13 of 15"),
    ],
)
def test_terminal_shows_what_is_read_and_how_far(
    monkeypatch: pytest.MonkeyPatch, server: SlowServer, kubeconfig: str, options: list[str], what: str
) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.001)
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.01)
    terminal = Terminal()
    terminal.awaited = f"reading lists of {what.format('#' * 17 + '...')}"
    monkeypatch.setattr(sys, "stderr", terminal)
    threading.Thread(target=_let_go, args=(server, terminal)).start()
    assert main(["check", *options, "--kubeconfig", kubeconfig]) == 5
    assert terminal.awaited in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def _let_go(server: SlowServer, terminal: Terminal) -> None:
    terminal.written.wait(30)
    server.go.set()


def test_without_a_terminal_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, server: SlowServer, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 0.0)
    server.go.set()
    assert main(["check", "-A", "--kubeconfig", kubeconfig]) == 5
    assert capsys.readouterr().err == ""


def test_quick_answer_shows_nothing(monkeypatch: pytest.MonkeyPatch, server: SlowServer, kubeconfig: str) -> None:
    monkeypatch.setattr(progress, "_SILENT_SECONDS", 60.0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    server.go.set()
    assert main(["check", "-A", "--kubeconfig", kubeconfig]) == 5
    assert terminal.getvalue() == ""
