"""Tests without server, clock or network."""
