"""Tests of how registries are read."""
