"""Bundles: what a verdict was made from, in one file that can be handed over and judged again."""
