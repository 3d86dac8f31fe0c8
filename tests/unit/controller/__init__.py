"""Tests of the operator's parts that need no server."""
