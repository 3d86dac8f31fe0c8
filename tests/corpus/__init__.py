"""The labelled corpus below tests/data/corpus: how its files are read and judged (see the README there)."""
