"""By what the program was installed, of programs that are started as people start them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from perfana_support.model.program import Origin
from perfana_support.sources.program import origin_of

ROOT = Path(__file__).parents[3]
TELL = (
    f"import sys; sys.path.insert(0, {str(ROOT / 'operator')!r}); "
    "from perfana_support.sources.program import installed_program; print(*installed_program(), sep='|')"
)


def told_by(*command: str | Path) -> list[str]:
    """Return what a Python process takes itself for."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip().split("|")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive that Python runs, as a single file is."""
    file = tmp_path / "store" / "perfana-support" / "v1.2.3" / "perfana-support"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("__main__.py", TELL)
    return file


def test_single_file_is_the_file_that_was_started_under_any_name(archive: Path, tmp_path: Path) -> None:
    file = archive.rename(tmp_path / "kubectl-perfana_support")
    linked = tmp_path / "ps"
    linked.symlink_to(file)
    for each in (file, linked):
        assert told_by(each)[:2] == ["single file", str(file)]


def test_plugin_is_krews_where_the_link_leads_into_its_store(archive: Path, tmp_path: Path) -> None:
    linked = tmp_path / "kubectl-perfana_support"
    linked.symlink_to(archive)
    assert told_by(linked)[0] == "krew"


def test_checkout_is_told_by_its_folder() -> None:
    assert told_by("-c", TELL)[:2] == ["checkout", str(ROOT)]


def test_wheel_is_pipxs_where_its_environment_says_so(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3" / "site-packages"
    started = tmp_path / "bin" / "perfana-support"
    assert origin_of(packages, started, tmp_path, is_archive=False) == (Origin.PIP, "")
    (tmp_path / "pipx_metadata.json").touch()
    assert origin_of(packages, started, tmp_path, is_archive=False) == (Origin.PIPX, "")


def test_image_is_told_by_where_its_build_puts_the_program() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert 'sys.path.append("/app")' in dockerfile
    assert "COPY operator/perfana_support /program/app/perfana_support" in dockerfile
    started = Path("/usr/local/bin/perfana-support")
    assert origin_of(Path("/app"), started, Path("/usr"), is_archive=False) == (Origin.IMAGE, "")
