"""Reading `spec.dependencies` of a policy: its form, and what must hold across its fields."""

import re

from perfana_support.model.dependency_rules import (
    MAX_DIGITS,
    VERSION_PLACEHOLDER,
    Carrier,
    Combination,
    Cycle,
    DependencyFields,
    DependencyRules,
    Deployed,
    Deployment,
    Product,
    Slot,
)
from perfana_support.model.document import Node, Problem, present

# The lists of this part that merge entry by entry, and the field that tells their entries apart.
KEYED_LISTS = {
    "products": "name",
    "cycles": "name",
    "carriers": "name",
    "deployments": "name",
    "deployedProducts": "product",
    "laterVersions": "version",
    "combinations": "name",
}
# What PEP 440 compares with, the longer ones first. Its `===` compares texts and has no use here.
_OPERATORS = ("==", "!=", ">=", "<=", "~=", ">", "<")
_RANGE_FORM = 'a version or a range, for example "16", "24.0", ">=2.26,<2.29", "*" for any'
_NAME_FORM = "a lower-case word, for example postgresql"
_CARRIER_FORM = "the end of an image repository, for example postgres or percona/percona-server-mongodb"


def read_dependencies(node: Node, *, is_whole: bool = True) -> DependencyRules:
    """The rules that `spec.dependencies` states; everything is empty where it states nothing.

    `is_whole` demands what a complete policy needs; otherwise only the form of what is there.
    """
    words = node.texts("preReleaseWords")
    products = [_read_product(entry) for entry in node.nodes("products", "name")]
    carriers = [_read_carrier(entry) for entry in node.nodes("carriers", "name")]
    deployments = [_read_deployment(entry, is_whole=is_whole) for entry in node.nodes("deployments", "name")]
    node.finish()
    fields = DependencyFields(present(products), present(carriers), present(deployments), frozenset(words))
    return DependencyRules(fields)


def check_dependencies(path: str, rules: DependencyRules, lines: frozenset[str], problems: list[Problem]) -> None:
    """What must hold across a whole policy: every product and line that is named exists, and a line has one deployment."""
    owners: dict[str, str] = {}
    for deployment in rules.fields.deployments:
        place = f'{path}.deployments["{deployment.name}"]'
        for line in deployment.lines:
            if lines and line not in lines:
                problems.append(Problem(f"{place}.lines", f"must name lines of spec.lines, {line!r} is not one"))
            owner = owners.setdefault(line, deployment.name)
            if owner != deployment.name:
                problems.append(Problem(f"{place}.lines", f"must not name line {line}, which {owner!r} names already"))
    for place, product in _named_products(rules.fields):
        if product not in rules.products:
            message = f"must be a product of {path}.products, {product!r} is not one"
            problems.append(Problem(f"{path}.{place}", message))


def _named_products(fields: DependencyFields) -> list[tuple[str, str]]:
    named = [(f'products["{each.name}"].imitates', other) for each in fields.products for other in each.imitates]
    named += [(f'carriers["{carrier.name}"].carries', slot.product) for carrier in fields.carriers for slot in carrier.slots]
    for deployment in fields.deployments:
        place = f'deployments["{deployment.name}"]'
        for deployed in deployment.products:
            inner = f'{place}.deployedProducts["{deployed.product}"]'
            named.append((f"{inner}.product", deployed.product))
            named += [(f"{inner}.alternatives", other) for other in deployed.alternatives]
        for combination in deployment.impossible:
            inner = f'{place}.combinations["{combination.name}"]'
            named.append((f"{inner}.product", combination.product))
            named += [(f"{inner}.unless", other) for other in combination.unless]
            named += [(f"{inner}.runningOn", combination.host)] if combination.host else []
    return named


def _read_product(node: Node) -> Product | None:
    name = node.read("name", _name, _NAME_FORM, required=True)
    title = node.text("title")
    parts = node.whole("versionParts", 1, 4)
    aliases, imitates, editions = (node.texts(field) for field in ("aliases", "imitates", "editions"))
    cycles = []
    for entry in node.nodes("cycles", "name"):
        numbers = entry.read("name", _numbers, 'the beginning of a version as a text, for example "16"', required=True)
        ends_on = entry.day("endOfLifeOn")
        entry.finish()
        if numbers:
            cycles.append(Cycle(numbers, ends_on))
    node.finish()
    if name is None:
        return None
    return Product(name, title or name, parts or 3, aliases, imitates, frozenset(editions), tuple(cycles))


