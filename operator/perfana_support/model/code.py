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


class Reason(StrEnum):
    """Reasons of conditions that are no finding's code."""

    ALL_RULES_MET = "AllRulesMet"
    NO_COMPONENTS = "NoComponents"
    NOT_OBSERVABLE = "NotObservable"
    NOT_DECLARED = "NotDeclared"
    UPGRADE_ASSISTANCE_ONLY = "UpgradeAssistanceOnly"
    TARGET_UNKNOWN = "TargetUnknown"
    CHECK_INVALID = "CheckInvalid"
    POLICY_NOT_FOUND = "PolicyNotFound"
    POLICY_INVALID = "PolicyInvalid"
    POLICY_UNREADABLE = "PolicyUnreadable"
    EVALUATION_FAILED = "EvaluationFailed"
    POLICY_VALID = "PolicyValid"
    EVALUATED = "Evaluated"
    NOT_SUPPORTED = "NotSupported"


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


# Those that sum up a verdict: of what runs, and of what a target would make of it.
DECIDING = (ConditionType.SUPPORTED, ConditionType.UPGRADE_SUPPORTED)


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
    CUSTOMISED = (
        'Support Does Not Include: "Customized versions of Perfana products (customized = original product code has been '
        'modified)"'
    )
    TEMPLATES = (
        'Third-Party Cloud Environments: "If such templates are altered and used differently to those Perfana has provided, '
        'Perfana Support may not be able to provide support for these alterations"'
    )
    PLATFORMS = 'Supported Platforms: "Perfana will not provide assistance with configuration in unsupported environments"'
    THIRD_PARTY = 'Third-Party Product Integration: "does not provide support for 3rd party applications"'
    MAINTENANCE = (
        'Eligibility and Software Maintenance: "After the active maintenance period expires … you will no longer be able to '
        'access support"'
    )
    FREE_PLAN = 'Eligibility and Software Maintenance: "free licenses include community support only"'
    OWN_POLICY = "SupportPolicy: maxPolicyAgeDays"


class _Facts(NamedTuple):
    effect: Effect
    conditions: tuple[ConditionType, ...]
    clause: Clause


_VERSION = (ConditionType.VERSION_SUPPORTED,)
_BUILD = (ConditionType.BUILD_SUPPORTED,)
_IMAGES = (ConditionType.IMAGES_UNMODIFIED,)
_CONFIGURATION = (ConditionType.CONFIGURATION_UNMODIFIED,)
_PLATFORM = (ConditionType.PLATFORM_SUPPORTED,)
_DEPENDENCIES = (ConditionType.DEPENDENCIES_SUPPORTED,)
_MAINTENANCE = (ConditionType.MAINTENANCE_ACTIVE,)
# All that is judged by what runs.
_WORKLOADS = (
    *_VERSION,
    *_BUILD,
    *_IMAGES,
    *_CONFIGURATION,
    ConditionType.DEPENDENCIES_SUPPORTED,
)


