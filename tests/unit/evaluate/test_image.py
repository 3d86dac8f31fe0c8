"""Where images come from and what runs of them: the corpus, the wording of findings, pods, and what never changes."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.evaluate.image import judge
from perfana_support.evaluate.image_id import read_image_id
from perfana_support.evaluate.image_proof import prove_images
from perfana_support.evaluate.inventory import take_inventory
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.image_policy import ImageRules, ListedDigest, Verification, build_catalogue
from perfana_support.model.installation import Container, Installation, Subject, Workload
from perfana_support.model.policy import Policy
from perfana_support.model.release import parse_release
from perfana_support.sources.policy import builtin_policy, policy_of
from tests.unit.builders import judge as judge_images
from tests.unit.rules import load

CASES: list[dict[str, Any]] = load("corpus", "images-unmodified.yaml")
A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
WEB = "perfana/perfana-web:0.2.96.22"


def spell(text: str) -> str:
    """Write digests out: `@A`, `://A`, `A` and `hex-A`."""
    text = re.sub("hex-([A-C])$", lambda match: match[1].lower() * 64, text)
    return re.sub("(^|@|//)([A-C])$", lambda match: f"{match[1]}sha256:{match[2].lower() * 64}", text)


def policy_with(mirrors: dict[str, str] | None) -> Policy:
    if not mirrors:
        return builtin_policy()
    entries = [{"from": prefix, "to": source} for prefix, source in mirrors.items()]
    spec = {"images": {"mirrors": entries}}
    api_version = "support.perfana.io/v1alpha1"
    return policy_of({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})


def listed(**digests: str | list[str]) -> tuple[ListedDigest, ...]:
    found = []
    for letter, served in digests.items():
        for entry in [served] if isinstance(served, str) else served:
            name, release = entry.split()
            number = parse_release(release)
            assert number
            found.append(ListedDigest(spell(letter), f"docker.io/perfana/{name}", release, number))
    return tuple(found)


def deployment(image: str, image_ids: list[str], name: str = "web") -> list[Workload]:
    template = Workload("Deployment", "ns", name, (Container("c", image),))
    owner = ("Deployment", name)
    return [
        template,
        *(
            Workload("Pod", "ns", f"{name}-{place}", (Container("c", image, image_id=image_id),), owner=owner)
            for place, image_id in enumerate(image_ids)
        ),
    ]


def find(
    *workloads: Workload,
    verification: Verification = Verification.REFERENCE,
    digests: tuple[ListedDigest, ...] = (),
    policy: Policy | None = None,
) -> list[Finding]:
    policy = policy or builtin_policy()
    installation, catalogue = Installation("ns", workloads), build_catalogue(digests)
    inventory = take_inventory(installation, policy)
    proofs = prove_images(inventory, installation, catalogue) if verification is Verification.REGISTRY else ()
    return list(judge(inventory, policy, ImageRules(verification, digests), catalogue, proofs))


def workloads_of(case: dict[str, Any]) -> list[Workload]:
    images = [spell(image) for image in case.get("images") or [case["image"]]]
    image_ids = [spell(image_id) for image_id in case.get("image_ids", [])]
    # Several images share the ids out; a single one has them all.
    shares = [image_ids] if len(images) == 1 else [image_ids[place : place + 1] for place in range(len(images))]
    return [
        workload
        for place, (image, share) in enumerate(zip(images, shares, strict=True))
        for workload in deployment(image, share, f"w{place}")
    ]


def find_case(case: dict[str, Any]) -> list[Finding]:
    return find(
        *workloads_of(case),
        verification=Verification(case.get("verification", "Reference")),
        digests=listed(**case.get("listed", {})),
        policy=policy_with(case.get("mirrors")),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"].replace(" ", "-") for case in CASES])
def test_corpus(case: dict[str, Any]) -> None:
    assert sorted(str(finding.code) for finding in find_case(case)) == sorted(case["expect"])


def test_corpus_names_are_unique_and_fields_known() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 80
    known = {"name", "image", "images", "image_ids", "verification", "mirrors", "listed", "expect"}
    assert {field for case in CASES for field in case} == known


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (Code.UNOFFICIAL_REPOSITORY, Effect.UNDETERMINED),
        (Code.REPACKAGED_IMAGE, Effect.UNDETERMINED),
        (Code.DIGEST_UNVERIFIED, Effect.UNDETERMINED),
        (Code.TAG_DIGEST_MISMATCH, Effect.UNSUPPORTED),
        (Code.IMAGE_MODIFIED, Effect.UNSUPPORTED),
        (Code.MIXED_DIGESTS, Effect.AT_RISK),
    ],
)
def test_effect_of_each_code(code: Code, effect: Effect) -> None:
    assert code.effect is effect
    assert code.conditions == (ConditionType.IMAGES_UNMODIFIED,)
    assert any(str(code) in case["expect"] for case in CASES)


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"docker.io/perfana/perfana-web@{A}", A),
        (f"docker-pullable://perfana/perfana-web@{A}", A),
        (f"docker://{A}", A),
        (f"harbor.example.com:5000/x/y@{A}", A),
        (f"import-2026-11-24@{A}", A),
        (A, A),
        ("a" * 64, A),
        ("sha512:" + "0" * 128, "sha512:" + "0" * 128),
        ("", None),
        ("abc123", None),
        ("docker.io/perfana/perfana-web:0.2.96.22", None),
        ("docker.io/perfana/perfana-web@", None),
        ("sha256:" + "a" * 63, None),
        ("sha256:" + "z" * 64, None),
        ("://", None),
    ],
)
def test_image_id_is_read_in_all_its_forms(image_id: str, digest: str | None) -> None:
    assert read_image_id(image_id) == digest


# Wording: what was seen, what was required, what to do.


def test_unofficial_repository_names_registry_and_the_rule_to_add() -> None:
    (finding,) = find(*deployment("harbor.example.com/dockerhub/perfana/perfana-web:0.2.96.22", []))
    assert finding.message == (
        "harbor.example.com/dockerhub/perfana/perfana-web:0.2.96.22 comes from harbor.example.com/dockerhub, "
        "and no mirror rule of policy default says that images there are copies of those at docker.io"
    )
    assert finding.remediation == (
        "set image to one at perfana/perfana-web, or, if it is copied from there unchanged, add to the policy: "
        "spec.images.mirrors: [{from: harbor.example.com/dockerhub/, to: docker.io/}]"
    )


@pytest.mark.parametrize(
    "image",
    [
        "harbor.example.com/dockerhub/perfana/perfana-web:1",
        "harbor.example.com/perfana-web:1",
        "harbor.example.com/perfana/perfana-web:1",
        "harbor.example.com/docker.io/perfana/perfana-web:1",
        "harbor.example.com/a/b/c/perfana-web:1",
        "localhost:5000/x/perfana-web:1",
        "acme/perfana-web:1",
        "perfana-web:1",
        "quay.io/perfana/perfana-fe-test:1",
        "perfana/deeper/perfana-web:1",
    ],
)
def test_rule_that_is_proposed_makes_the_image_official(image: str) -> None:
    workloads = deployment(image, [])
    (finding,) = find(*workloads)
    rule = re.search(r"\{from: (\S+), to: (\S+)\}", finding.remediation)
    assert rule
    assert find(*workloads, policy=policy_with({rule[1]: rule[2]})) == []


def test_mismatch_shows_both_sides() -> None:
    (finding,) = find(*deployment(f"{WEB}@{A}", []), digests=listed(A="perfana-web 0.2.96.21"))
    assert finding.subject == Subject("Deployment", "ns", "web", "c", f"{WEB}@{A}")
    assert finding.message == (
        "digest sha256:aaaaaaaaaaaa… is that of perfana/perfana-web:0.2.96.21, "
        "and the image reference says perfana/perfana-web:0.2.96.22"
    )
    assert finding.remediation == (
        "set image to perfana/perfana-web:0.2.96.22 without the digest, or to what the digest is of: "
        "perfana/perfana-web:0.2.96.21"
    )


def test_modified_image_is_shown_with_what_runs() -> None:
    workloads = deployment(WEB, [f"docker.io/x@{A}"])
    (finding,) = find(
        *workloads, verification=Verification.CATALOGUE, digests=listed(A=["perfana-web 0.2.1", "perfana-api 0.2.2"])
    )
    assert "is that of perfana/perfana-api:0.2.2 and perfana/perfana-web:0.2.1" in finding.message
    assert finding.message.endswith(": the digest is what runs")
    assert finding.remediation.endswith("or pull perfana/perfana-web:0.2.96.22 from perfana/perfana-web anew")


def test_repackaged_image_names_its_original() -> None:
    (finding,) = find(*deployment("r.example.com/perfana/perfana-api:perfana-4.0.0-ubi9", []))
    assert finding.remediation == "where proof is needed, set image to the original: perfana/perfana-api:perfana-4.0.0"
    (finding,) = find(*deployment("r.example.com/perfana/perfana-api:0.2.96.27-ubi9", []))
    assert finding.remediation.endswith(": perfana/perfana-api:0.2.96.27")


@pytest.mark.parametrize(
    ("image", "image_ids", "verification", "why"),
    [
        (WEB, [], "Registry", "the registry has not been asked yet"),
        (WEB, [], "Catalogue", "the reference has no digest, and no running container shows one"),
        (WEB, ["abc"], "Catalogue", "the runtime reports 'abc', which holds no digest to compare"),
        (WEB, [C], "Catalogue", "is not in the catalogue, which lists 2 for perfana/perfana-web 0.2.96.22"),
        ("perfana/perfana-web:0.2.96.21", [C], "Catalogue", "which lists none for perfana/perfana-web 0.2.96.21"),
        ("perfana/perfana-web:latest", [C], "Catalogue", "and the tag names no release to look for"),
        (WEB, [f"x@{A}", f"x@{C}"], "Catalogue", "digest sha256:cccccccccccc… is not in the catalogue"),
        (WEB, [f"x@{A}", "abc"], "Catalogue", "the runtime reports 'abc', which holds no digest to compare"),
    ],
)
def test_unverified_says_why(image: str, image_ids: list[str], verification: str, why: str) -> None:
    digests = listed(A="perfana-web 0.2.96.22", B="perfana-web 0.2.96.22")
    found = find(*deployment(image, image_ids), verification=Verification(verification), digests=digests)
    (finding,) = [each for each in found if each.code is Code.DIGEST_UNVERIFIED]
    assert why in finding.message
    assert finding.remediation


def test_mixed_digests_name_tag_digests_and_users() -> None:
    (finding,) = find(*deployment(f"{WEB}@{B}", [], "one"), *deployment(f"{WEB}@{A}", [], "two"))
    assert finding.subject == Subject("Installation", "ns", image=WEB)
    assert finding.message == (
        "perfana/perfana-web:0.2.96.22 stands for different digests at once: "
        "sha256:aaaaaaaaaaaa… in Deployment two; sha256:bbbbbbbbbbbb… in Deployment one"
    )


# What runs is found through the pods of a controller.


def test_template_has_the_image_ids_of_its_pods() -> None:
    workloads = deployment(WEB, [f"x@{B}", f"x@{A}", "", f"x@{A}"])
    inventory = take_inventory(Installation("ns", tuple(workloads)), builtin_policy())
    assert [component.image_ids for component in inventory.components] == [(f"x@{A}", f"x@{B}")]


def test_pod_of_its_own_has_its_image_id() -> None:
    pod = Workload("Pod", "ns", "p", (Container("c", WEB, image_id=A),))
    (component,) = take_inventory(Installation("ns", (pod,)), builtin_policy()).components
    assert component.image_ids == (A,)


def test_pod_with_another_image_than_its_template_keeps_its_own() -> None:
    template, pod = deployment(WEB, [f"x@{A}"])
    old = pod._replace(name="old", containers=(Container("c", "perfana/perfana-web:0.2.96.21", image_id=f"x@{B}"),))
    inventory = take_inventory(Installation("ns", (template, pod, old)), builtin_policy())
    assert [(part.subject.name, part.image_ids) for part in inventory.components] == [
        ("web", (f"x@{A}",)),
        ("old", (f"x@{B}",)),
    ]


# What holds for all of them.


@given(st.permutations(CASES[:12] + CASES[-8:]))
def test_order_of_workloads_never_shows(cases: list[dict[str, Any]]) -> None:
    def workloads(chosen: list[dict[str, Any]]) -> list[Workload]:
        return [
            workload
            for case in chosen
            for workload in deployment(
                spell(case.get("image", WEB)), [spell(each) for each in case.get("image_ids", [])], case["name"]
            )
        ]

    assert set(find(*workloads(cases))) == set(find(*workloads(CASES[:12] + CASES[-8:])))


LETTERS = st.sampled_from("ABC")
SERVED = st.sampled_from(["perfana-web 0.2.96.22", "perfana-web 0.2.96.21", "perfana-api 0.2.96.22"])


@given(
    st.sampled_from(Verification),
    st.lists(LETTERS, max_size=3),
    st.one_of(st.none(), LETTERS),
    st.dictionaries(LETTERS, SERVED),
)
def test_only_a_listed_digest_makes_an_image_unsupported_and_only_a_listed_one_verifies(
    verification: Verification, running: list[str], pinned: str | None, served: dict[str, str]
) -> None:
    image = WEB + (f"@{spell(pinned)}" if pinned else "")
    found = find(
        *deployment(image, [f"x@{spell(letter)}" for letter in running]), verification=verification, digests=listed(**served)
    )
    seen = {*running, *([pinned] if pinned else [])}
    is_contradicted = any(served.get(letter, "perfana-web 0.2.96.22") != "perfana-web 0.2.96.22" for letter in seen)
    is_listed = (pinned in served) or (bool(running) and all(letter in served for letter in running))
    effects = {finding.code.effect for finding in found}
    assert (Effect.UNSUPPORTED in effects) is is_contradicted
    if not is_contradicted and verification is not Verification.REFERENCE:
        assert (Effect.UNDETERMINED in effects) is not is_listed


def test_digest_of_a_line_that_the_policy_does_not_list_is_named_without_prefix() -> None:
    (finding,) = find(*deployment(f"{WEB}@{A}", []), digests=listed(A="perfana-web 9.9.9"))
    assert (finding.code, "is that of perfana/perfana-web:9.9.9, " in finding.message) == (Code.TAG_DIGEST_MISMATCH, True)


def test_id_that_holds_no_digest_hides_no_other() -> None:
    found = find(*deployment(WEB, ["no digest", f"x@{B}"]), digests=listed(B="perfana-web 0.2.96.21"))
    assert [finding.code for finding in found] == [Code.TAG_DIGEST_MISMATCH]


def test_pinned_image_hides_no_mixture_of_others() -> None:
    pinned = Workload("Deployment", "ns", "a", (Container("c", f"perfana/perfana-api@{A}"),))
    found = find(pinned, *deployment(WEB, [f"x@{B}", f"x@{C}"]))
    assert [finding.code for finding in found] == [Code.MIXED_DIGESTS]


def test_pinned_image_whose_runtime_tells_nothing_is_unverified() -> None:
    found = find(*deployment(f"{WEB}@{A}", ["no digest", f"x@{B}"]), verification=Verification.CATALOGUE)
    assert [finding.code for finding in found] == [Code.DIGEST_UNVERIFIED]
    assert f"digest {A[:19]}… is not in the catalogue" in found[0].message


def test_pinned_digest_is_held_against_what_runs_elsewhere_under_the_tag() -> None:
    found = find(*deployment(f"{WEB}@{A}", [], "one"), *deployment(WEB, [f"x@{B}"], "two"))
    assert [finding.code for finding in found] == [Code.MIXED_DIGESTS]


@pytest.mark.parametrize(
    "image",
    [
        "perfana/perfana-nextgen:1.0",
        "registry.example.com/team/perfana-web-patched:0.2.96.22",
        "registry.example.com/team/our.perfana_api:1",
        "docker.io/perfana/something@sha256:" + "a" * 64,
    ],
)
def test_image_that_is_called_like_a_component_leaves_it_open(image: str) -> None:
    verdict = judge_images("perfana/perfana-web:0.2.96.22", image)
    condition = verdict.condition(ConditionType.IMAGES_UNMODIFIED)
    assert (condition.status, condition.reason) == (Status.UNKNOWN, "UnofficialRepository")


@pytest.mark.parametrize(
    "image", ["perfana/perfana-fixture:1", "eu.example.com/perfana-wiremock:2", "nginx:1.29", "eu.example.com/webapi:1"]
)
def test_tools_of_the_vendor_and_software_of_others_are_nothing_to_doubt(image: str) -> None:
    verdict = judge_images("perfana/perfana-web:0.2.96.22", image)
    assert verdict.condition(ConditionType.IMAGES_UNMODIFIED).status is Status.TRUE
