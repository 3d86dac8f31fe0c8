"""The published vocabulary: effects, condition types and finding codes.

A code is at once the reason of a condition, the rule of a report and the heading of its page in the documentation, so
renaming one breaks users. Codes are added, never renamed.
"""

from enum import StrEnum
from typing import NamedTuple


class Effect(StrEnum):
    """What a finding does to the verdict, the worst first."""

    UNSUPPORTED = "Unsupported"
    UNDETERMINED = "Undetermined"
    AT_RISK = "AtRisk"
    INFO = "Info"


class Status(StrEnum):
    """A condition's status: no evidence is never a pass and never a fail, so there are three."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    """The conditions of a verdict, in the order in which reports show them."""

    SUPPORTED = "Supported"
    VERSION_SUPPORTED = "VersionSupported"
    BUILD_SUPPORTED = "BuildSupported"
    IMAGES_UNMODIFIED = "ImagesUnmodified"
    CONFIGURATION_UNMODIFIED = "ConfigurationUnmodified"
    PLATFORM_SUPPORTED = "PlatformSupported"
    DEPENDENCIES_SUPPORTED = "DependenciesSupported"
    MAINTENANCE_ACTIVE = "MaintenanceActive"
    TICKET_ELIGIBLE = "TicketEligible"
    UPGRADE_SUPPORTED = "UpgradeSupported"


class Clause(StrEnum):
    """The part of the vendor's support policy that a code enforces, by its heading and its sentence."""

    END_OF_LIFE = 'End of Life Policy: "Perfana supports major versions for two years"'
    END_OF_LIFE_NOT_SUPPORTED = (
        'End of Life Policy: "Perfana does not provide support for instances on versions that have reached End of Life"'
    )
    SECURITY = 'Addressing Security Issues; SECURITY.md: "security fixes go into the latest release only"'
    BUG_FIXING = 'End of Life Policy: a fix "may require you to upgrade to the version which includes the fix"'
    NON_PRODUCTION = (
        'Support Does Not Include: "Non-production versions of the software such as End of Life, Beta, Release Candidate '
        'or Development releases"'
    )
    DEVELOPMENT = (
        "Beta and Development Releases: \"development releases … tracked with the terminology 'SNAPSHOT' in the version title\""
    )
    DIFFERING_CONFIGURATION = (
        'Databases and Application Servers: "we do not support configurations that differ from the procedures described"'
    )
    OWN_POLICY = "SupportPolicy: maxPolicyAgeDays"


class _Facts(NamedTuple):
    effect: Effect
    conditions: tuple[ConditionType, ...]
    clause: Clause


_VERSION = (ConditionType.VERSION_SUPPORTED,)
_BUILD = (ConditionType.BUILD_SUPPORTED,)


class Code(StrEnum):
    """What a rule can find. Order is severity: among findings of one effect the earlier code is shown first."""

    END_OF_LIFE = "EndOfLife"
    SNAPSHOT_BUILD = "SnapshotBuild"
    BETA_BUILD = "BetaBuild"
    RELEASE_CANDIDATE_BUILD = "ReleaseCandidateBuild"
    MILESTONE_BUILD = "MilestoneBuild"
    DEVELOPMENT_BUILD = "DevelopmentBuild"
    TEST_REPOSITORY = "TestRepository"
    WORKLOADS_UNREADABLE = "WorkloadsUnreadable"
    VERSION_UNDETERMINED = "VersionUndetermined"
    UNKNOWN_RELEASE = "UnknownRelease"
    NEWER_THAN_POLICY = "NewerThanPolicy"
    COMMIT_BUILD = "CommitBuild"
    UNRECOGNISED_BUILD = "UnrecognisedBuild"
    APPROACHING_END_OF_LIFE = "ApproachingEndOfLife"
    KNOWN_DEFECT = "KnownDefect"
    SECURITY_FIX_MISSING = "SecurityFixMissing"
    MIXED_RELEASES = "MixedReleases"
    RETIRED_COMPONENT = "RetiredComponent"
    POLICY_STALE = "PolicyStale"
    FLOATING_TAG = "FloatingTag"
    UNLISTED_PATCH = "UnlistedPatch"
    UPGRADE_AVAILABLE = "UpgradeAvailable"

    @property
    def effect(self) -> Effect:
        """What a finding of this code does to the verdict while nothing waives it."""
        return _FACTS[self].effect

    @property
    def conditions(self) -> tuple[ConditionType, ...]:
        """The conditions that a finding of this code takes part in."""
        return _FACTS[self].conditions

    @property
    def clause(self) -> Clause:
        """The sentence of the support policy behind this code."""
        return _FACTS[self].clause


_FACTS = {
    Code.END_OF_LIFE: _Facts(Effect.UNSUPPORTED, _VERSION, Clause.END_OF_LIFE_NOT_SUPPORTED),
    Code.SNAPSHOT_BUILD: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.DEVELOPMENT),
    Code.BETA_BUILD: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.NON_PRODUCTION),
    Code.RELEASE_CANDIDATE_BUILD: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.NON_PRODUCTION),
    Code.MILESTONE_BUILD: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.NON_PRODUCTION),
    Code.DEVELOPMENT_BUILD: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.NON_PRODUCTION),
    Code.TEST_REPOSITORY: _Facts(Effect.UNSUPPORTED, _BUILD, Clause.NON_PRODUCTION),
    Code.WORKLOADS_UNREADABLE: _Facts(Effect.UNDETERMINED, _VERSION + _BUILD, Clause.END_OF_LIFE),
    # Without a release number nothing tells a released build from another either.
    Code.VERSION_UNDETERMINED: _Facts(Effect.UNDETERMINED, _VERSION + _BUILD, Clause.END_OF_LIFE),
    Code.UNKNOWN_RELEASE: _Facts(Effect.UNDETERMINED, _VERSION, Clause.END_OF_LIFE),
    Code.NEWER_THAN_POLICY: _Facts(Effect.UNDETERMINED, _VERSION, Clause.END_OF_LIFE),
    Code.COMMIT_BUILD: _Facts(Effect.UNDETERMINED, _BUILD, Clause.NON_PRODUCTION),
    Code.UNRECOGNISED_BUILD: _Facts(Effect.UNDETERMINED, _BUILD, Clause.NON_PRODUCTION),
    Code.APPROACHING_END_OF_LIFE: _Facts(Effect.AT_RISK, _VERSION, Clause.END_OF_LIFE),
    Code.KNOWN_DEFECT: _Facts(Effect.AT_RISK, _VERSION, Clause.BUG_FIXING),
    Code.SECURITY_FIX_MISSING: _Facts(Effect.AT_RISK, _VERSION, Clause.SECURITY),
    Code.MIXED_RELEASES: _Facts(Effect.AT_RISK, _VERSION, Clause.DIFFERING_CONFIGURATION),
    Code.RETIRED_COMPONENT: _Facts(Effect.AT_RISK, _VERSION, Clause.DIFFERING_CONFIGURATION),
    Code.POLICY_STALE: _Facts(Effect.AT_RISK, _VERSION, Clause.OWN_POLICY),
    Code.FLOATING_TAG: _Facts(Effect.INFO, _VERSION, Clause.END_OF_LIFE),
    Code.UNLISTED_PATCH: _Facts(Effect.INFO, _VERSION, Clause.END_OF_LIFE),
    Code.UPGRADE_AVAILABLE: _Facts(Effect.INFO, _VERSION, Clause.BUG_FIXING),
}

EFFECT_ORDER = {effect: place for place, effect in enumerate(Effect)}
CODE_ORDER = {code: place for place, code in enumerate(Code)}
