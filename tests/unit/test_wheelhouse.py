"""Libraries that go into a release are what is pinned, also long after they were fetched."""

import hashlib
from pathlib import Path

import pytest

from tests.release.saying import ReleaseError
from tests.release.wheelhouse import check_pins


def test_a_wheel_that_was_changed_after_it_was_fetched_is_named(tmp_path: Path) -> None:
    wheels = [tmp_path / name for name in ("a-1-py3-none-any.whl", "b-1-py3-none-any.whl")]
    for wheel in wheels:
        wheel.write_text(wheel.name)
    pins = tmp_path / "some.txt"
    pins.write_text("".join(f"x==1 \\\n    --hash=sha256:{hashlib.sha256(each.read_bytes()).hexdigest()}\n" for each in wheels))
    check_pins(pins, wheels)
    wheels[1].write_text("something else")
    with pytest.raises(ReleaseError, match=rf"b-1-py3-none-any\.whl is not what some\.txt pins, .*: rm -r {tmp_path}$"):
        check_pins(pins, wheels)
