"""The published vocabulary: what each code does, and that a test shows it."""

import ast
import re
from pathlib import Path

import pytest

from perfana_support.cli import explain
from perfana_support.model.code import CODE_ORDER, EFFECT_ORDER, Clause, Code, ConditionType, Effect, Reason

TESTS = Path(__file__).parents[2]
OPERATOR = TESTS.parent / "operator" / "perfana_support"
V, B, I, C = "VersionSupported", "BuildSupported", "ImagesUnmodified", "ConfigurationUnmodified"  # noqa: E741
P, D, M = "PlatformSupported", "DependenciesSupported", "MaintenanceActive"

# Codes are published API: name, effect, conditions, and how the clause begins. Lines are added here, never changed.
PUBLISHED: dict[str, tuple[str, list[str], str]] = {
    "EndOfLife": ("Unsupported", [V], "End of Life Policy: "),
    "SnapshotBuild": ("Unsupported", [B], "Beta and Development Releases: "),
    "BetaBuild": ("Unsupported", [B], "Support Does Not Include: "),
    "ReleaseCandidateBuild": ("Unsupported", [B], "Support Does Not Include: "),
    "MilestoneBuild": ("Unsupported", [B], "Support Does Not Include: "),
    "DevelopmentBuild": ("Unsupported", [B], "Support Does Not Include: "),
    "TestRepository": ("Unsupported", [B], "Support Does Not Include: "),
    "TagDigestMismatch": ("Unsupported", [I], "Support Does Not Include: "),
    "ImageModified": ("Unsupported", [I], "Support Does Not Include: "),
    "DerivedImage": ("Unsupported", [I], "Support Does Not Include: "),
    "ImageReconfigured": ("Unsupported", [I], "Support Does Not Include: "),
    "CodeMounted": ("Unsupported", [C], "Support Does Not Include: "),
    "KubernetesEndOfLife": ("Unsupported", [P], "Supported Platforms: "),
    "ArchitectureUnsupported": ("Unsupported", [P], "Supported Platforms: "),
    "OperatingSystemUnsupported": ("Unsupported", [P], "Supported Platforms: "),
    "DistributionUnsupported": ("Unsupported", [P], "Supported Platforms: "),
    "DependencyUnsupported": ("Unsupported", [D], "Databases and Application Servers: "),
    "MaintenanceExpired": ("Unsupported", [M], "Eligibility and Software Maintenance: "),
    "CommunityPlan": ("Unsupported", [M], "Eligibility and Software Maintenance: "),
    "WorkloadsUnreadable": ("Undetermined", [V, B, I, C, D], "End of Life Policy: "),
    "VersionUndetermined": ("Undetermined", [V, B], "End of Life Policy: "),
    "UnknownRelease": ("Undetermined", [V], "End of Life Policy: "),
    "NewerThanPolicy": ("Undetermined", [V], "End of Life Policy: "),
    "CommitBuild": ("Undetermined", [B], "Support Does Not Include: "),
    "UnrecognisedBuild": ("Undetermined", [B], "Support Does Not Include: "),
    "UnofficialRepository": ("Undetermined", [I], "Support Does Not Include: "),
    "RepackagedImage": ("Undetermined", [I], "Support Does Not Include: "),
    "DigestUnverified": ("Undetermined", [I], "Support Does Not Include: "),
    "KubernetesUnlisted": ("Undetermined", [P], "Supported Platforms: "),
    "PlatformUnreadable": ("Undetermined", [P], "Supported Platforms: "),
    "DependencyUnlisted": ("Undetermined", [D], "Databases and Application Servers: "),
    "DependencyImpostor": ("Undetermined", [D], "Databases and Application Servers: "),
    "ApproachingEndOfLife": ("AtRisk", [V], "End of Life Policy: "),
    "KnownDefect": ("AtRisk", [V], "End of Life Policy: "),
    "SecurityFixMissing": ("AtRisk", [V], "Addressing Security Issues; "),
    "MixedReleases": ("AtRisk", [V], "Databases and Application Servers: "),
    "RetiredComponent": ("AtRisk", [V], "Databases and Application Servers: "),
    "MixedDigests": ("AtRisk", [I], "Support Does Not Include: "),
    "CommandOverridden": ("AtRisk", [C], "Third-Party Cloud Environments: "),
    "RuntimeInjected": ("AtRisk", [C], "Third-Party Cloud Environments: "),
    "KubernetesUntested": ("AtRisk", [P], "Supported Platforms: "),
    "DependencyUpstreamEndOfLife": ("AtRisk", [D], "Databases and Application Servers: "),
    "DependencyUndeclared": ("AtRisk", [D], "Databases and Application Servers: "),
    "MaintenanceExpiring": ("AtRisk", [M], "Eligibility and Software Maintenance: "),
    "PolicyStale": ("AtRisk", [V], "SupportPolicy: "),
    "ExecHook": ("Info", [C], "Third-Party Cloud Environments: "),
    "DebugContainer": ("Info", [C], "Third-Party Cloud Environments: "),
    "ForeignSidecar": ("Info", [C], "Third-Party Product Integration: "),
    "FloatingTag": ("Info", [V], "End of Life Policy: "),
    "UnlistedPatch": ("Info", [V], "End of Life Policy: "),
    "UpgradeAvailable": ("Info", [V], "End of Life Policy: "),
}
CONDITIONS = [
    "Supported",
    "VersionSupported",
    "BuildSupported",
    "ImagesUnmodified",
    "ConfigurationUnmodified",
    "PlatformSupported",
    "DependenciesSupported",
    "MaintenanceActive",
    "TicketEligible",
    "UpgradeSupported",
]


