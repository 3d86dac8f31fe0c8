"""Measurements behind docs/performance.md: `python -m tests.bench`."""
