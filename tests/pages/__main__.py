"""Build the documentation into site/: `make site`."""

import sys

from tests.pages.building import DOCS, ROOT, build


def run() -> int:
    """Build the site, and say what is wrong with the pages."""
    done = build(DOCS, ROOT / "site")
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        return 1
    print("site: site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(run())
