"""Perfana's support policy as a judgement: of a cluster by an operator, of manifests by a command line."""

__version__ = "0.2.0"
