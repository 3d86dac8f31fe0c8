"""How long the program takes to start, by how it was installed: from the wheel, from single files, ours and other tools'."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.command_line import CHART, ROOT, WARM_UP_ROUNDS
from tests.bench.tables import milliseconds, say, table
from tests.release.archive import source_date
from tests.release.making import single_files
from tests.release.platforms import this_platform
from tests.release.single_file import REQUIREMENTS, build_single_file
from tests.release.starter.start import PROGRAM
from tests.release.wheel import build_wheel
from tests.release.wheelhouse import wheels

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ROOT / "requirements" / "bench.txt"
_PINNED = re.compile(r"^(shiv|pex|pyinstaller)==(\S+)", re.MULTILINE)
_MAIN = "import sys\nfrom perfana_support.cli.main import main\nsys.exit(main())\n"
_CHECK = ("check", "-f", str(CHART))


class _Package(NamedTuple):
    """A way to have the program, the command that starts it, and the file whose size counts."""

    name: str
    command: list[str]
    file: Path | None


class _Took(NamedTuple):
    """Seconds that a run took, on the wall and of the processor."""

    wall: float
    processor: float


def tools() -> list[str]:
    """Return the tools that single files are made with beside our own, and their versions."""
    return [f"{name} {version}" for name, version in _PINNED.findall(TOOLS.read_text(encoding="utf-8"))]


def measure(folder: Path, rounds: int) -> str:
    """Return the table. The commands take turns, so that whatever else the machine does meets them all."""
    packages = _build(folder)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Tools unpack into their own folders below these; shiv and pex have a variable each.
    environment |= {"XDG_CACHE_HOME": f"{folder}/cache", "SHIV_ROOT": f"{folder}/shiv", "PEX_ROOT": f"{folder}/pex"}
    expected = _output(packages[1].command, environment)
    firsts = [_first(package, environment, expected) for package in packages]
    took: list[list[_Took]] = [[] for _ in packages]
    for number in range(-WARM_UP_ROUNDS, rounds):
        for place, package in enumerate(packages):
            one = _run(package.command, environment)
            if number >= 0:
                took[place].append(one)
        if number >= 0 and (number + 1) % 10 == 0:
            say(f"packages: {number + 1} of {rounds} rounds")
    installed = statistics.median(one.wall for one in took[1])
    rows = []
    for package, first, each in zip(packages, firsts, took, strict=True):
        wall, processor = statistics.median(one.wall for one in each), statistics.median(one.processor for one in each)
        size = f"{package.file.stat().st_size / 1_000_000:.1f}" if package.file else "-"
        figures = [milliseconds(wall), milliseconds(min(one.wall for one in each)), milliseconds(processor)]
        rows.append([package.name, *figures, f"{wall / installed:.2f}", milliseconds(first), size])
    caption = (
        f"Wall time of `perfana-support {' '.join(_CHECK)}` by how the program was installed, {rounds} rounds in turn, all "
        "on one Python in an environment of its own; the first start of a file, which unpacks it, is counted "
        "apart (our two share what a check of manifests needs: the second finds it unpacked)."
    )
    header = ["", "median ms", "least ms", "CPU ms", "ratio to the wheel", "first start ms", "MB"]
    return f"{caption}\n\n{table(header, rows)}"


def _build(folder: Path) -> list[_Package]:
    """Make every kind of package from the same wheels."""
    platform, date = this_platform(), source_date(ROOT)
    wheel = build_wheel(folder, date)
    libraries = wheels(REQUIREMENTS[PROGRAM], platform, f"{sys.version_info.major}.{sys.version_info.minor}")
    say("making packages of every kind")
    installed, tools = folder / "installed", folder / "tools"
    # What a Python imports by itself on each start differs from machine to machine: all run on one that imports nothing.
    bare = folder / "bare" / "bin" / "python3"
    _call(sys.executable, "-m", "venv", "--without-pip", bare.parents[1])
    for environment in (installed, tools):
        _call(sys.executable, "-m", "venv", environment)
        _call(environment / "bin/pip", "install", "--quiet", "--no-index", "--no-deps", wheel, *libraries)
    _call(tools / "bin/pip", "install", "--quiet", "--require-hashes", "--requirement", _without_shared(folder))
    source: list[str | Path] = ["--no-index", "--find-links", libraries[0].parent]
    shiv, pex, frozen = (folder / name for name in ("shiv.pyz", "program.pex", "frozen"))
    entry = ["-c", "perfana-support"]
    _call(tools / "bin/shiv", *entry, "-o", shiv, "-p", "/usr/bin/env python3", *source, wheel)
    # The fastest kind of pex: an environment that is made once, found by a few lines of shell.
    pex_source: list[str | Path] = ["--no-pypi", "--find-links", libraries[0].parent]
    _call(tools / "bin/pex", *entry, "-o", pex, "--venv", "--sh-boot", *pex_source, wheel)
    main = folder / "main.py"
    main.write_text(_MAIN, encoding="utf-8")
    whole = ["--collect-submodules=perfana_support", "--collect-data=perfana_support"]
    places = [f"--distpath={folder}", f"--workpath={folder}/work", f"--specpath={folder}"]
    _call(tools / "bin/pyinstaller", "--onefile", "--log-level=ERROR", f"--name={frozen.name}", *whole, *places, main)
    small, clusters = (folder / name for name in single_files(platform))
    build_single_file(small, wheel, platform, date, reads_clusters=False)
    build_single_file(clusters, wheel, platform, date, reads_clusters=True)
    return [
        _Package("`python -c pass`", [str(bare), "-c", "pass"], None),
        _Package("wheel, installed by pip", [str(installed / "bin/perfana-support"), *_CHECK], wheel),
        _Package("single file", [str(bare), str(small), *_CHECK], small),
        _Package("single file that reads clusters", [str(bare), str(clusters), *_CHECK], clusters),
        _Package("shiv", [str(bare), str(shiv), *_CHECK], shiv),
        _Package("pex, `--venv --sh-boot`", [str(pex), *_CHECK], pex),
        _Package("PyInstaller, `--onefile`", [str(frozen), *_CHECK], frozen),
    ]


def _without_shared(folder: Path) -> Path:
    """Return the tools' requirements without the libraries that the program has brought along in its own versions."""
    text = TOOLS.read_text(encoding="utf-8")
    blocks = text.replace("\\\n", "\\\0").splitlines(keepends=True)
    kept = folder / "tools.txt"
    kept.write_text("".join(each for each in blocks if not each.startswith("packaging==")).replace("\\\0", "\\\n"), "utf-8")
    return kept


def _call(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")


def _output(command: list[str], environment: dict[str, str]) -> bytes:
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout


def _first(package: _Package, environment: dict[str, str], expected: bytes) -> float:
    """Return what a first start takes; it must say what the installed program says."""
    began = time.perf_counter()
    said = _output(package.command, environment)
    took = time.perf_counter() - began
    if said and said != expected:
        raise RuntimeError(f"{package.name} says something else:\n{said.decode()}")
    return took


def _run(command: list[str], environment: dict[str, str]) -> _Took:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Took(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
