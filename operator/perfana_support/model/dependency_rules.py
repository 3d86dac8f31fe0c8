"""What the policy says of dependencies, as values: products, the images that carry them, what each line is deployed with."""

from datetime import date
from functools import cached_property
from typing import NamedTuple

from perfana_support.model.release import Release

# Stands in a carrier's name for the version that the repository tells.
VERSION_PLACEHOLDER = "<version>"
# Nine digits hold every number seen (dates included) and keep a hostile text from becoming a giant integer.
MAX_DIGITS = 9


class Cycle(NamedTuple):
    """A release cycle of upstream: versions that begin with `numbers` get fixes until `ends_on`, that day included."""

    numbers: tuple[int, ...]
    ends_on: date | None


class Product(NamedTuple):
    """A dependency. `parts` is how many numbers make its version complete: two of PostgreSQL 16.4, three of Redis 7.2.5.

    `imitates` are the products whose clients it serves without being them. `editions` are words of a tag that name an edition.
    """

    name: str
    title: str
    parts: int
    aliases: tuple[str, ...]
    imitates: tuple[str, ...]
    editions: frozenset[str]
    cycles: tuple[Cycle, ...]


class Slot(NamedTuple):
    """Where an image's tag tells a product's version.

    Behind one of the `markers` (`pg` in `pg16.4`), or at the beginning when there are none or `leads` is set. `needs`: a word
    that must be in the tag; `optional`: the image carries the product only if the tag tells its version.
    """

    product: str
    markers: tuple[str, ...]
    leads: bool
    needs: str
    optional: bool


class Carrier(NamedTuple):
    """Images by the end of their repository, with what they carry; `<version>` in the name stands for the first slot's version.

    `kinds` are workload kinds whose image is of this sort whatever its repository.
    """

    name: str
    slots: tuple[Slot, ...]
    kinds: tuple[str, ...]


class Deployed(NamedTuple):
    """A product that some lines are deployed with, and the versions of it. `later` versions count from a release on.

    `required`: the lines cannot run without it or one of the `alternatives`.
    """

    product: str
    versions: tuple[str, ...]
    later: tuple[tuple[str, Release], ...]
    required: bool
    alternatives: tuple[str, ...]


class Combination(NamedTuple):
    """What cannot work: a product in some versions or editions, running on another product, or without any of `unless`.

    Empty `versions` and `editions` mean all, an empty `host` that no other product matters.
    """

    name: str
    product: str
    versions: tuple[str, ...]
    editions: frozenset[str]
    host: str
    host_versions: tuple[str, ...]
    unless: tuple[str, ...]
    reason: str
    remedy: str


class Deployment(NamedTuple):
    """What the vendor deploys the releases of some lines with."""

    name: str
    lines: tuple[str, ...]
    products: tuple[Deployed, ...]
    impossible: tuple[Combination, ...]


class DependencyFields(NamedTuple):
    """The rules as the policy states them."""

    products: tuple[Product, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    pre_release_words: frozenset[str] = frozenset()


class DependencyRules:
    """The rules with their indexes, computed on first use and kept. Immutable."""

    fields: DependencyFields

    def __init__(self, fields: DependencyFields = DependencyFields()) -> None:  # noqa: B008 - immutable
        self.__dict__.update(fields=fields)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"rules are immutable, {field} cannot be set")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DependencyRules) and self.fields == other.fields

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Kept, for what is remembered of images is asked for with every container."""
        return hash(self.fields)

    @cached_property
    def products(self) -> dict[str, Product]:
        """Products by name."""
        return {product.name: product for product in self.fields.products}

    @cached_property
    def names(self) -> dict[str, str]:
        """Names, titles and other names of products in small letters, for what people declare."""
        titles = {product.title.lower(): product.name for product in self.fields.products}
        others = {alias.lower(): product.name for product in self.fields.products for alias in product.aliases}
        return titles | others | {name: name for name in self.products}

    def title(self, name: str) -> str:
        """A product as people write it."""
        return self.products[name].title if name in self.products else name

    @cached_property
    def carriers(self) -> dict[str, Carrier]:
        """Carriers by the end of their repository."""
        return {carrier.name: carrier for carrier in self.fields.carriers if VERSION_PLACEHOLDER not in carrier.name}

    @cached_property
    def versioned_carriers(self) -> tuple[tuple[str, str, Carrier], ...]:
        """Carriers whose repository tells the version (`postgresql-16-c9s`), with what stands before and behind it."""
        parts = [(*carrier.name.partition(VERSION_PLACEHOLDER), carrier) for carrier in self.fields.carriers]
        return tuple((before, after, carrier) for before, is_versioned, after, carrier in parts if is_versioned)

    @cached_property
    def carriers_of_kind(self) -> dict[str, Carrier]:
        """Carriers by the kind of workload that runs them."""
        return {kind: carrier for carrier in self.fields.carriers for kind in carrier.kinds}

    @cached_property
    def deployments(self) -> dict[str, Deployment]:
        """Deployments by line; the first one that names a line holds."""
        return {line: each for each in reversed(self.fields.deployments) for line in each.lines}
