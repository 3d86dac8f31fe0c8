"""Write what people install into dist/: the wheel, single files for each platform, and what krew needs.

python -m tests.release                            all platforms; some minutes the first time, for the libraries' wheels
python -m tests.release --platform linux-amd64     one alone

Everything has the date of the last commit (or $SOURCE_DATE_EPOCH), so that two runs give the same bytes. krew's manifest says
where the files can be got, which only the one who publishes them knows: --release-url or $RELEASE_URL.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.release import krew
from tests.release.making import make_release
from tests.release.platforms import PLATFORMS
from tests.release.saying import ReleaseError, say
from tests.release.wheel import ROOT


def main() -> int:
    """Make what the arguments ask for."""
    arguments = _arguments()
    try:
        made = make_release(
            arguments.into, [PLATFORMS[name] for name in arguments.platform or PLATFORMS], arguments.release_url
        )
    except ReleaseError as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    for file in made:
        print(f"{file.stat().st_size / 1_000_000:6.1f} MB  {os.path.relpath(file)}")
    if not arguments.release_url:
        say(f"krew's manifest names no place to get the files from: set {krew.RELEASE_URL_VARIABLE} to publish it")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder to write into (default: dist)")
    parser.add_argument(
        "--platform", action="append", choices=tuple(PLATFORMS), help="make files for this one; repeatable (default: all)"
    )
    parser.add_argument(
        "--release-url",
        default=os.environ.get(krew.RELEASE_URL_VARIABLE, ""),
        help=f"the address of the folder that the files will be published in (default: ${krew.RELEASE_URL_VARIABLE})",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
