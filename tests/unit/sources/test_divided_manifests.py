"""A stream that two processes read: the same workloads, places and faults as one process finds."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfana_support.sources import byte_stream, manifest
from perfana_support.sources.manifest import Manifests, read_manifests
from tests.unit.sources.manifests import text, write

SOUND = [
    *(f"---\n{text(name)}" for name in ("web", "api", "job")),
    "---\n",
    "---\n# Source: perfana/templates/web.yaml\n" + text("rendered"),
    "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n",
    "---\napiVersion: v1\nkind: List\nitems:\n- " + text("listed"),
    "---\nx: &a 1\n...\n",
]
FAULTY = [
    "---\n- no object\n",
    "---\napiVersion: v1\nmetadata: {name: no-kind}\n",
    "---\napiVersion: v1\nkind: Pod\nspec: {}\n",
    "---\napiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: 1}]}\n",
    "---\na: 1\na: 2\n",
    "---\na: [\n",
    "---\n\tx: 1\n",
    "---\na: *nowhere\n",
    "---\na: \0\n",
    "---\n" + text("large" * 400),
]
# Enough of them for a second process to be started, whatever else a stream holds.
MANY = st.lists(st.sampled_from(SOUND), min_size=8, max_size=24)


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})


def _read(file: str, batch: int) -> Manifests:
    with pytest.MonkeyPatch.context() as patch:
        for module in (byte_stream, manifest):
            patch.setattr(module, "MAX_BATCH", batch)
        return read_manifests([file])


@settings(max_examples=60)
@given(before=MANY, faulty=st.lists(st.sampled_from(FAULTY), max_size=3), after=MANY, batch=st.sampled_from([1, 60, 300]))
@example(before=SOUND, faulty=["---\na: [\n"], after=SOUND, batch=60)
@example(before=SOUND * 4, faulty=[], after=[], batch=1)
def test_two_processes_find_what_one_finds(
    before: list[str], faulty: list[str], after: list[str], batch: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = write(tmp_path_factory.mktemp("divided"), "".join((*before, *faulty, *after)))
    divided = _read(file, batch)
    assert divided == _read(file, 1_000_000)
    assert divided.documents


def test_stream_that_breaks_off_tells_what_stood_before(tmp_path: Path) -> None:
    """The fault is found where the stream is cut, ahead of what the processes are at."""
    import gzip  # noqa: PLC0415 - for this one

    whole = gzip.compress("".join(f"---\n{text(f'web-{number}')}" for number in range(16_000)).encode())
    file = write(tmp_path, whole[: len(whole) // 2], "f.yaml.gz")
    found = read_manifests([file])
    workloads = [workload.name for installation in found.installations for workload in installation.workloads]
    assert workloads == [f"web-{number}" for number in range(found.documents)]
    assert [fault.problem for fault in found.faults] == ["is not valid gzip: it ends too early; was the download cut off?"]
    assert len(workloads) > 5_000


def test_more_faults_than_are_told_end_the_reading_as_with_one_process(tmp_path: Path) -> None:
    file = write(tmp_path, "---\n- no object\n" * 300 + f"---\n{text()}")
    divided = _read(file, 60)
    assert divided == _read(file, 1_000_000)
    assert len(divided.faults) == 101
