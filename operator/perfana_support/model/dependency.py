"""Which products an image carries, and in which versions: the grammar of other people's repositories and tags."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from perfana_support.model.dependency_rules import MAX_DIGITS, Carrier, Cycle, DependencyRules, Product, Slot

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_MAX_NUMBERS = 4
# Above every number that a version can have.
_BEYOND = 10**MAX_DIGITS
_DIGITS = "0123456789"


class Version(NamedTuple):
    """A version as far as it is told: `16` is every release of PostgreSQL 16.

    `text` is how it was written. A pre-release keeps the numbers of the release that it precedes.
    """

    numbers: tuple[int, ...]
    text: str
    is_pre_release: bool = False


class Reading(NamedTuple):
    """A product that an image carries or a user declares. `version` is None when nothing tells it."""

    product: str
    version: Version | None
    editions: frozenset[str] = frozenset()


def read_image(repository: str, tag: str | None, rules: DependencyRules, kind: str = "") -> tuple[Reading, ...]:
    """The products in an image; none for an image that is not a dependency.

    The end of the repository decides, in whole path segments and the longest that the policy lists: a copy in any registry
    is still that database, while `redis-exporter` is not Redis. `kind` is the workload's, for operators whose images may be
    called anything.
    """
    segments = repository.split("/")
    name = segments[-1]
    ends = ("/".join(segments[place:]) for place in range(len(segments)))
    carrier = next((rules.carriers[end] for end in ends if end in rules.carriers), None)
    if carrier is not None:
        return _read_slots(carrier, name, tag, rules)
    for before, after, versioned in rules.versioned_carriers:
        told = name.removeprefix(before).removesuffix(after)
        if name == before + told + after and told.replace(".", "").isdecimal():
            return tuple(
                reading._replace(version=read_version(told)) if reading.product == versioned.slots[0].product else reading
                for reading in _read_slots(versioned, name, tag, rules)
            )
    by_kind = rules.carriers_of_kind.get(kind)
    return _read_slots(by_kind, name, tag, rules) if by_kind else ()


def read_declared(product: str, version: str, rules: DependencyRules) -> Reading:
    """What a user declares: a product by one of its names, the version as the product prints it or as a tag has it."""
    name = rules.names.get(product.lower(), product)
    known = rules.products.get(name)
    words = _words(version)
    read = _mark(read_version(words[0]), words[1:], rules) if words else None
    return Reading(name, read, known.editions.intersection(words) if known else frozenset())


def read_version(text: str) -> Version | None:
    """The version that a word is: `16.4`, `v6.3.4`, `19beta1`, `26.0.0.Beta1`; None for a commit, a name, a number too long.

    Letters right behind the numbers make a pre-release, whatever they are: nothing released is written so.
    """
    body = text.removeprefix("v")
    end = len(body) - len(body.lstrip(_DIGITS + "."))
    head, tail = body[:end], body[end:]
    parts = head.rstrip(".").split(".")
    if not all(part.isdecimal() and len(part) <= MAX_DIGITS for part in parts) or len(parts) > _MAX_NUMBERS:
        return None
    if tail and not tail.rstrip(_DIGITS + ".").isalpha():
        return None
    return Version(tuple(map(int, parts)), body, is_pre_release=bool(tail))


def is_listed(version: Version | None, ranges: tuple[str, ...], product: Product) -> bool:
    """Whether every release that the version can be is in one of the ranges. A pre-release is in none but `*`."""
    return "*" in ranges or (version is not None and not version.is_pre_release and _is_in_one(version, ranges, product))


def is_within(version: Version | None, ranges: tuple[str, ...], product: Product) -> bool:
    """As `is_listed`, but with a pre-release taken for the release that it precedes. No ranges are all ranges."""
    return not ranges or "*" in ranges or (version is not None and _is_in_one(version, ranges, product))


def is_partial(version: Version, product: Product) -> bool:
    """Whether the version leaves open which release it is."""
    return len(version.numbers) < product.parts


def upstream_cycle(version: Version | None, product: Product) -> Cycle | None:
    """The upstream cycle that a version belongs to; of several that it can be, the last to end.

    None where the policy knows no cycle for it; a cycle without an end is still supported as far as anyone knows.
    """
    if version is None:
        return None
    numbers = version.numbers
    own = [cycle for cycle in product.cycles if numbers[: len(cycle.numbers)] == cycle.numbers]
    if own:
        return max(own, key=lambda cycle: len(cycle.numbers))
    possible = [cycle for cycle in product.cycles if cycle.numbers[: len(numbers)] == numbers]
    return max(possible, key=lambda cycle: (cycle.ends_on is None, cycle.ends_on or cycle.numbers), default=None)


def _words(tag: str | None) -> list[str]:
    return tag.lower().replace("_", "-").replace("+", "-").split("-") if tag else []


def _read_slots(carrier: Carrier, name: str, tag: str | None, rules: DependencyRules) -> tuple[Reading, ...]:
    words = _words(tag)
    readings: dict[str, Reading] = {}
    for slot in carrier.slots:
        version = _find(slot, words, rules)
        known = readings.get(slot.product)
        if (version is None and slot.optional) or (known and known.version):
            continue
        product = rules.products.get(slot.product)
        editions = product.editions.intersection(words + _words(name)) if product else frozenset()
        readings[slot.product] = Reading(slot.product, version, editions)
    return tuple(readings.values())


def _find(slot: Slot, words: list[str], rules: DependencyRules) -> Version | None:
    """The version that the words tell of a slot: behind a marker, else the first word where that leads."""
    if slot.needs and slot.needs not in words:
        return None
    for place, word in enumerate(words):
        for marker in slot.markers:
            rest = words[place + 1 : place + 2] if word == marker else [word.removeprefix(marker)]
            if word.startswith(marker) and rest and rest[0][:1].isdecimal():
                return _mark(read_version(rest[0]), words, rules)
    return _mark(read_version(words[0]), words, rules) if slot.leads and words else None


def _mark(version: Version | None, words: list[str], rules: DependencyRules) -> Version | None:
    """The version as a pre-release where any word of its tag says so: `rc1`, `m03`, `17183pre`."""
    if version and any(word.strip(_DIGITS + ".") in rules.fields.pre_release_words for word in words):
        return version._replace(is_pre_release=True)
    return version


def _is_in_one(version: Version, ranges: tuple[str, ...], product: Product) -> bool:
    is_whole = not is_partial(version, product)
    return any(_covers(text, version.numbers, is_whole=is_whole) for text in ranges)


@lru_cache(maxsize=1024)
def _covers(text: str, numbers: tuple[int, ...], *, is_whole: bool) -> bool:
    """Whether a range holds every release that a version can be.

    A version that leaves releases open is tried at its two ends, which is enough for ranges; an exclusion between them is
    looked for on its own. One of them outside makes the answer no.
    """
    specifiers = _specifiers(text)
    written = ".".join(map(str, numbers))
    if not specifiers.contains(written):
        return False
    if is_whole:
        return True
    holes = (each.version for each in specifiers if each.operator == "!=")
    return specifiers.contains(f"{written}.{_BEYOND}") and not any(f"{hole}.".startswith(f"{written}.") for hole in holes)


@lru_cache(maxsize=256)
def _specifiers(text: str) -> "SpecifierSet":
    """A range as `packaging` reads it; a bare version stands for all of its releases."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - ten milliseconds, only paid where a dependency is seen

    return SpecifierSet(f"=={text}.*" if text[0].isdecimal() else text)
