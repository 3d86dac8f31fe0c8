"""Write what people install into dist/: the wheel, single files for each platform, and what krew needs.

python -m tests.release                            all platforms; some minutes the first time, for the libraries' wheels
python -m tests.release --platform linux-amd64     one alone
python -m tests.release --whole                    all that is published: chart, install.yaml, lists of contents, checksums too

Everything has the date of the last commit (or $SOURCE_DATE_EPOCH), so that two runs give the same bytes. krew's manifest says
where the files can be got, which only the one who publishes them knows: --release-url or $RELEASE_URL. So with the image and
its registry: --image or $IMAGE. A whole release is made of a commit that has the version's tag, unless $ALLOW_DIRTY is 1
(or yes, or true).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from perfana_support import __version__
from tests.release import krew
from tests.release.cluster_files import IMAGE_VARIABLE
from tests.release.making import make_release
from tests.release.platforms import PLATFORMS
from tests.release.publication import Wanted, publish
from tests.release.saying import ReleaseError, say
from tests.release.tree import allows_changes, check_tree
from tests.release.wheel import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable


def main() -> int:
    """Make what the arguments ask for."""
    began = time.monotonic()
    arguments = _arguments()
    wanted = Wanted([PLATFORMS[name] for name in arguments.platform or PLATFORMS], arguments.release_url, arguments.image)
    try:
        if arguments.whole:
            made = _publish(arguments.into, wanted)
        else:
            made = make_release(arguments.into, wanted.platforms, wanted.release_url)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    _show(made)
    size = sum(file.stat().st_size for file in made) / 1_000_000
    say(f"{len(made)} files, {size:.0f} MB, in {time.monotonic() - began:.0f} s")
    if not wanted.release_url:
        say(f"krew's manifest names no place to get the files from: set {krew.RELEASE_URL_VARIABLE} to publish it")
    if arguments.whole and not wanted.image:
        say(f"chart and install.yaml name no registry to get the image from: set {IMAGE_VARIABLE} to publish them")
    return 0


def _publish(into: Path, wanted: Wanted) -> list[Path]:
    if allows_changes():
        say(f"a trial: nobody looked whether everything is committed and tagged v{__version__}")
    else:
        check_tree(ROOT, __version__)
    return publish(into, wanted)


def _show(files: Iterable[Path]) -> None:
    for file in files:
        print(f"{file.stat().st_size / 1_000_000:6.1f} MB  {os.path.relpath(file)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder to write into (default: dist)")
    parser.add_argument("--whole", action="store_true", help="make all that is published, and replace what was in the folder")
    parser.add_argument(
        "--platform", action="append", choices=tuple(PLATFORMS), help="make files for this one; repeatable (default: all)"
    )
    parser.add_argument(
        "--release-url",
        default=os.environ.get(krew.RELEASE_URL_VARIABLE, ""),
        help=f"the address of the folder that the files will be published in (default: ${krew.RELEASE_URL_VARIABLE})",
    )
    parser.add_argument(
        "--image",
        default=os.environ.get(IMAGE_VARIABLE, ""),
        help=f"registry and name of the image, for chart and install.yaml (default: ${IMAGE_VARIABLE})",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
