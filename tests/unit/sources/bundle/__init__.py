"""Tests of bundles: what is in them, and how they are read."""
