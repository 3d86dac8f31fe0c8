"""Proof by a registry: the classes of changed and unchanged images, told by digests, layers and settings."""

import pytest

from perfana_support.evaluate.registry import Kind
from perfana_support.model.answer import Gap, Index, Manifest, PlatformEntry, Question, Subject
from tests.unit.evaluate.registry_content import AMD, ARM, LAYERS, MIRROR, SETTINGS, TAG, VENDOR, Image, Registry, digest


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.push(VENDOR, AMD, ARM)
    return made


# What is the vendor's


def test_index_of_the_tag_is_proven_by_one_request(registry: Registry) -> None:
    running = registry.push(MIRROR, AMD, ARM)
    assert registry.prove(running).kind is Kind.VENDORS
    assert registry.asked == [Question(Subject.MANIFEST, VENDOR, TAG)]


@pytest.mark.parametrize("image", [AMD, ARM])
def test_manifest_of_a_platform_is_proven_by_one_request(registry: Registry, image: Image) -> None:
    assert registry.prove(image.manifest.digest).kind is Kind.VENDORS
    assert len(registry.asked) == 1


@pytest.mark.parametrize("image", [AMD, ARM])
def test_digest_of_a_config_is_proven(registry: Registry, image: Image) -> None:
    assert registry.prove(image.config.digest).kind is Kind.VENDORS


def test_image_for_one_platform_alone_is_proven() -> None:
    registry = Registry()
    running = registry.push(VENDOR, AMD, is_single=True)
    assert registry.prove(running).kind is Kind.VENDORS
    assert registry.prove(AMD.config.digest).kind is Kind.VENDORS


@pytest.mark.parametrize("kept", [[AMD], [ARM]])
def test_copy_of_some_platforms_is_the_vendors(registry: Registry, kept: list[Image]) -> None:
    assert registry.prove(registry.push(MIRROR, *kept)).kind is Kind.VENDORS


def test_copy_that_lists_platforms_which_it_lacks_is_the_vendors() -> None:
    registry = Registry()
    registry.push(VENDOR, AMD)
    listed = Index(
        digest("sparse"), (PlatformEntry("linux/amd64", AMD.manifest.digest), PlatformEntry("linux/s390x", digest(1)))
    )
    registry.push(MIRROR, AMD)
    copied = registry.tag(MIRROR, TAG, listed)
    assert registry.prove(copied, architectures=frozenset({"amd64"})).kind is Kind.VENDORS
    # What it lacks may run from a node's cache.
    assert registry.prove(copied).kind is Kind.UNVERIFIED
    assert registry.prove(copied, architectures=frozenset({"s390x"})).kind is Kind.UNVERIFIED


@pytest.mark.parametrize("is_single", [True, False])
def test_recompressed_copy_is_the_vendors(registry: Registry, *, is_single: bool) -> None:
    copy = [AMD._replace(packing="zstd"), ARM._replace(packing="zstd")]
    assert registry.prove(registry.push(MIRROR, *copy, is_single=is_single)).kind is Kind.VENDORS


def test_same_layers_and_settings_under_another_config_are_the_vendors(registry: Registry) -> None:
    """A copy may write the config anew: with other times, other labels, another order of fields."""
    config = AMD.config._replace(digest=digest("rewritten"))
    manifest = Manifest(digest("rewritten manifest"), config.digest)
    registry.content[Question(Subject.CONFIG, MIRROR, config.digest)] = config
    assert registry.prove(registry.tag(MIRROR, TAG, manifest)).kind is Kind.VENDORS
    assert registry.prove(config.digest).kind is Kind.VENDORS


def test_index_in_an_index_is_read(registry: Registry) -> None:
    inner = Index(digest("inner"), (PlatformEntry("linux/amd64", AMD._replace(packing="zstd").manifest.digest),))
    registry.push(MIRROR, AMD._replace(packing="zstd"))
    registry.tag(MIRROR, "inner", inner)
    outer = Index(digest("outer"), (PlatformEntry("", inner.digest),))
    assert registry.prove(registry.tag(MIRROR, TAG, outer)).kind is Kind.VENDORS


