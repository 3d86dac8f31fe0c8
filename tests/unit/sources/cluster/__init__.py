"""Tests of the live cluster as a source."""
