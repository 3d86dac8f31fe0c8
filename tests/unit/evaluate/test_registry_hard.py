"""Proof by a registry where it is hard: out of reach, pushed again, named otherwise, or made to take somebody in."""

from hashlib import sha256

import pytest

from perfana_support.evaluate.registry import Kind
from perfana_support.model.answer import Gap, Index, PlatformEntry, Question, Subject
from perfana_support.model.layers import layers_digest, made_of
from tests.unit.evaluate.registry_content import AMD, ARM, LAYERS, MIRROR, TAG, VENDOR, Image, Registry, digest


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.push(VENDOR, AMD, ARM)
    return made


# Where the vendor's registry cannot be asked


@pytest.fixture
def cut_off() -> Registry:
    """Serve a mirror, while the vendor's registry is out of reach."""
    made = Registry()
    made.faults[Question(Subject.MANIFEST, VENDOR, TAG)] = Gap("docker.io: cannot be reached")
    return made


LISTED = (made_of(AMD.config), made_of(ARM.config))


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        ((AMD, ARM), Kind.VENDORS),
        ((AMD._replace(packing="zstd"),), Kind.VENDORS),
        ((ARM,), Kind.VENDORS),
        ((Image((*LAYERS, "patch"), commands=("", "", "", "COPY patch")),), Kind.DERIVED),
        ((AMD._replace(settings=()),), Kind.RECONFIGURED),
        ((Image(("base", "node", "newer")),), Kind.UNVERIFIED),
        ((AMD, Image(("base", "node", "newer"), platform="linux/arm64")), Kind.UNVERIFIED),
        ((Image(()),), Kind.UNVERIFIED),
    ],
)
def test_copy_is_held_against_what_the_catalogue_lists(cut_off: Registry, images: tuple[Image, ...], kind: Kind) -> None:
    digest_of_copy = cut_off.push(MIRROR, *images)
    proof = cut_off.prove(digest_of_copy, listed=LISTED)
    assert proof.kind is kind
    if kind is Kind.UNVERIFIED:
        assert proof.because.startswith("docker.io: cannot be reached; and it is nothing that the catalogue lists")


def test_without_a_list_what_cannot_be_asked_is_unverified(cut_off: Registry) -> None:
    assert cut_off.prove(cut_off.push(MIRROR, AMD)).kind is Kind.UNVERIFIED


def test_vendors_registry_is_asked_before_the_catalogue(registry: Registry) -> None:
    registry.push(VENDOR, newer := Image(("base", "node", "newer")))
    assert registry.prove(registry.push(MIRROR, newer), listed=LISTED).kind is Kind.VENDORS


def test_listed_layers_are_told_by_their_chain() -> None:
    first, second = digest("a"), digest("b")
    assert layers_digest(()) == ""
    assert layers_digest((first,)) == first
    assert layers_digest((first, second)) == "sha256:" + sha256(f"{first} {second}".encode()).hexdigest()


# Where the runtime names another repository than the workload


OTHER = "quay.io/acme/web"


def test_content_is_looked_for_where_the_runtime_says_that_it_is(registry: Registry) -> None:
    recompressed = registry.push(OTHER, AMD._replace(packing="fast"))
    assert registry.prove(recompressed).kind is Kind.UNVERIFIED
    assert registry.prove(recompressed, reported=OTHER).kind is Kind.VENDORS


def test_changed_content_is_found_there_as_well(registry: Registry) -> None:
    changed = registry.push(OTHER, Image(("base", "other")))
    assert registry.prove(changed, reported=OTHER).kind is Kind.MODIFIED


def test_cause_of_each_place_is_told(registry: Registry) -> None:
    absent = digest("nowhere")
    registry.faults[Question(Subject.MANIFEST, OTHER, absent)] = Gap("quay.io: refuses to be read (401)")
    because = registry.prove(absent, reported=OTHER).because
    assert because.startswith(f"neither {VENDOR} nor {MIRROR} has ")
    assert because.endswith("; quay.io: refuses to be read (401)")


def test_changed_image_for_an_architecture_under_another_name_counts(registry: Registry) -> None:
    changed = Image(("base", "other"), platform="linux/x86_64")
    pushed = registry.push(MIRROR, changed, AMD)
    assert registry.prove(pushed, architectures=frozenset({"amd64"})).kind is not Kind.VENDORS


def test_where_no_node_is_known_every_platform_counts(registry: Registry) -> None:
    odd, changed = Image(platform="linux/mips"), Image(("base", "other"))
    registry.push(VENDOR, AMD, ARM, odd)
    assert registry.prove(registry.push(MIRROR, changed, odd)).kind is not Kind.VENDORS
    assert registry.prove(registry.push(MIRROR, AMD, odd)).kind is Kind.VENDORS


def test_commands_of_a_long_build_are_cut(registry: Registry) -> None:
    layers = tuple(f"more {place}" for place in range(50))
    commands = (*[""] * len(LAYERS), *(f"RUN step {place}" for place in range(50)))
    because = registry.prove(registry.push(MIRROR, Image((*LAYERS, *layers), commands=commands))).because
    assert "RUN step 4; and 45 more commands" in because
    assert "RUN step 5" not in because


# What nobody may be taken in by


def test_index_of_indexes_is_looked_through_in_bounded_time(registry: Registry) -> None:
    inner = registry.push(MIRROR, AMD)
    for level in range(3):
        made = Index(digest("bomb", level), tuple(PlatformEntry("linux/amd64", inner) for _ in range(150)))
        inner = registry.tag(MIRROR, f"bomb-{level}", made)
    proof = registry.prove(inner)
    assert (proof.kind, "lists more than an image has" in proof.because) == (Kind.UNVERIFIED, True)
    assert len(registry.asked) < 20


@pytest.mark.parametrize(("platform", "nodes"), [("linux/386", "amd64"), ("linux/arm/v6", "arm64")])
def test_image_for_an_elder_architecture_may_run_on_a_younger_one(registry: Registry, platform: str, nodes: str) -> None:
    changed = Image(("base", "other"), platform=platform)
    other = ARM if nodes == "amd64" else AMD
    both = frozenset({nodes, other.platform.partition("/")[2]})
    assert registry.prove(registry.push(MIRROR, changed, other), architectures=both).kind is not Kind.VENDORS


# Copies of an earlier or later push


NEWER = Image(("base", "node", "newer"))


def test_copy_of_an_earlier_push_is_no_modification(registry: Registry) -> None:
    registry.push(VENDOR, NEWER)  # under the same tag, and the content before is still there
    proof = registry.prove(registry.push(MIRROR, AMD._replace(packing="fast")))
    assert proof.kind is Kind.SERVED_ELSEWHERE


def test_copy_of_an_earlier_push_that_is_listed_is_the_vendors() -> None:
    registry = Registry()
    registry.push(VENDOR, NEWER)
    pushed = registry.push(MIRROR, AMD._replace(packing="fast"))
    assert registry.prove(pushed).kind is Kind.MODIFIED
    assert registry.prove(pushed, listed=LISTED).kind is Kind.VENDORS


def test_copy_is_unverified_where_nobody_can_say_whether_it_was_pushed(registry: Registry) -> None:
    changed = Image(("base", "other"))
    registry.faults[Question(Subject.CONFIG, VENDOR, changed.config.digest)] = Gap("docker.io: answers 503")
    assert registry.prove(registry.push(MIRROR, changed)).kind is Kind.UNVERIFIED
