"""What fuzzing found and kept (`make fuzz`): it must hold for each of these inputs, in each run of the tests."""

from pathlib import Path

import pytest

from tests.fuzz.engine import load
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "data" / "fuzz"


@pytest.mark.parametrize("name", TARGETS)
def test_all_that_was_kept_still_holds(name: str) -> None:
    inputs = list(load(CORPUS / name))
    assert inputs
    for data in inputs:
        TARGETS[name](data)
