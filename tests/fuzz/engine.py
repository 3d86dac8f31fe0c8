"""A small fuzzer that is led by coverage: an input that reaches a new branch is kept, and changed further."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

PACKAGE = str(Path(__file__).parents[2] / "operator" / "perfana_support")
MOST_BYTES = 4096
SLOW_SECONDS = 2.0
PROGRESS_SECONDS = 30.0


class Failure(NamedTuple):
    """An input for which something does not hold."""

    data: bytes
    error: str


class Outcome(NamedTuple):
    """What a run found: how many inputs, those that are kept, and those that failed, one for each error."""

    runs: int
    kept: list[bytes]
    failures: dict[str, Failure]


def fuzz(target: Callable[[bytes], None], seeds: list[bytes], words: list[bytes], seconds: float, seed: int) -> Outcome:
    """Change inputs and run the target on them for a time."""
    random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    corpus, seen, failures = list[bytes](), set[int](), dict[str, Failure]()
    waiting, runs = [*seeds, b""], 0
    began = said = time.monotonic()
    while time.monotonic() - began < seconds:
        data = waiting.pop() if waiting else _changed(random, corpus, words)
        reached, error = _run(target, data)
        runs += 1
        if error and error not in failures:
            failures[error] = Failure(data, error)
            print(f"fuzz: {error}: {data[:200]!r}", file=sys.stderr, flush=True)
        if not reached <= seen:
            seen |= reached
            corpus.append(data)
        if time.monotonic() - said > PROGRESS_SECONDS:
            said = time.monotonic()
            print(f"fuzz: {said - began:.0f} s, {runs} inputs, {len(corpus)} kept, {len(failures)} failures", file=sys.stderr)
    return Outcome(runs, corpus, failures)


def _run(target: Callable[[bytes], None], data: bytes) -> tuple[set[int], str]:
    reached: set[int] = set()
    last = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:  # noqa: ANN401 - the interface of sys.settrace
        nonlocal last
        if event == "line":
            here = hash((frame.f_code.co_filename, frame.f_lineno))
            reached.add(hash((last, here)))
            last = here
        return line

    def call(frame: FrameType, _: str, __: Any) -> Any:  # noqa: ANN401 - the interface of sys.settrace
        return line if frame.f_code.co_filename.startswith(PACKAGE) else None

    error, began = "", time.monotonic()
    sys.settrace(call)
    try:
        target(data)
    except Exception as caught:  # noqa: BLE001 - whatever it is, it is what is looked for
        error = f"{type(caught).__name__} {_place(caught)}"
    finally:
        sys.settrace(None)
    if time.monotonic() - began > SLOW_SECONDS:
        error = error or "takes too long"
    return reached, error


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _changed(random: Random, corpus: list[bytes], words: list[bytes]) -> bytes:
    data = bytearray(random.choice(corpus))
    for change in random.choices(CHANGES, k=random.choice((1, 1, 2, 3, 6))):
        change(random, data, corpus, words)
    return bytes(data[:MOST_BYTES])


def _cut(random: Random, data: bytearray, *_: object) -> None:
    begin = random.randint(0, len(data))
    del data[begin : begin + random.choice((1, 2, 8, 64))]


def _byte(random: Random, data: bytearray, *_: object) -> None:
    place = random.randint(0, len(data))
    data[place : place + random.randint(0, 1)] = bytes([random.randrange(256)])


def _word(random: Random, data: bytearray, _: object, words: list[bytes]) -> None:
    place = random.randint(0, len(data))
    data[place : place + random.choice((0, 0, 1, 5))] = random.choice(words)


def _splice(random: Random, data: bytearray, corpus: list[bytes], _: object) -> None:
    other = random.choice(corpus)
    begin, place = random.randint(0, len(other)), random.randint(0, len(data))
    data[place:place] = other[begin : begin + random.choice((4, 32, 256, 1024))]


def _lines(random: Random, data: bytearray, *_: object) -> None:
    lines = bytes(data).splitlines(keepends=True) or [b"\n"]
    place = random.randrange(len(lines))
    action = random.randrange(4)
    if action == 0:
        lines.insert(random.randint(0, len(lines)), lines[place])
    elif action == 1:
        del lines[place]
    elif action == 2:
        lines[place] = b"  " + lines[place]
    else:
        lines[place] = lines[place].removeprefix(b"  ")
    data[:] = b"".join(lines)


CHANGES = (_cut, _byte, _word, _word, _splice, _lines, _lines)


def load(folder: Path) -> Iterator[bytes]:
    """Yield the inputs of a folder."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield file.read_bytes()


def save(folder: Path, inputs: list[bytes]) -> None:
    """Write inputs, each under a name made of its content."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
