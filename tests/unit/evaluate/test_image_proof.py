"""Verification Registry: what the proof of a digest does to the verdict, asked for until nothing is open."""

import pytest

from perfana_support.evaluate.verdict import evaluate
from perfana_support.model.answer import Gap, Question, Subject
from perfana_support.model.check import Check, Target
from perfana_support.model.code import Code, ConditionType, Effect, Status
from perfana_support.model.finding import Finding
from perfana_support.model.installation import Container, Installation, Node, Platform, Workload
from perfana_support.model.policy import Policy
from perfana_support.model.verdict import Verdict
from perfana_support.sources.policy import policy_of
from tests.unit.builders import TODAY
from tests.unit.evaluate.registry_content import AMD, ARM, LAYERS, MIRROR, TAG, VENDOR, Image, Registry, digest

OFFICIAL = f"perfana/perfana-web:{TAG}"
MIRRORED = f"{MIRROR}:{TAG}"
PATCHED = Image((*LAYERS, "patch"), commands=("", "", "", "COPY patch.js /app/"))
NODE = Platform("v1.36.3", nodes=(Node("a", "v1.36.3", "amd64", "linux"),))


def policy(**images: object) -> Policy:
    spec = {"images": {"verification": "Registry", **images}}
    api_version = "support.perfana.io/v1alpha1"
    return policy_of({"apiVersion": api_version, "kind": "SupportPolicy", "metadata": {"name": "acme"}, "spec": spec})


POLICY = policy()
MIRROR_IS_NAMED = policy(mirrors=[{"from": f"{MIRROR.rpartition('/')[0]}/", "to": "perfana/"}])


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.push(VENDOR, AMD, ARM)
    return made


def running(image: str, *image_ids: str) -> Installation:
    """A Deployment with a pod for each image id, on one node."""
    workloads = [Workload("Deployment", "ns", "web", (Container("web", image),))]
    owner = ("Deployment", "web")
    for place, image_id in enumerate(image_ids):
        container = Container("web", image, image_id=image_id)
        workloads.append(Workload("Pod", "ns", f"web-{place}", (container,), owner=owner, node="a"))
    return Installation("ns", tuple(workloads), platform=NODE)


def judge(registry: Registry, installation: Installation, by: Policy = POLICY, check: Check | None = None) -> Verdict:
    """Judge, ask what is open, and judge again."""
    while True:
        verdict = evaluate(installation, by, TODAY, check or Check())
        if not verdict.open_questions:
            return verdict
        assert installation.answers.keys().isdisjoint(verdict.open_questions)
        answers = {each: registry.answer(each) for each in verdict.open_questions}
        installation = installation._replace(answers={**installation.answers, **answers})


def images(verdict: Verdict) -> tuple[Status, str]:
    condition = verdict.condition(ConditionType.IMAGES_UNMODIFIED)
    return condition.status, condition.reason


def only(verdict: Verdict) -> Finding:
    (finding,) = (each for each in verdict.findings if ConditionType.IMAGES_UNMODIFIED in each.code.conditions)
    return finding


def test_vendors_own_image_is_proven(registry: Registry) -> None:
    verdict = judge(registry, running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}"))
    assert images(verdict) == (Status.TRUE, "AllRulesMet")
    assert registry.asked == [Question(Subject.MANIFEST, VENDOR, TAG)]


def test_nothing_is_supported_before_the_registry_has_answered() -> None:
    verdict = evaluate(running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}"), POLICY, TODAY)
    assert images(verdict) == (Status.UNKNOWN, "DigestUnverified")
    assert verdict.open_questions == (Question(Subject.MANIFEST, VENDOR, TAG),)


@pytest.mark.parametrize("verification", ["Reference", "Catalogue"])
def test_who_wants_no_proof_by_a_registry_is_asked_for_nothing(verification: str) -> None:
    verdict = evaluate(running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}"), policy(verification=verification), TODAY)
    assert verdict.open_questions == ()


@pytest.mark.parametrize("by", [POLICY, MIRROR_IS_NAMED], ids=["no rule", "mirror rule"])
def test_content_of_a_copy_proves_it_wherever_it_lies(registry: Registry, by: Policy) -> None:
    copied = registry.push(MIRROR, AMD._replace(packing="zstd"))
    assert images(judge(registry, running(MIRRORED, f"{MIRROR}@{copied}"), by)) == (Status.TRUE, "AllRulesMet")


def test_copy_that_does_not_run_yet_is_no_proof_without_a_mirror_rule(registry: Registry) -> None:
    registry.push(MIRROR, AMD, ARM)
    assert images(judge(registry, running(MIRRORED))) == (Status.UNKNOWN, "UnofficialRepository")
    assert images(judge(registry, running(MIRRORED), MIRROR_IS_NAMED)) == (Status.TRUE, "AllRulesMet")