def test_nothing_running_is_proven_by_what_would_be_pulled(registry: Registry) -> None:
    registry.push(MIRROR, AMD._replace(packing="zstd"))
    assert registry.prove("").kind is Kind.VENDORS
    registry.push(MIRROR, AMD._replace(layers=("other",)))
    assert registry.prove("").kind is Kind.MODIFIED


def test_digest_without_a_tag_is_the_vendors_where_its_repository_has_it(registry: Registry) -> None:
    assert registry.prove(AMD.manifest.digest, tag=None).kind is Kind.VENDORS
    assert registry.prove(digest("other"), tag=None).kind is Kind.UNVERIFIED


# What is not


def test_image_built_on_the_vendors_is_derived_and_names_what_was_added(registry: Registry) -> None:
    commands = ("", "", "", "RUN apt-get install curl", "COPY own.crt /etc/ssl")
    proof = registry.prove(registry.push(MIRROR, AMD._replace(layers=(*LAYERS, "curl", "cert"), commands=commands)))
    assert proof.kind is Kind.DERIVED
    assert "2 more, made by: RUN apt-get install curl; COPY own.crt /etc/ssl" in proof.because


def test_added_layer_without_history_is_derived(registry: Registry) -> None:
    proof = registry.prove(registry.push(MIRROR, AMD._replace(layers=(*LAYERS, "curl"))))
    assert (proof.kind, "one more, whose making is not told" in proof.because) == (Kind.DERIVED, True)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ((("Entrypoint", '["sh"]'), ("User", '"1000"')), "another Entrypoint"),
        ((("Entrypoint", '["node"]'),), "another User"),
        ((*SETTINGS, ("Env", '["LD_PRELOAD=/x.so"]')), "another Env"),
    ],
)
def test_same_layers_with_other_settings_are_reconfigured(
    registry: Registry, settings: tuple[tuple[str, str], ...], named: str
) -> None:
    proof = registry.prove(registry.push(MIRROR, AMD._replace(settings=settings)))
    assert proof.kind is Kind.RECONFIGURED
    assert named in proof.because


@pytest.mark.parametrize(
    ("layers", "counted"),
    [
        (("all in one",), "none of the 3 layers"),
        (("foreign", "other"), "none of the 3 layers"),
        (("base", "node", "other app"), "2 of the 3 layers"),
        (("base", "node"), "2 of the 3 layers"),
        (("patch", *LAYERS), "3 of the 3 layers"),
    ],
    ids=["squashed", "unrelated", "other last layer", "last layer left out", "a layer below"],
)
def test_other_layers_are_modified(registry: Registry, layers: tuple[str, ...], counted: str) -> None:
    proof = registry.prove(registry.push(MIRROR, AMD._replace(layers=layers)))
    assert proof.kind is Kind.MODIFIED
    assert counted in proof.because


def test_platform_that_the_vendor_does_not_publish_is_modified(registry: Registry) -> None:
    own = Image(layers=("other",), platform="linux/riscv64")
    assert registry.prove(registry.push(MIRROR, own)).kind is Kind.MODIFIED


def test_base_without_layers_makes_nothing_derived() -> None:
    registry = Registry()
    registry.push(VENDOR, AMD._replace(layers=()))
    assert registry.prove(registry.push(MIRROR, AMD)).kind is Kind.MODIFIED


@pytest.mark.parametrize("changed", [AMD._replace(layers=("evil",)), AMD._replace(layers=(*LAYERS, "evil"))])
def test_of_one_replaced_platform_the_nodes_decide(registry: Registry, changed: Image) -> None:
    running = registry.push(MIRROR, changed, ARM)
    kind = Kind.DERIVED if len(changed.layers) > len(LAYERS) else Kind.MODIFIED
    assert registry.prove(running, architectures=frozenset({"amd64"})).kind is kind
    assert registry.prove(running, architectures=frozenset({"arm64"})).kind is Kind.VENDORS
    assert registry.prove(running, architectures=frozenset({"amd64", "arm64"})).kind is Kind.UNVERIFIED
    unknown = registry.prove(running)
    assert unknown.kind is Kind.UNVERIFIED
    assert "its image for linux/amd64 is not the vendor's" in unknown.because


