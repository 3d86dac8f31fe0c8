"""File systems made of Debian's packages, for any architecture, without running anything of theirs.

Packages come by the apt of this machine, from the mirror that it is set to, but of the release and the architecture that are
asked for; they are unpacked, and nothing is set up. So are the images without a shell made that the Dockerfile stands on.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.cache import cache_folder, locked
from tests.release.saying import ReleaseError, say

if TYPE_CHECKING:
    from collections.abc import Sequence

RELEASE = "trixie"
PYTHON = "3.13"
"""What the Dockerfile's own bases are of: Debian 13 with its Python."""

_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TARGET = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
_USERS = {
    "passwd": "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n",
    "group": "root:x:0:\nnonroot:x:65532:\n",
}
_UNREAD = ("usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/doc-base")
_CERTIFICATES = Path("etc", "ssl", "certs", "ca-certificates.crt")
_UPDATER, _PYTHON = Path("usr", "sbin", "update-ca-certificates"), Path("usr", "bin", "python3")
_LAST_LINES = 10


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a file system is made of: packages, alone or with all that they need."""

    name: str
    packages: tuple[str, ...]
    has_dependencies: bool = False


RUN = Recipe(
    "run",
    (
        *("base-files", "ca-certificates", "libc6", "libgcc-s1", "media-types", "netbase", "tzdata"),
        *("libbz2-1.0", "libcrypt1", "libdb5.3t64", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8t64"),
        *("libsqlite3-0", "libssl3t64", "libtinfo6", "libuuid1", "libzstd1", "zlib1g"),
        *("libpython3.13-minimal", "libpython3.13-stdlib", "python3.13-minimal"),
    ),
)
"""A Python and the libraries that it is linked with: no shell, no package manager, nothing else that starts."""

BUILD = Recipe("build", ("base-files", "coreutils", "dash", "findutils", "python3-pip"), has_dependencies=True)
"""A Python with pip, and a shell to call it by."""


def root_archive(recipe: Recipe, architecture: str) -> Path:
    """Return the file system as a tar file, from the cache or made: seconds. Raises `ReleaseError`."""
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    kept = cache_folder() / f"debian-{RELEASE}-{recipe.name}-{architecture}-{key}.tar"
    with locked(kept):
        if not kept.exists():
            say(f"making a file system of Debian's packages: {recipe.name}, {architecture}")
            with tempfile.TemporaryDirectory(prefix=".new-", dir=kept.parent) as folder:
                _make(recipe, architecture, Path(folder)).rename(kept)
    return kept


def _make(recipe: Recipe, architecture: str, folder: Path) -> Path:
    root, made = folder / "root", folder / "root.tar"
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    # Links of what was split once (/bin, /lib) are in base-files, so that it is first.
    for package in sorted(
        _download(recipe, architecture, folder), key=lambda file: (not file.name.startswith("base-"), file.name)
    ):
        _run(["dpkg-deb", "--extract", str(package), str(root)])
    for unread in _UNREAD:
        shutil.rmtree(root / unread, ignore_errors=True)
    (root / _UPDATER).unlink(missing_ok=True)
    if not (root / _PYTHON).is_symlink():
        (root / _PYTHON).symlink_to(f"python{PYTHON}")
    for name, text in _USERS.items():
        (root / "etc" / name).write_text(text, encoding="utf-8")
    certificates = sorted(root.glob("usr/share/ca-certificates/**/*.crt"))
    if certificates:
        (root / _CERTIFICATES).parent.mkdir(parents=True, exist_ok=True)
        (root / _CERTIFICATES).write_bytes(b"".join(each.read_bytes() for each in certificates))
    _run(["tar", "--create", f"--file={made}", f"--directory={root}", "--sort=name", "--numeric-owner", "."])
    return made


def _download(recipe: Recipe, architecture: str, folder: Path) -> list[Path]:
    """Get the packages into a folder by an apt that knows nothing but the release and the architecture."""
    state, archives = folder / "state", folder / "cache" / "archives"
    for each in (state / "lists" / "partial", archives / "partial"):
        each.mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(_sources(), encoding="utf-8")
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::Etc::Preferences": "-",
        "Dir::Etc::PreferencesParts": "-",
        "Dir::State": state,
        "Dir::State::status": folder / "status",
    }
    apt = ["apt-get", "--quiet", "--yes", *(f"--option={name}={value}" for name, value in settings.items())]
    _run([*apt, "update"])
    if recipe.has_dependencies:
        _run([*apt, "install", "--download-only", *recipe.packages])
    else:
        _run([*apt, "download", *recipe.packages], archives)
    return list(archives.glob("*.deb"))


def _sources() -> str:
    """Return the mirrors that apt is set to, for the release that we want."""
    listed = _run(["apt-get", "indextargets", "--format", _TARGET, "Created-By: Packages"])
    ours = _codename()
    signed = f"[signed-by={_KEYS}] " if _KEYS.exists() else ""
    lines = {
        f"deb {signed}{address} {suite.replace(ours, RELEASE, 1)} {component}"
        for address, suite, component in (line.split(" ") for line in listed.splitlines())
        if suite.partition("-")[0] == ours and component == "main"
    }
    if not lines:
        raise ReleaseError("a base for tests is made of Debian's packages: this machine's apt is not set to any")
    return "".join(f"{line}\n" for line in sorted(lines))


def _codename() -> str:
    """Return what this machine's release is called, which its mirrors' suites begin with."""
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return values.get("VERSION_CODENAME", "").strip('"')


def _run(command: Sequence[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
        raise ReleaseError(f"{' '.join(command[:1])} failed:\n{tail}")
    return done.stdout
