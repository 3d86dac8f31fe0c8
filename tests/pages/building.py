"""Building the site: the pages as a code host shows them, made ready for the generator, which is strict about them.

The pages are written for a code host first. Two things differ in a site, and are put right in a copy: links to files beside the
documentation lead nowhere there, so that their words alone stay; and an escaped `|` in code inside a table shows its backslash.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SETTINGS = "zensical.toml"
REQUIREMENTS = ROOT / "requirements" / "docs.txt"
ENVIRONMENT = ROOT / ".venv-docs"
_LINK = re.compile(r"\[([^\[\]]+)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~)")
_CODE = re.compile(r"`[^`]+`")


def find_generator() -> Path:
    """Return the generator, of the versions and hashes that are pinned; it is installed where it is not yet."""
    mark = ENVIRONMENT / ".ready"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
        pip: list[str | Path] = [ENVIRONMENT / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--only-binary", ":all:", "--require-hashes", "--requirement", REQUIREMENTS], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return ENVIRONMENT / "bin/zensical"


def build(docs: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a folder of pages; a broken link, a missing page or heading is an error. `into` is made anew then."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_ready(docs, work / "docs")
        shutil.copy(ROOT / SETTINGS, work)
        done = subprocess.run(
            [find_generator(), "build", "--strict", "--clean"],
            cwd=work,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode == 0:
            shutil.rmtree(into, ignore_errors=True)
            shutil.copytree(work / "site", into)
    return done


def make_ready(docs: Path, into: Path) -> None:
    """Copy pages, with what differs between a code host and a site put right."""
    shutil.copytree(docs, into)
    for page in into.rglob("*.md"):
        folder = (docs / page.relative_to(into)).parent
        page.write_text(_ready(page.read_text(encoding="utf-8"), folder, docs), encoding="utf-8")


def _ready(text: str, folder: Path, docs: Path) -> str:
    lines, is_code = [], False
    for line in text.splitlines():
        is_code ^= bool(_FENCE.match(line))
        lines.append(line if is_code else _ready_line(line, folder, docs))
    return "\n".join(lines) + "\n"


def _ready_line(line: str, folder: Path, docs: Path) -> str:
    def kept(found: re.Match[str]) -> str:
        words, target = found.groups()
        leads_out = target.startswith("../") and not Path(os.path.normpath(folder / target)).is_relative_to(docs)
        return words if leads_out else found[0]

    if line.startswith("|"):
        line = _CODE.sub(lambda code: code[0].replace("\\|", "|"), line)
    return _LINK.sub(kept, line)
