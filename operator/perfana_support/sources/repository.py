"""Where a run takes place: its folder, and the repository around it, from which tools name files."""

import os
from typing import NamedTuple


class Surroundings(NamedTuple):
    """The folder of the run and the root of its repository, the same folder where there is none; "" where it is gone."""

    folder: str = ""
    root: str = ""


def look_around() -> Surroundings:
    """Where this run takes place. Git's own mark is a folder, or a file in a worktree and a submodule."""
    try:
        folder = os.getcwd()
    except OSError:  # removed while somebody stands in it
        return Surroundings()
    root = folder
    while not os.path.exists(os.path.join(root, ".git")):
        above = os.path.dirname(root)
        if above == root:
            return Surroundings(folder, folder)
        root = above
    return Surroundings(folder, root)