class Code(StrEnum):
    """What a rule can find. Order is severity: among findings of one effect the earlier code is shown first."""

    END_OF_LIFE = "EndOfLife"
    SNAPSHOT_BUILD = "SnapshotBuild"
    BETA_BUILD = "BetaBuild"
    RELEASE_CANDIDATE_BUILD = "ReleaseCandidateBuild"
    MILESTONE_BUILD = "MilestoneBuild"
    DEVELOPMENT_BUILD = "DevelopmentBuild"
    TEST_REPOSITORY = "TestRepository"
    TAG_DIGEST_MISMATCH = "TagDigestMismatch"
    IMAGE_MODIFIED = "ImageModified"
    DERIVED_IMAGE = "DerivedImage"
    IMAGE_RECONFIGURED = "ImageReconfigured"
    CODE_MOUNTED = "CodeMounted"
    KUBERNETES_END_OF_LIFE = "KubernetesEndOfLife"
    ARCHITECTURE_UNSUPPORTED = "ArchitectureUnsupported"
    OPERATING_SYSTEM_UNSUPPORTED = "OperatingSystemUnsupported"
    DISTRIBUTION_UNSUPPORTED = "DistributionUnsupported"
    DEPENDENCY_UNSUPPORTED = "DependencyUnsupported"
    MAINTENANCE_EXPIRED = "MaintenanceExpired"
    COMMUNITY_PLAN = "CommunityPlan"
    WORKLOADS_UNREADABLE = "WorkloadsUnreadable"
    VERSION_UNDETERMINED = "VersionUndetermined"
    UNKNOWN_RELEASE = "UnknownRelease"
    NEWER_THAN_POLICY = "NewerThanPolicy"
    COMMIT_BUILD = "CommitBuild"
    UNRECOGNISED_BUILD = "UnrecognisedBuild"
    UNOFFICIAL_REPOSITORY = "UnofficialRepository"
    REPACKAGED_IMAGE = "RepackagedImage"
    DIGEST_UNVERIFIED = "DigestUnverified"
    KUBERNETES_UNLISTED = "KubernetesUnlisted"
    PLATFORM_UNREADABLE = "PlatformUnreadable"
    DEPENDENCY_UNLISTED = "DependencyUnlisted"
    DEPENDENCY_IMPOSTOR = "DependencyImpostor"
    APPROACHING_END_OF_LIFE = "ApproachingEndOfLife"
    KNOWN_DEFECT = "KnownDefect"
    SECURITY_FIX_MISSING = "SecurityFixMissing"
    MIXED_RELEASES = "MixedReleases"
    RETIRED_COMPONENT = "RetiredComponent"
    MIXED_DIGESTS = "MixedDigests"
    COMMAND_OVERRIDDEN = "CommandOverridden"
    RUNTIME_INJECTED = "RuntimeInjected"
    KUBERNETES_UNTESTED = "KubernetesUntested"
    DEPENDENCY_UPSTREAM_END_OF_LIFE = "DependencyUpstreamEndOfLife"
    DEPENDENCY_UNDECLARED = "DependencyUndeclared"
    MAINTENANCE_EXPIRING = "MaintenanceExpiring"
    POLICY_STALE = "PolicyStale"
    EXEC_HOOK = "ExecHook"
    DEBUG_CONTAINER = "DebugContainer"
    FOREIGN_SIDECAR = "ForeignSidecar"
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
    Code.WORKLOADS_UNREADABLE: _Facts(Effect.UNDETERMINED, _WORKLOADS, Clause.END_OF_LIFE),
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
    Code.TAG_DIGEST_MISMATCH: _Facts(Effect.UNSUPPORTED, _IMAGES, Clause.CUSTOMISED),
    Code.IMAGE_MODIFIED: _Facts(Effect.UNSUPPORTED, _IMAGES, Clause.CUSTOMISED),
    Code.DERIVED_IMAGE: _Facts(Effect.UNSUPPORTED, _IMAGES, Clause.CUSTOMISED),
    Code.IMAGE_RECONFIGURED: _Facts(Effect.UNSUPPORTED, _IMAGES, Clause.CUSTOMISED),
    Code.CODE_MOUNTED: _Facts(Effect.UNSUPPORTED, _CONFIGURATION, Clause.CUSTOMISED),
    Code.KUBERNETES_END_OF_LIFE: _Facts(Effect.UNSUPPORTED, _PLATFORM, Clause.PLATFORMS),
    Code.ARCHITECTURE_UNSUPPORTED: _Facts(Effect.UNSUPPORTED, _PLATFORM, Clause.PLATFORMS),
    Code.OPERATING_SYSTEM_UNSUPPORTED: _Facts(Effect.UNSUPPORTED, _PLATFORM, Clause.PLATFORMS),
    Code.DISTRIBUTION_UNSUPPORTED: _Facts(Effect.UNSUPPORTED, _PLATFORM, Clause.PLATFORMS),
    Code.DEPENDENCY_UNSUPPORTED: _Facts(Effect.UNSUPPORTED, _DEPENDENCIES, Clause.DIFFERING_CONFIGURATION),
    Code.MAINTENANCE_EXPIRED: _Facts(Effect.UNSUPPORTED, _MAINTENANCE, Clause.MAINTENANCE),
    Code.COMMUNITY_PLAN: _Facts(Effect.UNSUPPORTED, _MAINTENANCE, Clause.FREE_PLAN),
    Code.UNOFFICIAL_REPOSITORY: _Facts(Effect.UNDETERMINED, _IMAGES, Clause.CUSTOMISED),
    Code.REPACKAGED_IMAGE: _Facts(Effect.UNDETERMINED, _IMAGES, Clause.CUSTOMISED),
    Code.DIGEST_UNVERIFIED: _Facts(Effect.UNDETERMINED, _IMAGES, Clause.CUSTOMISED),
    Code.KUBERNETES_UNLISTED: _Facts(Effect.UNDETERMINED, _PLATFORM, Clause.PLATFORMS),
    Code.PLATFORM_UNREADABLE: _Facts(Effect.UNDETERMINED, _PLATFORM, Clause.PLATFORMS),
    Code.DEPENDENCY_UNLISTED: _Facts(Effect.UNDETERMINED, _DEPENDENCIES, Clause.DIFFERING_CONFIGURATION),
    Code.DEPENDENCY_IMPOSTOR: _Facts(Effect.UNDETERMINED, _DEPENDENCIES, Clause.DIFFERING_CONFIGURATION),
    Code.MIXED_DIGESTS: _Facts(Effect.AT_RISK, _IMAGES, Clause.CUSTOMISED),
    Code.COMMAND_OVERRIDDEN: _Facts(Effect.AT_RISK, _CONFIGURATION, Clause.TEMPLATES),
    Code.RUNTIME_INJECTED: _Facts(Effect.AT_RISK, _CONFIGURATION, Clause.TEMPLATES),
    Code.KUBERNETES_UNTESTED: _Facts(Effect.AT_RISK, _PLATFORM, Clause.PLATFORMS),
    Code.DEPENDENCY_UPSTREAM_END_OF_LIFE: _Facts(Effect.AT_RISK, _DEPENDENCIES, Clause.DIFFERING_CONFIGURATION),
    Code.DEPENDENCY_UNDECLARED: _Facts(Effect.AT_RISK, _DEPENDENCIES, Clause.DIFFERING_CONFIGURATION),
    Code.MAINTENANCE_EXPIRING: _Facts(Effect.AT_RISK, _MAINTENANCE, Clause.MAINTENANCE),
    Code.EXEC_HOOK: _Facts(Effect.INFO, _CONFIGURATION, Clause.TEMPLATES),
    Code.DEBUG_CONTAINER: _Facts(Effect.INFO, _CONFIGURATION, Clause.TEMPLATES),
    Code.FOREIGN_SIDECAR: _Facts(Effect.INFO, _CONFIGURATION, Clause.THIRD_PARTY),
}

EFFECT_ORDER = {effect: place for place, effect in enumerate(Effect)}
CODE_ORDER = {code: place for place, code in enumerate(Code)}
