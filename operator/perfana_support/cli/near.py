"""Names that were probably meant, for messages about names that nobody knows."""

from collections.abc import Iterable

_MOST = 3
# Of one in three letters another: what a slip of the hand makes of a name, and not another word.
_LEAST_ALIKE = 0.66


def meant(word: str, known: Iterable[str], prefix: str = "") -> str:
    """A question for a message: ` (is --fail-on meant?)`, "" where nothing known is like the word.

    `prefix` is what word and names all begin with, and says nothing about how alike they are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - needed where something is wrong alone

    by_small = {name.removeprefix(prefix).lower(): name for name in known}
    small = word.removeprefix(prefix).lower()
    begun = [name for name in by_small if name.startswith(small)] if small.strip("-") else []
    found = begun or get_close_matches(small, by_small, _MOST, _LEAST_ALIKE)
    return f" (is {' or '.join(by_small[name] for name in found[:_MOST])} meant?)" if found else ""
