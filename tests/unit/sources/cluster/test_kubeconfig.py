"""A kubeconfig that gives no cluster: one sentence that names the file, what is wrong and what to do; never a secret of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from perfana_support.sources.cluster.api import ClusterApi
from perfana_support.sources.errors import SourceError
from tests.unit import virtual_time
from tests.unit.sources.manifests import write

SECRET = "c2VjcmV0"  # noqa: S105 - nobody's
WHOLE: dict[str, Any] = {
    "current-context": "a",
    "contexts": [
        {"name": "a", "context": {"cluster": "c", "user": "u"}},
        {"name": "b", "context": {"cluster": "c", "user": "u"}},
    ],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": SECRET}}],
}


def _text(**changes: object) -> str:
    return yaml.safe_dump({field: value for field, value in {**WHOLE, **changes}.items() if value is not None})


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "no YAML": ("a: [1\nb: 2\n", ", line 2, column 2: {}is not one YAML document: did not find expected ',' or ']'"),
    "no text": (
        b"a: \x00\n",
        ", line 1, column 4: {}is not one YAML document: the character U+0000 (NUL) is not allowed in YAML",
    ),
    "no UTF-8": (
        b"a: \xff\n",
        ", line 1, column 4: {}is not one YAML document: the byte 0xFF is not UTF-8; save the file as UTF-8",
    ),
    "nothing": ("", ": {}is no kubeconfig, which is a mapping with clusters, contexts and users"),
    "a text": ("text", ": {}is no kubeconfig, which is a mapping with clusters, contexts and users"),
    "a list": ("[a]", ": {}is no kubeconfig, which is a mapping with clusters, contexts and users"),
    "an empty mapping": ("{}", ": {}it has no contexts"),
    "no contexts": (_text(contexts=None), ": {}it has no contexts"),
    "contexts that are no list": (_text(contexts="a"), ": {}it has no contexts"),
    "contexts without names": (_text(contexts=[{}]), ": {}it has no contexts"),
    "no current context": (
        _text(**{"current-context": None}),
        ": {}it names no current context; choose one with --context: a, b",
    ),
    "an empty current context": (
        _text(**{"current-context": ""}),
        ": {}it names no current context; choose one with --context: a, b",
    ),
    "another current context": (_text(**{"current-context": "z"}), ": {}it has no context z; it has a, b"),
    "no clusters": (_text(clusters=None), ": {}"),
    "another cluster": (_text(clusters=[{"name": "z", "cluster": {}}]), ": {}"),
    "a context that is empty": (_text(contexts=[{"name": "a"}]), ": {}"),
    "users without names": (_text(users=[{"user": {"token": SECRET}}]), ": {}"),
    "a user's certificate that is no base64": (
        _text(users=[{"name": "u", "user": {"client-certificate-data": f"{SECRET}="}}]),
        ": {}",
    ),
    "a user's certificate that is not there": (
        _text(users=[{"name": "u", "user": {"client-certificate": "/absent/file"}}]),
        ": {}",
    ),
    "a provider without settings": (
        _text(users=[{"name": "u", "user": {"token": SECRET, "auth-provider": {"name": "oidc"}}}]),
        ": {}",
    ),
    "a tag": ("a: !!python/name:os x\n", ", line 1, column 4: {}is not one YAML document: the tag "),
    "a number without end": (
        f"a: {'1' * 5000}\n",
        ", line 1, column 4: {}is not one YAML document: a number of more than 100 digits",
    ),
    "deep nesting": (
        f"a: {'[' * 900}{']' * 900}\n",
        ", line 1, column 53: {}is not one YAML document: it is nested more than 50 deep",
    ),
}
NO_CLUSTER = "gives no cluster to connect to: "


def _refused(file: str | None, context: str | None = None) -> str:
    async def story() -> None:
        async with ClusterApi(file, context):
            pass

    with pytest.raises(SourceError) as caught:
        virtual_time.run(story())
    (fault,) = caught.value.faults
    return str(fault)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_one_sentence_with_its_place(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    content, expected = BROKEN[name]
    file = write(tmp_path, content, "config")
    told = _refused(file)
    assert SECRET not in told
    whole = f"{file}{expected.format(NO_CLUSTER)}"
    assert told.startswith((whole, f"/absent/file: {NO_CLUSTER}", f"{file}: names certificates that cannot be used: "))
    assert len(told.splitlines()) == 1
    assert not told.endswith(": ")
    assert (caplog.records, capsys.readouterr()) == ([], ("", ""))


def test_whole_file_gives_a_cluster(tmp_path: Path) -> None:
    """Else what is broken above would prove nothing."""

    async def story() -> str:
        async with ClusterApi(write(tmp_path, _text(), "config"), "b") as api:
            return str(api.configuration.host)

    assert virtual_time.run(story()) == "https://127.0.0.1:1"


def test_context_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    file = write(tmp_path, _text(), "config")
    assert _refused(file, "absent") == f"{file}: {NO_CLUSTER}it has no context absent; it has a, b"


def test_very_many_contexts_are_not_all_named(tmp_path: Path) -> None:
    contexts = [{"name": f"c{n:03}", "context": {}} for n in range(500)]
    assert _refused(write(tmp_path, _text(contexts=contexts), "config"), "x").endswith("c009 and more")


MISSING = "there is no such file; name one with --kubeconfig or KUBECONFIG, or judge manifests: perfana-support check -f"


def test_missing_file_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The library would warn on its own, and then miss a key in a file that is not there."""
    file = str(tmp_path / "absent")
    assert _refused(file) == f"{file}: {NO_CLUSTER}{MISSING}"
    assert caplog.records == []


def test_missing_files_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/b")
    assert _refused(None) == f"{tmp_path}/a:{tmp_path}/b: {NO_CLUSTER}{MISSING}"


def test_no_file_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _refused(None) == f"~/.kube/config: {NO_CLUSTER}{MISSING}"


def test_contexts_of_several_files_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [write(tmp_path, _text(contexts=[{"name": name, "context": {}}]), name) for name in "xy"]
    monkeypatch.setenv("KUBECONFIG", ":".join([*files, f"{tmp_path}/absent"]))
    assert _refused(None, "z").endswith("it has no context z; it has x, y")


def test_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    assert _refused(str(tmp_path)) == f"{tmp_path}: {NO_CLUSTER}Is a directory"


def test_pod_without_a_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.delenv("KUBERNETES_SERVICE_PORT", raising=False)
    assert _refused(None).startswith("the pod's service account: gives no cluster: ")
