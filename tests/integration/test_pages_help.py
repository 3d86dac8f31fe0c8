"""The examples of `--help`, as they stand there: of commands that want more than manifests. Unit tests run the others."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from perfana_support.cli import bundle, catalogue, check, completion, doctor, explain, operator, policy, status, ticket
from perfana_support.cli.main import COMMANDS
from tests.integration.pages import forget_verdicts
from tests.registry.images import alone, vendor_image
from tests.registry.server import Registry
from tests.shell import Shell, user
from tests.snippets import changed, snippet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from tests.cluster.server import Cluster

SUPPORTED, NOT_SUPPORTED, UNDETERMINED = 0, 3, 5
JUDGED_WITHIN_SECONDS = 90.0
RELEASES = ("0.2.96.21", "0.2.96.22")
HELM = "#!/bin/sh\n[ \"$*\" = 'template our-policies' ] && exec cat our-policy.yaml\nexit 1\n"


def examples(*modules: ModuleType) -> list[str]:
    """Return the examples of commands."""
    return [line.strip() for module in modules for line in module.EXAMPLES.splitlines() if "perfana-support " in line]


@pytest.fixture(scope="module")
def reader(pages_cluster: Cluster, installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Return somebody with all that the examples name, and a cluster that an operator has judged."""
    assert installed is None
    folder = tmp_path_factory.mktemp("examples")
    configuration = yaml.safe_load(pages_cluster.kubeconfig.read_text(encoding="utf-8"))
    configuration["contexts"].append({**configuration["contexts"][0], "name": "production"})
    (folder / "admin.conf").write_text(yaml.safe_dump(configuration))
    (folder / "helm").write_text(HELM)
    (folder / "helm").chmod(0o755)
    (folder / ".config" / "fish" / "completions").mkdir(parents=True)
    forget_verdicts(pages_cluster)
    with Registry() as registry:
        for release in RELEASES:
            registry.push("perfana/perfana-web", alone(vendor_image("perfana-web", release)), release)
        hub = ("  images:\n", f"  images:\n    registries: [{{name: docker.io, endpoint: '{registry.address}/v2'}}]\n")
        (folder / "our-policy.yaml").write_text(changed(snippet("README.md", "policy"), hub))
        found = (
            user(pages_cluster, folder)
            .finding(folder)
            .having(
                HOME=str(folder),
                KUBECONFIG=str(folder / "admin.conf"),
                PERFANA_SUPPORT_HTTP_PORT="0",
            )
        )
        with found.meanwhile("perfana-support operator") as running:
            for namespace in ("legacy", "perfana"):
                running.wait_until_said(f"SupportCheck {namespace}/perfana: Supported is ", JUDGED_WITHIN_SECONDS)
        for name in ("perfana.tar.gz", "before.tar.gz"):
            found.must(f"perfana-support bundle -n perfana -o {name}")
        shutil.copy(folder / "perfana.tar.gz", folder / "after.tar.gz")
        yield found


def test_no_command_is_left_out() -> None:
    modules = (bundle, catalogue, completion, doctor, explain, operator, policy, status)
    by_unit_tests = (check, ticket)
    assert {each.__name__.rpartition(".")[2] for each in (*modules, *by_unit_tests)} == set(COMMANDS)


@pytest.mark.parametrize("line", examples(bundle, explain, policy))
def test_example_of_what_is_made_or_told(line: str, reader: Shell) -> None:
    assert reader.must(line) or line.endswith("> built-in.yaml")


@pytest.mark.parametrize("line", examples(status))
def test_example_of_status(line: str, reader: Shell) -> None:
    """With `-n perfana` it is about the installation that is supported, else about the old one too."""
    assert reader.run(line).returncode == (SUPPORTED if "-n perfana" in line else NOT_SUPPORTED)


@pytest.mark.parametrize("line", [line for line in examples(check, ticket) if {"-n", "-A"} & set(line.split())])
def test_example_of_what_runs_in_a_cluster(line: str, reader: Shell) -> None:
    done = reader.run(line)
    assert done.returncode == (NOT_SUPPORTED if "-A" in line else SUPPORTED), done.stdout + done.stderr


@pytest.mark.parametrize("line", [line for line in examples(doctor) if "|" not in line])
def test_example_of_the_doctor(line: str, reader: Shell) -> None:
    """No pod of an operator runs in this cluster, which is a problem."""
    done = reader.run(line)
    assert done.returncode == NOT_SUPPORTED, done.stdout + done.stderr
    assert "operator" in done.stdout


@pytest.mark.parametrize("line", [line for line in examples(doctor) if "|" in line])
def test_example_of_what_the_doctor_prints(line: str, reader: Shell) -> None:
    reader.must("kubectl create namespace perfana-support --dry-run=client -o yaml | kubectl apply -f -")
    assert "support" in reader.must(line)


def test_examples_of_the_catalogue(reader: Shell) -> None:
    """With our policy each, which has Docker Hub on loopback; nobody says what digests run here, so none is proven."""
    one, two, proof = examples(catalogue)
    reader.must(changed(one, ("> catalogue.yaml", "--policy our-policy.yaml > catalogue.yaml")))
    assert RELEASES[0] in reader.must(two)
    done = reader.run(proof)
    assert done.returncode == UNDETERMINED
    assert "ImagesUnmodified          Unknown   DigestUnverified" in done.stdout


@pytest.mark.parametrize("line", examples(operator))
def test_example_of_the_operator(line: str, reader: Shell) -> None:
    with reader.meanwhile(line) as running:
        running.wait_until_said("controller.office: watching ", JUDGED_WITHIN_SECONDS)


@pytest.mark.parametrize("line", examples(completion))
def test_example_of_completion(line: str, reader: Shell, tmp_path: Path) -> None:
    """Where a script goes is the test's own folder; `fpath` is an array of zsh's."""
    placed = line.replace("/etc/bash_completion.d", str(tmp_path)).replace("/usr/local/bin", str(tmp_path))
    assert placed != line or "~/" in line or "fpath" in line
    command = ["zsh", "-fec", f"fpath=({tmp_path}); setopt interactivecomments; {placed}"]
    subprocess.run(command, cwd=reader.folder, env=reader.environment, check=True, capture_output=True, timeout=120)
    (script,) = [*tmp_path.iterdir(), *(reader.folder / ".config" / "fish" / "completions").iterdir()][:1]
    assert script.stat().st_size > 0
