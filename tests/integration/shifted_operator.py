"""The operator by a clock that a file shifts, so that tests need not wait for years: run as a module, with one more option.

The file has the seconds between the operator's time and the machine's, and is read at each look at the clock.
"""

import argparse
import os
from datetime import datetime, timedelta
from pathlib import Path

from perfana_support.controller.run import run
from perfana_support.controller.settings import add_arguments, read_settings
from perfana_support.sources.clock import now as machine_now


class ShiftedClock:
    """A clock beside the machine's."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> datetime:
        """The machine's time, and what the file adds."""
        return machine_now() + timedelta(seconds=float(self.file.read_text(encoding="ascii")))

    def set(self, moment: datetime) -> None:
        """Make it that moment now, from which it goes on; another process that reads the file sees the old or the new one."""
        new = self.file.with_suffix(".new")
        new.write_text(str((moment - machine_now()).total_seconds()), encoding="ascii")
        new.replace(self.file)


def main() -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["operator"])
    parser.add_argument("--clock-file", type=Path, required=True)
    add_arguments(parser)
    arguments = parser.parse_args()
    run(read_settings(vars(arguments), os.environ), ShiftedClock(arguments.clock_file).now)


if __name__ == "__main__":
    main()
