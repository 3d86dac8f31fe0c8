"""Tests of how a verdict is shown."""
