"""How findings about dependencies put what was seen and what the policy lists."""

from collections.abc import Iterable, Mapping

from perfana_support.evaluate.seen_dependency import Seen
from perfana_support.model.dependency import is_partial
from perfana_support.model.dependency_rules import Product


def what_was_seen(seen: Seen, product: Product) -> str:
    """The evidence: the image or the declaration, the product, and its version as far as it is told."""
    version = seen.reading.version
    edition = f" in edition {any_of(sorted(seen.reading.editions))}" if seen.reading.editions else ""
    if version is None:
        told = "that the declaration does not tell" if seen.is_declared else "that no tag tells"
        runs = f"{product.title}{edition} in a version {told}"
    elif version.is_pre_release:
        runs = f"a pre-release build of {product.title} {version.text}{edition}"
    elif is_partial(version, product):
        runs = f"{product.title} {version.text}{edition} (any {version.text} release)"
    else:
        runs = f"{product.title} {version.text}{edition}"
    return f"declared is {runs}" if seen.is_declared else f"{seen.subject.image} is {runs}"


def listing(title: str, ranges: Mapping[str, tuple[str, ...]]) -> str:
    """What the policy lists of a product, by line: `PostgreSQL 15, 16 or 18 for lines 4.0 and 0.1`."""
    lines_of: dict[tuple[str, ...], list[str]] = {}
    for line, texts in ranges.items():
        lines_of.setdefault(texts, []).append(line)
    return "; ".join(
        f"{title} {any_of(name_versions(texts)) or 'in no version'} for {name_lines(lines)}"
        for texts, lines in lines_of.items()
    )


def name_versions(texts: Iterable[str]) -> list[str]:
    """Ranges as people read them, each once."""
    return list(dict.fromkeys("in any version" if text == "*" else text for text in texts))


def name_lines(lines: Iterable[str]) -> str:
    """`line 4.0` or `lines 3.5 and 4.0`."""
    *most, last = lines
    return f"lines {', '.join(most)} and {last}" if most else f"line {last}"


def any_of(words: Iterable[str]) -> str:
    """`15, 16 or 18`."""
    listed = list(words)
    return " or ".join(part for part in (", ".join(listed[:-1]), *listed[-1:]) if part)