def test_two_images_of_one_platform_are_both_held_against_the_vendors(registry: Registry) -> None:
    """Which of them a runtime takes depends on the runtime."""
    for images in ((AMD, AMD._replace(layers=("evil",))), (AMD._replace(layers=("evil",)), AMD)):
        running = registry.push(MIRROR, *images)
        assert registry.prove(running, architectures=frozenset({"amd64"})).kind is Kind.UNVERIFIED


def test_image_that_names_no_platform_may_run_anywhere(registry: Registry) -> None:
    evil = AMD._replace(layers=("evil",))
    registry.push(MIRROR, AMD, evil)
    entries = (PlatformEntry("", evil.manifest.digest), PlatformEntry("linux/amd64", AMD.manifest.digest))
    running = registry.tag(MIRROR, TAG, Index(digest("unnamed"), entries))
    assert registry.prove(running, architectures=frozenset({"amd64"})).kind is Kind.UNVERIFIED


# What the vendor pushed, and is not the tag's


def test_tag_that_was_pushed_again_leaves_the_earlier_content_unverified_and_never_modified(registry: Registry) -> None:
    earlier = registry.push(VENDOR, AMD._replace(layers=("earlier",)), tag=TAG)
    registry.push(VENDOR, AMD, ARM)
    for source in (VENDOR, MIRROR):
        proof = registry.prove(earlier, source=source)
        assert proof.kind is Kind.SERVED_ELSEWHERE
        assert "pushed again" in proof.because


def test_content_of_another_release_under_this_tag_is_not_called_modified(registry: Registry) -> None:
    other = AMD._replace(layers=("base", "node", "another app"))
    running = registry.push(VENDOR, other, tag="0.2.90.1")
    assert registry.push(MIRROR, other) == running
    assert registry.prove(running).kind is Kind.SERVED_ELSEWHERE


# What nobody answers

GAP = Gap("harbor.example.com refuses it (403)")


def test_no_answer_is_a_cause_and_never_a_verdict() -> None:
    """Whatever single question stays without an answer, of any image."""
    images = {
        "vendors": AMD,
        "packed anew": AMD._replace(packing="zstd"),
        "derived": AMD._replace(layers=(*LAYERS, "more")),
        "reconfigured": AMD._replace(settings=()),
        "modified": AMD._replace(layers=("other",)),
    }
    tried = 0
    for image in images.values():
        for is_config in (False, True):
            first = Registry()
            first.push(VENDOR, AMD, ARM)
            first.push(MIRROR, image)
            running = image.config.digest if is_config else image.manifest.digest
            expected = first.prove(running).kind
            for question in dict.fromkeys(first.asked):
                again = Registry()
                again.content, again.faults = first.content, {question: GAP}
                proof = again.prove(running)
                tried += 1
                if proof.kind is not expected:
                    assert (proof.kind, proof.because) == (Kind.UNVERIFIED, GAP.cause)
                else:
                    assert expected is Kind.VENDORS
    assert tried > 20


def test_tag_that_the_vendor_does_not_have_leaves_nothing_to_compare_with(registry: Registry) -> None:
    running = registry.push(MIRROR, AMD, tag="0.2.99.99")
    proof = registry.prove(running, tag="0.2.99.99")
    assert proof.kind is Kind.UNVERIFIED
    assert "has no tag 0.2.99.99" in proof.because


def test_digest_that_nobody_has_is_unverified(registry: Registry) -> None:
    assert registry.prove(digest("gone")).kind is Kind.UNVERIFIED


def test_index_whose_manifests_are_all_gone_is_unverified(registry: Registry) -> None:
    empty = Index(digest("hollow"), (PlatformEntry("linux/amd64", digest("gone")),))
    assert registry.prove(registry.tag(MIRROR, TAG, empty)).kind is Kind.UNVERIFIED


def test_index_that_holds_itself_is_unverified(registry: Registry) -> None:
    name = digest("loop")
    loop = Index(name, (PlatformEntry("linux/amd64", name),))
    assert registry.prove(registry.tag(MIRROR, TAG, loop)).kind is Kind.UNVERIFIED


def test_config_that_a_manifest_names_and_the_registry_lacks_is_unverified(registry: Registry) -> None:
    image = AMD._replace(layers=("other",))
    running = registry.push(MIRROR, image)
    del registry.content[Question(Subject.CONFIG, MIRROR, image.config.digest)]
    assert registry.prove(running).kind is Kind.UNVERIFIED
