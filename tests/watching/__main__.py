"""`python -m tests.watching write` writes the rules' object anew; `… picture FILE` draws the dashboard from real metrics."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tests.watching.picture import Past, draw
from tests.watching.rules import OBJECT, object_text
from tests.watching.scene import history, scene


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.watching", description=__doc__)
    parser.add_argument("what", choices=["write", "picture"])
    parser.add_argument("file", type=Path, nargs="?", help="of the picture (SVG)")
    arguments = parser.parse_args()
    if arguments.what == "write":
        OBJECT.write_text(object_text(), encoding="utf-8")
        return
    if arguments.file is None:
        parser.error("picture needs a file")
    with scene() as stage:
        seconds = history(stage)
        now = time.time()
        arguments.file.write_text(draw(stage.prometheus, Past(now - seconds, now)), encoding="utf-8")
    print(f"watching: wrote {arguments.file}")


if __name__ == "__main__":
    main()
