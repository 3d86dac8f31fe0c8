"""`make image` in a checkout of its own, with a stand-in for the builder: what it is given and told, what is refused.

That an image comes of it is what tests/integration/test_image.py shows, with a builder.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.image.built import CONTEXT
from tests.integration.pipelines import git
from tests.integration.publishing import Checkout, untagged
from tests.release.tree import packed_files

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

STAND_IN = f"""\
#!{sys.executable}
import json, pathlib, sys
context = pathlib.Path(sys.argv[-1])
files = sorted(str(file.relative_to(context)) for file in context.rglob("*") if file.is_file())
pathlib.Path(__file__).with_name("asked").write_text(json.dumps([sys.argv[1:-1], files]))
"""
TRIAL = "or, for a trial that is not published: make image ALLOW_DIRTY=1"


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout with everything committed."""
    return untagged(tmp_path_factory.mktemp("maintainer") / "checkout")


@pytest.fixture
def checkout(committed: Checkout) -> Checkout:
    """Return it as it was committed."""
    git(committed.folder, "reset", "--quiet", "--hard")
    git(committed.folder, "clean", "--quiet", "--force", "-dx")
    return committed


def make(checkout: Checkout, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make image` where buildah is the only builder."""
    builder = tmp_path / "buildah"
    builder.write_text(STAND_IN, encoding="utf-8")
    builder.chmod(0o755)
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    docker.chmod(0o755)
    return checkout.run("make image", PATH=f"{tmp_path}:/usr/bin:/bin", **variables)


def asked(tmp_path: Path) -> tuple[str, list[str]]:
    """Return the commit that the builder was told, and the files that it was given."""
    options, files = json.loads((tmp_path / "asked").read_text(encoding="utf-8"))
    (commit,) = (each.partition("=REVISION=")[2] for each in options if "=REVISION=" in each)
    return commit, files


def commit_of(checkout: Checkout) -> str:
    return git(checkout.folder, "rev-parse", "HEAD").strip()


def test_it_is_made_of_the_commit_and_of_nothing_that_git_ignores(checkout: Checkout, tmp_path: Path) -> None:
    for name in ("operator/perfana_support/build/__init__.py", "operator/perfana_support/__pycache__/stray.pyc", ".venv/stray"):
        (checkout.folder / name).parent.mkdir(exist_ok=True)
        (checkout.folder / name).touch()
    done = make(checkout, tmp_path)
    assert done.returncode == 0, done.stderr
    commit, files = asked(tmp_path)
    assert commit == commit_of(checkout)
    assert files == sorted(git(checkout.folder, "ls-files", "--", *CONTEXT).splitlines())
    assert done.stdout.endswith(f", made by buildah, of commit {commit[:12]}\n")


@pytest.mark.parametrize("word", ["", "no", "0"])
def test_a_changed_checkout_is_refused(checkout: Checkout, tmp_path: Path, word: str) -> None:
    (checkout.folder / "operator/perfana_support/stray.py").touch()
    done = make(checkout, tmp_path, ALLOW_DIRTY=word)
    assert done.returncode == 2
    said = f"image: not committed: operator/perfana_support/stray.py; commit or remove them, {TRIAL}"
    assert said in done.stderr.splitlines()
    assert not (tmp_path / "asked").exists()


def test_a_trial_has_what_stands_there_and_says_so(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.folder / "operator/perfana_support/stray.py").touch()
    done = make(checkout, tmp_path, ALLOW_DIRTY="yes")
    assert done.returncode == 0, done.stderr
    commit, files = asked(tmp_path)
    assert commit == f"{commit_of(checkout)}-dirty"
    assert "operator/perfana_support/stray.py" in files
    assert done.stdout.endswith(f", made by buildah, of commit {commit[:12]} and what is not committed\n")


def test_a_trial_of_what_is_committed_is_of_the_commit(checkout: Checkout, tmp_path: Path) -> None:
    assert make(checkout, tmp_path, ALLOW_DIRTY="1").returncode == 0
    assert asked(tmp_path)[0] == commit_of(checkout)


def test_what_is_neither_yes_nor_no_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    done = make(checkout, tmp_path, ALLOW_DIRTY="perhaps")
    assert "image: ALLOW_DIRTY=perhaps is neither yes (1, yes, true) nor no (0, no, false)" in done.stderr.splitlines()


def test_an_unpacked_archive_names_no_commit(checkout: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    for name in packed_files(checkout.folder, "Makefile", "pyproject.toml", "requirements", "tests", *CONTEXT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((checkout.folder / name).read_bytes())
    done = make(Checkout(folder), tmp_path, SOURCE_DATE_EPOCH="86400")
    assert done.returncode == 0, done.stderr
    commit, files = asked(tmp_path)
    assert (commit, "Dockerfile" in files) == ("unknown", True)
    assert done.stdout.endswith(", made by buildah, of an unpacked archive: the commit is not known\n")


def test_the_tests_image_of_a_changed_checkout_has_a_name_of_its_own_in_the_cache(checkout: Checkout) -> None:
    keys = []
    code = 'python -c "from tests.image.built import _key; print(_key())"'
    for change in ("", "one", "two"):
        if change:
            (checkout.folder / "operator/perfana_support/stray.py").write_text(f'"""{change}"""\n')
        keys.append(checkout.run(f".venv/bin/{code}").stdout)
    (checkout.folder / "operator/perfana_support/stray.py").unlink()
    (checkout.folder / "README.md").write_text("changed")
    keys.append(checkout.run(f".venv/bin/{code}").stdout)
    assert len(set(keys)) == len(keys)
    assert all(keys)
