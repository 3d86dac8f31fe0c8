"""Waits that grow."""

import pytest

from perfana_support.sources.cluster import backoff as module
from perfana_support.sources.cluster.backoff import Backoff


def test_waits_double_up_to_the_last_and_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.random, "uniform", lambda _low, _high: 1.0)  # type: ignore[attr-defined]
    backoff = Backoff(1.0, 10.0)
    assert [backoff.next() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    backoff.reset()
    assert backoff.next() == 1.0


def test_waits_differ_by_up_to_half() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(3000)]
    assert 0.125 <= waits[0] <= 0.375
    assert max(waits) <= 45.0
    assert min(waits[10:]) >= 15.0
    assert len(set(waits)) > 2000