def _read_carrier(node: Node) -> Carrier | None:
    name = node.read("name", _carrier_name, _CARRIER_FORM, required=True)
    kinds = node.texts("workloadKinds")
    # Stated as a whole, and without a key: one image can tell a product's version in two places.
    slots = [_read_slot(entry) for entry in node.nodes("carries", "")]
    node.finish()
    return Carrier(name, present(slots), kinds) if name else None


def _read_slot(node: Node) -> Slot | None:
    """What an image carries; the version leads the tag where nothing else is said."""
    product = node.read("product", _name, _NAME_FORM, required=True)
    markers = node.texts("markers")
    leads, optional = node.flag("leads"), node.flag("optional")
    needs = node.text("needs")
    node.finish()
    return Slot(product, markers, not markers if leads is None else leads, needs or "", bool(optional)) if product else None


def _read_deployment(node: Node, *, is_whole: bool) -> Deployment | None:
    name = node.text("name", required=True)
    lines = node.texts("lines", "a list of line names")
    products = [_read_deployed(entry, is_whole=is_whole) for entry in node.nodes("deployedProducts", "product")]
    impossible = [_read_combination(entry, is_whole=is_whole) for entry in node.nodes("combinations", "name")]
    node.finish()
    return Deployment(name, lines, present(products), present(impossible)) if name else None


def _read_deployed(node: Node, *, is_whole: bool) -> Deployed | None:
    product = node.read("product", _name, _NAME_FORM, required=True)
    versions = node.values("versions", "a list of versions or ranges as texts", _range, _RANGE_FORM)
    required = node.flag("required")
    alternatives = node.texts("alternatives")
    later = []
    for entry in node.nodes("laterVersions", "version"):
        version = entry.read("version", _range, _RANGE_FORM, required=True)
        release = entry.release("fromRelease", required=is_whole)
        entry.finish()
        if version and release:
            later.append((version, release))
    node.finish()
    return Deployed(product, versions, tuple(later), bool(required), alternatives) if product else None


def _read_combination(node: Node, *, is_whole: bool) -> Combination | None:
    name = node.text("name", required=True)
    product = node.read("product", _name, _NAME_FORM, required=is_whole)
    versions = node.values("versions", "a list of versions or ranges as texts", _range, _RANGE_FORM)
    editions, unless = node.texts("editions"), node.texts("unless")
    reason = node.text("reason", required=is_whole)
    remedy = node.text("remedy")
    host_node = node.node("runningOn")
    host = host_node.read("product", _name, _NAME_FORM, required=is_whole and bool(host_node.data))
    host_versions = host_node.values("versions", "a list of versions or ranges as texts", _range, _RANGE_FORM)
    host_node.finish()
    node.finish()
    if name is None or product is None or reason is None:
        return None
    remedy = remedy or "ask the vendor which product and version to run"
    return Combination(name, product, versions, frozenset(editions), host or "", host_versions, unless, reason, remedy)


def _range(raw: object) -> str | None:
    """A range of PEP 440, or a bare version that stands for all of its releases; `packaging` reads it when it is needed."""
    if not isinstance(raw, str):
        return None
    return raw if raw == "*" or _numbers(raw) or all(map(_is_clause, raw.split(","))) else None


def _is_clause(text: str) -> bool:
    operator = next((operator for operator in _OPERATORS if text.startswith(operator)), "")
    version = text[len(operator) :]
    numbers = _numbers(version.removesuffix(".*") if operator in ("==", "!=") else version)
    return bool(operator and numbers) and (operator != "~=" or "." in version)


def _name(raw: object) -> str | None:
    """A word of lower-case letters, digits and inner dashes."""
    is_word = isinstance(raw, str) and raw.isascii() and raw.replace("-", "").isalnum() and raw == raw.lower()
    return raw if is_word and isinstance(raw, str) and raw.strip("-") == raw else None


def _numbers(raw: object) -> tuple[int, ...] | None:
    parts = raw.split(".") if isinstance(raw, str) and raw.isascii() else [""]
    return tuple(map(int, parts)) if all(part.isdecimal() and len(part) <= MAX_DIGITS for part in parts) else None


def _carrier_name(raw: object) -> str | None:
    """The end of a repository in whole path segments, or one segment with `<version>` in it."""
    if not isinstance(raw, str):
        return None
    before, is_versioned, after = raw.partition(VERSION_PLACEHOLDER)
    plain = f"{before}1{after}" if is_versioned else raw
    is_path = re.fullmatch(r"[a-z0-9][a-z0-9._:-]*(?:/[a-z0-9._-]+)*", plain, re.ASCII)
    return raw if is_path and not (is_versioned and "/" in raw) else None
