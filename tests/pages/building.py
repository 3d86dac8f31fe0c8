"""Building the site: the pages as a code host shows them, made ready for the generator, which is strict about them.

The pages are written for a code host first. What the generator reads in another way is put right in a copy: links to files
beside docs/ lead nowhere there, so that their words alone stay; an escaped `|` in code inside a table would show its backslash;
names of blocks are not understood; blocks want a blank line between them. A test compares what comes out with what a code host
shows.
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
_HEADING = re.compile(r"^#{1,6} ")
_ITEM = re.compile(r"^([-*+]|[0-9]+[.)]) ")
_FENCE = re.compile(r"^(```|~~~)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
    """Build the site of a folder of pages; a broken link, a missing page or heading is an error, and told in `stdout`."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_ready(docs, work / "docs")
        shutil.copy(ROOT / SETTINGS, work)
        done = subprocess.run(
            [find_generator(), "build", "--strict", "--clean"],
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode == 0:
            shutil.rmtree(into, ignore_errors=True)
            shutil.copytree(work / "site", into)
    # Of an error that ends the build it tells the Python trace as well.
    done.stdout = _COLOUR.sub("", done.stdout + done.stderr.partition("Traceback")[0])
    return done


def make_ready(docs: Path, into: Path) -> None:
    """Copy pages, with what differs between a code host and a site put right."""
    shutil.copytree(docs, into)
    for page in into.rglob("*.md"):
        folder = (docs / page.relative_to(into)).parent
        page.write_text(_ready(page.read_text(encoding="utf-8"), folder, docs), encoding="utf-8")


def _ready(text: str, folder: Path, docs: Path) -> str:
    """A page with its lines put right, and with the blank lines that the generator needs between blocks."""
    lines: list[str] = []
    is_code = is_list = False
    for written in text.splitlines():
        line = written
        is_fence = bool(_FENCE.match(line))
        before = lines[-1] if lines else ""
        if not is_code and before and line:
            begins = (_HEADING.match(before), _HEADING.match(line), is_fence, _FENCE.match(before))
            begins_table = line.startswith("|") and not before.startswith("|")
            begins_list = bool(_ITEM.match(line)) and not is_list
            if any(begins) or begins_table or begins_list:
                lines.append("")
        goes_on = is_list and bool(not line or before or line.startswith("  "))
        is_list = not (is_code or is_fence or _HEADING.match(line)) and (bool(_ITEM.match(line)) or goes_on)
        is_code ^= is_fence
        if is_fence:
            line = line.partition(" ")[0]
        lines.append(line if is_code or is_fence else _ready_line(line, folder, docs))
    return "\n".join(lines) + "\n"


def _ready_line(line: str, folder: Path, docs: Path) -> str:
    def kept(found: re.Match[str]) -> str:
        words, target = found.groups()
        leads_out = target.startswith("../") and not Path(os.path.normpath(folder / target)).is_relative_to(docs)
        return words if leads_out else found[0]

    if line.startswith("|"):
        line = _CODE.sub(lambda code: code[0].replace("\\|", "|"), line)
    return _LINK.sub(kept, line)
