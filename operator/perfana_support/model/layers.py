"""What an image is made of, in a form that is short enough to be listed: digests over its layers and its settings."""

import json
from collections.abc import Sequence
from hashlib import sha256

from perfana_support.model.answer import Config
from perfana_support.model.registry import MadeOf


def made_of(config: Config) -> MadeOf:
    """The short form of a config."""
    return MadeOf(config.platform, layers_digest(config.diff_ids), _digest(json.dumps(config.settings)))


def layers_digest(diff_ids: Sequence[str]) -> str:
    """One digest for layers in their order: the ChainID of the OCI image specification (config.md). "" for none."""
    return next(reversed(layers_digests(diff_ids)), "")


def layers_digests(diff_ids: Sequence[str]) -> list[str]:
    """That digest of the first layer, of the first two, and so on: whoever looks for a base goes through the layers once."""
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(_digest(f"{chains[-1]} {diff_id}") if chains else diff_id)
    return chains


def _digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"
