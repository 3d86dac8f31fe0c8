"""Tests of what `doctor` finds."""
