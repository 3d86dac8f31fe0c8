"""Under pseudonyms nobody is named, and the verdict is what it was."""

from typing import Any

from hypothesis import given

from perfana_support.cli.evidence import judge
from perfana_support.sources.bundle.masking import Masker, mask
from perfana_support.sources.bundle.pseudonyms import LEVELS, Pseudonyms, anonymise, shape
from perfana_support.sources.policy import builtin_document, policy_of
from tests.unit.cluster_objects import CIRCUMSTANCES, Circumstances, held, observed
from tests.unit.installations import Objects, installations
from tests.unit.sources.bundle.test_evidence import SPECS, evidence_of


@given(installations(), CIRCUMSTANCES, SPECS)
def test_neither_marks_nor_pseudonyms_change_a_verdict(
    objects: Objects, circumstances: Circumstances, spec: dict[str, Any]
) -> None:
    evidence = evidence_of(observed(held(objects, circumstances)), spec)
    policy = policy_of(evidence.policy)
    masked = mask(evidence, policy, builtin_document(), Masker())
    before, after = judge(evidence, "it").verdict, judge(masked, "it").verdict
    assert shape(before) == shape(after)
    levels = []
    for level in range(len(LEVELS)):
        hidden = anonymise(masked, builtin_document(), Pseudonyms(policy.component_names, {}), level)
        levels.append(shape(judge(hidden, "it").verdict) == shape(before))
        if levels[-1]:
            break
    assert levels[-1], (level, shape(judge(hidden, "it").verdict), shape(before))