@pytest.mark.parametrize("code", Code)
def test_code_has_its_published_effect_conditions_and_clause(code: Code) -> None:
    effect, conditions, clause = PUBLISHED[code]
    assert str(code.effect) == effect
    assert [str(condition) for condition in code.conditions] == conditions
    assert code.clause.startswith(clause)


def test_no_published_code_is_missing() -> None:
    assert [str(code) for code in Code] == list(PUBLISHED)


def test_condition_types_are_published_in_their_order() -> None:
    assert [str(condition) for condition in ConditionType] == CONDITIONS


def test_effects_are_the_four_words_the_worst_first() -> None:
    assert [str(effect) for effect in Effect] == ["Unsupported", "Undetermined", "AtRisk", "Info"]
    assert sorted(Effect, key=EFFECT_ORDER.__getitem__) == list(Effect)


def test_codes_stand_in_the_order_of_their_effects() -> None:
    places = [EFFECT_ORDER[code.effect] for code in sorted(Code, key=CODE_ORDER.__getitem__)]
    assert places == sorted(places)


def test_no_code_speaks_of_the_summary() -> None:
    assert not any(ConditionType.SUPPORTED in code.conditions for code in Code)


@pytest.mark.parametrize("clause", Clause)
def test_clause_is_in_use_and_names_a_heading(clause: Clause) -> None:
    assert any(code.clause is clause for code in Code)
    heading, colon, sentence = clause.partition(": ")
    assert heading
    assert colon
    assert sentence


@pytest.mark.parametrize("code", Code)
def test_code_occurs_in_a_test_by_name(code: Code) -> None:
    own = Path(__file__).resolve()
    files = [file for suffix in ("*.py", "*.yaml") for file in TESTS.rglob(suffix) if file.resolve() != own]
    assert any(
        f'"{code}"' in text or f"Code.{code.name}" in text or f"[{code}," in text or f"[{code}]" in text
        for text in map(Path.read_text, files)
    )


@pytest.mark.parametrize("code", Code)
def test_code_has_its_section_of_the_page(code: Code) -> None:
    """Under the heading of its condition, and beginning with its effect."""
    before, heading, after = explain.page().partition(f"\n### {code}\n")
    assert heading, f"codes.md has no section {code}"
    assert before.rpartition("\n## ")[2].partition("\n")[0] == code.conditions[0]
    assert after.startswith(f"{code.effect}")
    others = code.conditions[1:]
    told = after.partition("\n")[0]
    assert all(other in told for other in others) or (len(others) > 1 and "all that is judged by what runs" in told)


def test_page_has_no_other_section_and_each_once() -> None:
    headings = re.findall(r"^### (.*)$", explain.page(), re.MULTILINE)
    assert sorted(headings) == sorted(map(str, (*Code, *Reason)))


def test_reasons_are_no_codes_and_stand_at_the_end_of_the_page() -> None:
    assert not set(Code) & set(map(str, Reason))
    last = explain.page().rpartition("\n## ")[2]
    assert re.findall(r"^### (.*)$", last, re.MULTILINE) == list(map(str, Reason))


def _words(call: ast.Call) -> set[str]:
    """Read the CamelCase words among a call's own arguments."""
    found = {word.value for argument in call.args for word in ast.walk(argument) if isinstance(word, ast.Constant)}
    return {word for word in found if isinstance(word, str) and re.fullmatch("(?:[A-Z][a-z]+){2,}", word)}


def test_reasons_that_the_operator_writes_are_known() -> None:
    """Whatever stands where a reason does is a code or a reason, so that `explain` knows it."""
    files = [file for part in ("controller", "reports", "evaluate") for file in (OPERATOR / part).glob("*.py")]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Call)]
    writers = {"unjudged_status", "_plain", "Condition"}
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in writers]
    assert len(named) > 10
    assert {word for call in named for word in _words(call)} <= set(map(str, (*Code, *Reason)))