@pytest.mark.parametrize(
    ("image", "code", "told"),
    [
        (PATCHED, Code.DERIVED_IMAGE, "one more, made by: COPY patch.js /app/"),
        (AMD._replace(settings=(("Entrypoint", '["sh"]'),)), Code.IMAGE_RECONFIGURED, "another Entrypoint and User"),
        (Image(("squashed",)), Code.IMAGE_MODIFIED, "none of the 3 layers"),
        (Image(("base", "node", "patched")), Code.IMAGE_MODIFIED, "2 of the 3 layers"),
    ],
    ids=["derived", "reconfigured", "squashed", "rebuilt"],
)
@pytest.mark.parametrize("by", [POLICY, MIRROR_IS_NAMED], ids=["no rule", "mirror rule"])
def test_changed_image_is_not_supported_and_the_change_is_named(
    registry: Registry, image: Image, code: Code, told: str, by: Policy
) -> None:
    changed = registry.push(MIRROR, image)
    verdict = judge(registry, running(MIRRORED, f"{MIRROR}@{changed}"), by)
    assert images(verdict) == (Status.FALSE, code)
    (finding,) = (each for each in verdict.findings if each.code is code)
    assert told in finding.message
    assert f"set image to the vendor's own, {OFFICIAL}" in finding.remediation
    assert finding.message.startswith(f"{MIRRORED} runs {changed[:19]}…: ")


def test_proof_that_nobody_can_get_is_unknown_with_its_cause(registry: Registry) -> None:
    registry.faults[Question(Subject.MANIFEST, VENDOR, TAG)] = Gap("docker.io: answers 503")
    finding = only(judge(registry, running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}")))
    assert (finding.code, finding.code.effect) == (Code.DIGEST_UNVERIFIED, Effect.UNDETERMINED)
    assert "docker.io: answers 503" in finding.message
    assert "spec.images.registries" in finding.remediation


def test_digest_that_the_catalogue_lists_is_not_asked_about(registry: Registry) -> None:
    by = policy(digests=[{"digest": AMD.manifest.digest, "repository": "perfana/perfana-web", "release": TAG}])
    assert images(judge(registry, running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}"), by)) == (Status.TRUE, "AllRulesMet")
    assert registry.asked == []


def test_each_digest_that_runs_is_proven(registry: Registry) -> None:
    changed = registry.push(MIRROR, PATCHED)
    verdict = judge(registry, running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}", f"{VENDOR}@{changed}"))
    assert images(verdict)[0] is not Status.TRUE
    assert {Code.MIXED_DIGESTS, Code.DIGEST_UNVERIFIED} <= {finding.code for finding in verdict.findings}


def test_id_without_a_digest_is_unverified_whatever_else_is_proven(registry: Registry) -> None:
    verdict = judge(registry, running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}", "import-2026-11-25"))
    assert images(verdict) == (Status.UNKNOWN, "DigestUnverified")
    assert "'import-2026-11-25', which holds no digest" in only(verdict).message


def test_image_of_a_manifest_is_what_its_tag_names_now(registry: Registry) -> None:
    assert images(judge(registry, running(OFFICIAL))) == (Status.TRUE, "AllRulesMet")


def test_pinned_image_is_what_it_is_pinned_to(registry: Registry) -> None:
    assert images(judge(registry, running(f"{OFFICIAL}@{AMD.manifest.digest}"))) == (Status.TRUE, "AllRulesMet")
    absent = digest("nowhere")
    assert images(judge(registry, running(f"{OFFICIAL}@{absent}"))) == (Status.UNKNOWN, "DigestUnverified")


def test_target_is_proven_as_well(registry: Registry) -> None:
    newer = "0.2.96.21"
    verdict = evaluate(running(f"perfana/perfana-web:{newer}"), POLICY, TODAY, Check(target=Target(release=TAG)))
    assert Question(Subject.MANIFEST, VENDOR, TAG) in verdict.open_questions
    assert Question(Subject.MANIFEST, VENDOR, newer) in verdict.open_questions
    assert registry.asked == []


def test_repackaged_image_is_not_asked_about() -> None:
    verdict = evaluate(running("r.example.com/perfana/perfana-web:0.2.96.22-ubi9", f"x@{digest('x')}"), POLICY, TODAY)
    assert verdict.open_questions == ()
    assert images(verdict) == (Status.UNKNOWN, "RepackagedImage")


def test_running_container_of_which_the_runtime_tells_nothing_is_unverified(registry: Registry) -> None:
    verdict = judge(registry, running(OFFICIAL, "nothing"))
    assert images(verdict) == (Status.UNKNOWN, "DigestUnverified")


def test_digest_that_the_catalogue_lists_for_another_release_is_the_tags_where_the_registry_says_so(registry: Registry) -> None:
    older = [{"digest": AMD.manifest.digest, "repository": "perfana/perfana-web", "release": "0.2.96.21"}]
    installation = running(OFFICIAL, f"{VENDOR}@{AMD.manifest.digest}")
    assert images(judge(registry, installation, policy(digests=older))) == (Status.TRUE, "AllRulesMet")
    del registry.content[Question(Subject.MANIFEST, VENDOR, TAG)]
    assert images(judge(registry, installation, policy(digests=older))) == (Status.FALSE, "ImageModified")
