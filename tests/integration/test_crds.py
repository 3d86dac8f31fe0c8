"""The custom resource definitions, as a real API server reads them."""

from __future__ import annotations

import copy
import json
import re
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from perfana_support.model.calendar import parse_day
from perfana_support.model.configuration_policy import read_configuration
from perfana_support.model.dependency_policy import read_dependencies
from perfana_support.model.document import Node
from perfana_support.model.image import parse_image
from perfana_support.model.kubernetes import parse_kubernetes_version
from perfana_support.model.platform_policy import read_platform
from perfana_support.model.release import parse_release
from tests.cluster.client import MERGE_PATCH, ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.client import ApiClient, Object
    from tests.cluster.server import Cluster

REPOSITORY = Path(__file__).parents[2]
CRDS = REPOSITORY / "crds"
DEFAULT_POLICY = REPOSITORY / "operator" / "perfana_support" / "sources" / "builtin" / "default-policy.yaml"
BAD_OBJECTS = REPOSITORY / "tests" / "data" / "bad-objects"

API_VERSION = "support.perfana.io/v1alpha1"

MAX_RELEASES = 2000

# What the API server adds when it could not come to the rules; it is about no field.
NOT_ABOUT_A_FIELD = {"", "<nil>"}

GOOD_SPEC: Object = {
    "policyRef": {"name": "acme"},
    "workloadSelector": {
        "matchLabels": {"app.kubernetes.io/part-of": "perfana"},
        "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["test", ""]}],
    },
    "enforcement": "Gate",
    "target": {"release": "0.2.96.22"},
    "maintenance": {"plan": "Enterprise", "expiresOn": "2027-03-31"},
    "dependencies": [{"product": "postgresql", "version": "16.4"}],
    "platform": {"distribution": "openshift"},
    "waivers": [
        {
            "code": "ApproachingEndOfLife",
            "subject": {"name": "perfana-fe"},
            "reason": "upgrade planned, change 4711",
            "agreedBy": "platform team",
            "expiresOn": "2027-01-31",
        }
    ],
}

GOOD_STATUS: Object = {
    "conditions": [
        {
            "type": "Supported",
            "status": "False",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-11-24T08:00:00Z",
            "reason": "EndOfLife",
            "message": "Perfana 3.1.0 has been out of support since 2026-07-12.",
        },
        {
            "type": "TicketEligible",
            "status": "True",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-11-24T08:00:00Z",
            "reason": "UpgradeAssistanceOnly",
            "message": "",
        },
    ],
    "observedGeneration": 1,
    "release": "3.1.0",
    "supportEndsOn": "2026-07-12",
    "nextTransition": {
        "time": "2027-05-24T00:00:00Z",
        "condition": "Supported",
        "status": "False",
        "reason": "PolicyStale",
        "message": "The policy will be older than 180 days.",
    },
    "policy": {"name": "default", "publishedOn": "2026-11-24", "digest": f"sha256:{'0' * 64}"},
    "components": [
        {
            "repository": "docker.io/perfana/perfana-fe",
            "tag": "perfana-3.1.0",
            "release": "3.1.0",
            "line": "3.1",
            "origin": "harbor.example.com/dockerhub/perfana/perfana-fe",
            "workloads": 1,
        }
    ],
    "findings": [
        {
            "code": "EndOfLife",
            "effect": "Unsupported",
            "condition": "VersionSupported",
            "subject": {
                "kind": "Deployment",
                "namespace": "legacy",
                "name": "perfana-fe",
                "container": "perfana-fe",
                "image": "perfana/perfana-fe:perfana-3.1.0",
            },
            "message": "Line 3.1 ended on 2026-07-12.",
            "remediation": "Upgrade to 0.2.",
            "clause": "We support Perfana 2.2.x for 2 years after Perfana 2.3.0 was released.",
            "waivedUntil": "2027-01-31",
        }
    ],
    "findingsOmitted": 0,
}


class Pair(NamedTuple):
    """A bad object and the good one beside it; see the README of the data."""

    kind: str
    name: str
    good: Object
    bad: Object | None
    field: str
    says: str


def read_pairs(kind: str) -> list[Pair]:
    entries = yaml.safe_load((BAD_OBJECTS / f"{kind.lower()}.yaml").read_text(encoding="utf-8"))
    return [Pair(kind=kind, bad=entry.pop("bad", None), **entry) for entry in entries]


PAIRS = read_pairs("SupportCheck") + read_pairs("SupportPolicy")


def make_object(kind: str, spec: Object | None) -> Object:
    """Return an object of ours with a name of its own; None leaves the spec out."""
    item: Object = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": f"{kind.lower()}-{secrets.token_hex(4)}"},
    }
    return item if spec is None else {**item, "spec": spec}


def try_create(api: ApiClient, item: Object) -> Object:
    """Send an object through everything but storage, as strict with unknown fields as kubectl is."""
    namespace = "default" if item["kind"] == "SupportCheck" else None
    return api.create(item, namespace, dryRun="All", fieldValidation="Strict")


def is_accepted(api: ApiClient, kind: str, spec: Object) -> bool:
    try:
        try_create(api, make_object(kind, spec))
    except ApiError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def _definitions(install_crds: list[str]) -> None:
    """Have the definitions installed before every test here."""
    assert sorted(install_crds) == ["supportchecks.support.perfana.io", "supportpolicies.support.perfana.io"]


@pytest.fixture
def check(api: ApiClient, namespace: str) -> Object:
    """Make a check without spec in the test's namespace."""
    return api.create(make_object("SupportCheck", None), namespace)


def set_status(api: ApiClient, check: Object, status: Object) -> Object:
    name, namespace = check["metadata"]["name"], check["metadata"]["namespace"]
    return api.patch(
        API_VERSION,
        "SupportCheck",
        name,
        {"status": status},
        namespace,
        content_type=MERGE_PATCH,
        subresource="status",
    )


# --- the definitions


def test_definitions_are_accepted_without_a_warning(cluster: Cluster) -> None:
    done = cluster.kubectl("replace", "--dry-run=server", "--warnings-as-errors", "--validate=strict", f"-f{CRDS}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_warning_about_a_definition_would_be_seen(cluster: Cluster) -> None:
    definition = (CRDS / "support.perfana.io_supportchecks.yaml").read_text(encoding="utf-8")
    misspelt = definition.replace("    served: true\n", "    served: true\n    severd: true\n")
    options = ("--dry-run=server", "--warnings-as-errors", "--validate=warn")
    done = cluster.kubectl("replace", *options, "-f-", stdin=misspelt)
    assert done.returncode != 0
    assert 'unknown field "spec.versions[0].severd"' in done.stderr


def test_definitions_are_established_without_a_complaint(api: ApiClient, install_crds: list[str]) -> None:
    for name in install_crds:
        definition = api.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        conditions = {each["type"]: each["status"] for each in definition["status"]["conditions"]}
        assert conditions.items() >= {"Established": "True", "NamesAccepted": "True"}.items()
        assert "NonStructuralSchema" not in conditions
        assert definition["status"]["storedVersions"] == ["v1alpha1"]


# --- objects that are accepted


def test_the_shipped_policy_is_accepted_and_kept_as_it_is(api: ApiClient) -> None:
    policy = yaml.safe_load(DEFAULT_POLICY.read_text(encoding="utf-8"))
    made = try_create(api, policy)
    assert made["spec"] == policy["spec"]


def test_a_full_check_is_accepted_and_kept_as_it_is(api: ApiClient) -> None:
    assert try_create(api, make_object("SupportCheck", GOOD_SPEC))["spec"] == GOOD_SPEC


@pytest.mark.parametrize("spec", [None, {}])
def test_a_check_needs_no_spec(api: ApiClient, spec: Object | None) -> None:
    assert try_create(api, make_object("SupportCheck", spec))["spec"] == {"enforcement": "Report"}


def test_a_check_may_have_its_spec_left_empty_in_yaml(api: ApiClient) -> None:
    item = {**make_object("SupportCheck", None), "spec": None}
    assert try_create(api, item)["spec"] == {"enforcement": "Report"}


def test_a_policy_says_only_what_differs(api: ApiClient) -> None:
    spec = {"lines": [{"name": "3.1", "endOfLifeOn": "2027-12-31"}]}
    assert try_create(api, make_object("SupportPolicy", spec))["spec"] == {"basePolicy": "Default", **spec}


def test_a_policy_may_have_as_many_releases_as_the_schema_allows(api: ApiClient) -> None:
    """What the rules cost at run time is limited too, not only the estimate when they are installed."""
    components = [{"repository": f"perfana/perfana-component-{number}", "version": "0.2.8"} for number in range(6)]
    releases = [
        {"version": f"0.2.96.{number}", "releasedOn": "2026-11-24", "components": components} for number in range(MAX_RELEASES)
    ]
    assert is_accepted(api, "SupportPolicy", {"releases": releases})


def test_a_policy_may_have_as_many_lines_as_the_schema_allows(api: ApiClient) -> None:
    """The rule on their order counts its steps out: the last two lines must be among them."""
    lines = [{"name": f"1.{number}", "firstReleasedOn": f"{2000 + number}-01-01"} for number in range(100)]
    assert is_accepted(api, "SupportPolicy", {"lines": lines})
    for later in (1, 50, 99):
        disordered = copy.deepcopy(lines)
        disordered[later]["firstReleasedOn"] = "1999-12-31"
        assert not is_accepted(api, "SupportPolicy", {"lines": disordered})


def test_a_policy_may_have_as_many_ranges_as_the_schema_allows(api: ApiClient) -> None:
    """The costliest rule by far, on the longest list of it."""
    versions = [f">=1.{number},<123456789.123456789.12345678" for number in range(20)]
    deployed = [{"product": f"product-{number}", "versions": versions} for number in range(20)]
    deployments = [{"name": f"line-{number}", "deployedProducts": deployed} for number in range(20)]
    assert is_accepted(api, "SupportPolicy", {"dependencies": {"deployments": deployments}})


def test_a_policy_may_have_as_many_distributions_as_the_schema_allows(api: ApiClient) -> None:
    """The rules without a base go through all their lines at once."""
    whole = next(pair.good for pair in PAIRS if pair.name == "base-none-without-day")
    lines = [{"name": f"1.{number}", "endOfLifeOn": "2027-06-28", "extendedUntil": "2027-06-28"} for number in range(60)]
    own = {"extendedSupport": "Optional", "lines": lines}
    distributions = [{"name": f"distribution-{number}", **own} for number in range(60)]
    assert is_accepted(api, "SupportPolicy", {**whole, "platform": {"distributions": distributions}})


# --- objects that are refused


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{pair.kind}-{pair.name}" for pair in PAIRS])
def test_bad_object_is_refused_by_field_and_form_and_its_neighbour_is_not(api: ApiClient, pair: Pair) -> None:
    try_create(api, make_object(pair.kind, pair.good))
    with pytest.raises(ApiError) as refused:
        try_create(api, make_object(pair.kind, pair.bad))
    message, causes = refused.value.message, refused.value.body.get("details", {}).get("causes", [])
    assert pair.field in message
    assert pair.says in message
    assert {cause["field"] for cause in causes} - NOT_ABOUT_A_FIELD <= {pair.field}, message


def test_pairs_have_names_of_their_own_and_are_enough() -> None:
    names = [(pair.kind, pair.name) for pair in PAIRS]
    assert len(names) == len(set(names))
    assert len(names) >= 150


def rules_for_specs() -> Iterator[tuple[str, str, str]]:
    """Yield kind, path (`spec.waivers[].code`) and message of every rule that a spec has to meet."""
    for path in sorted(CRDS.glob("*.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        root = definition["versions"][0]["schema"]["openAPIV3Schema"]
        for place, rule in rules_below(root["properties"]["spec"], "spec"):
            yield definition["names"]["kind"], place, rule["message"]


def rules_below(schema: Object, path: str) -> Iterator[tuple[str, Object]]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield path + rule.get("fieldPath", ""), rule
    for name, child in schema.get("properties", {}).items():
        yield from rules_below(child, f"{path}.{name}")
    if "items" in schema:
        yield from rules_below(schema["items"], f"{path}[]")


def test_every_rule_is_broken_by_a_bad_object() -> None:
    broken = [(pair.kind, re.sub(r"\[\d+\]", "[]", pair.field), pair.says) for pair in PAIRS]
    rules = list(rules_for_specs())
    assert len(rules) > len(PAIRS) / 2
    assert [
        (kind, place, message)
        for kind, place, message in rules
        if not any((kind, place) == each[:2] and each[2] in message for each in broken)
    ] == []


# --- the server and the program agree

DAYS = """
2027-01-31 2027-03-31 2027-12-31 2027-01-32 2027-04-30 2027-04-31 2027-06-31 2027-09-31 2027-11-31
2027-02-28 2027-02-29 2027-02-30 2027-02-31 2024-02-29 2096-02-29 2000-02-29 1900-02-29 2100-02-29 2400-02-29
2027-00-10 2027-13-10 2027-10-00 2027-1-01 27-01-01 20270101 2027-W01-1 2027-01-01Z +2027-01-01
\uff12027-01-01 9999-12-31 10000-01-01
"""

IMAGES = f"""
perfana/perfana-web:0.2.1 docker.io/perfana/perfana-web:0.2.1 REGISTRY.example.com/a:1 localhost/a:1
localhost:5000/a:1 registry.example.com:x/a:1 https://a/b:1 a:1 a/b/c/d:1 a/b:1/c a//b:1 /a:1 A/b:1 a/B:1
a__b:1 a___b:1 a--b:1 a..b:1 -a:1 a-:1 a: a:.1 a:-1 a:_1 a:1:2 a:{"t" * 128} a:{"t" * 129}
a@sha256:{"0" * 64} a:1@sha256:{"0" * 64} a:1@sha256:{"0" * 31} a:1@sha512:{"f" * 128} a:1@{"0" * 64} a:1@
"""

VERSIONS = """
1 1.2 1.2.3 1.2.3.4 1.2.3.4.5 v1.2 perfana-1.2.3 1.2-rc1 1..2 .1.2 1.2. 01.2 123456789.1 1234567890.1 1,2
\uff11.2
"""


KUBERNETES_VERSIONS = f"""
1.33 v1.33.4 1.33+ v1.33+ 1.33- 1.33.4+ 1.33.4-gke.100 v1.30.4+k3s1 v1.28.2-eks-1_2 1.33.4.5 133 1 1.033 01.33 v1.33.
1.0 1.1234567890 V1.33 1.33.4-{"a" * 120} 1.33.4-{"a" * 121} 1.33.4-a/b 1.33.4_a
"""

KUBERNETES_LINES = """
1.30 0.0 10.10 1 1.30.1 01.30 1.03 v1.30 1.30+ 1.x 123456789.1 1234567890.1 1.1234567890 \uff11.30
"""

SUFFIXES = """
-a +a a -gke.<any> -gke.<any>x -gke.<any>-x -<any> <any> -eks-<n>-<n>-<n> +rke2r<n>-build<n> +<n>.el<n> -r<n>x -<n><n>
+<commit> -<hex>.<n> -<date> -< -> --- ---vmware.<any> -<n>. -a/b -<any><any> -\u00e9 -<n>-<any>.<n>
"""

PATHS = """
/app / // //app /app/ /app//a /app/. /app/./a /app/.. /app/../a /.. /... /.a /..a /a.. /app/a.b app ./app ../app /\u00e9 /a:b
"""

OPTIONS = r"""
-Xmx<n>m -Xmx<n> <n> <n>% -XX:A=<n>.<n> <n><n> <n>0 <n>a<n>1 <x> < > a>b a<b a"b a'b a\b -Da=b,c default 0 -Xmx<N>m
"""

RANGES = """
16 16.4 1.2.3.4.5 * ** 16.* ==16.* !=16.* >=16.* >=16 <=16 >16 <16 ~=16 ~=16.1 ~=16.1.2 ==16 !=16 ===16 =16 >=16,<17
>=16,<17,!=16.2 >=16, ,<17 >=16,,<17 16,17 16,>=15 ^16 v16 16.x .16 16. >=.1 123456789 1234567890 ==1.*.* ~=1.*
<>16 => \uff11 16-rc1 >=1.*,*
"""

CARRIERS = """
postgres percona/percona-server-mongodb a/b/c /a a/ a//b A a/B a_b a:b a/b:c -a .a a- a. a/-b a/.b
postgresql-<version> postgresql-<version>-c9s <version> <version>-a a<version>/b a/b<version> -<version> a-<version>-<version>
a<version>:b a<n>
"""


def maintenance_until(day: str) -> tuple[str, Object]:
    return "SupportCheck", {"maintenance": {"plan": "Team", "expiresOn": day}}


def target_of(image: str) -> tuple[str, Object]:
    return "SupportCheck", {"target": {"images": [image]}}


def running_on(version: str) -> tuple[str, Object]:
    return "SupportCheck", {"platform": {"kubernetesVersion": version}}


def release_with(version: str) -> tuple[str, Object]:
    components = [{"repository": "perfana/perfana-ds", "version": version}]
    return "SupportPolicy", {"releases": [{"version": "3.3.0", "components": components}]}


def line_of(name: str) -> tuple[str, Object]:
    return "SupportPolicy", {"platform": {"kubernetesLines": [{"name": name}]}}


def suffixed(pattern: str) -> tuple[str, Object]:
    return "SupportPolicy", {"platform": {"distributions": [{"name": "acme", "versionSuffixes": [pattern]}]}}


def code_in(path: str) -> tuple[str, Object]:
    return "SupportPolicy", {"configuration": {"codePaths": [path]}}


def harmless(option: str) -> tuple[str, Object]:
    return "SupportPolicy", {"configuration": {"injectedVariables": [{"name": "JAVA_OPTS", "harmless": [option]}]}}


def deployed_with(versions: str) -> tuple[str, Object]:
    deployed = [{"product": "redis", "versions": [versions]}]
    return "SupportPolicy", {"dependencies": {"deployments": [{"name": "all", "deployedProducts": deployed}]}}


def carrier_of(name: str) -> tuple[str, Object]:
    return "SupportPolicy", {"dependencies": {"carriers": [{"name": name}]}}


def read_by(section: str, read: Callable[[Node], object], wrap: Callable[[str], tuple[str, Object]]) -> Callable[[str], object]:
    """Return a parser that answers None where the reader of a policy's section finds fault with the wrapped text."""

    def parse(text: str) -> object:
        node = Node(wrap(text)[1][section], section, [])
        read(node)
        return None if node.problems else text

    return parse


def read_part_of_platform(node: Node) -> object:
    return read_platform(node, is_whole=False)


def read_part_of_dependencies(node: Node) -> object:
    return read_dependencies(node, is_whole=False)


@pytest.mark.parametrize(
    ("texts", "parse", "wrap"),
    [
        (DAYS, parse_day, maintenance_until),
        (IMAGES, parse_image, target_of),
        (VERSIONS, parse_release, release_with),
        (KUBERNETES_VERSIONS, parse_kubernetes_version, running_on),
        (KUBERNETES_LINES, read_by("platform", read_part_of_platform, line_of), line_of),
        (SUFFIXES, read_by("platform", read_part_of_platform, suffixed), suffixed),
        (PATHS, read_by("configuration", read_configuration, code_in), code_in),
        (OPTIONS, read_by("configuration", read_configuration, harmless), harmless),
        (RANGES, read_by("dependencies", read_part_of_dependencies, deployed_with), deployed_with),
        (CARRIERS, read_by("dependencies", read_part_of_dependencies, carrier_of), carrier_of),
    ],
    ids=[
        "days",
        "images",
        "versions",
        "kubernetes-versions",
        "kubernetes-lines",
        "suffixes",
        "paths",
        "options",
        "ranges",
        "carriers",
    ],
)
def test_the_server_accepts_what_the_program_can_read(
    api: ApiClient, texts: str, parse: Callable[[str], object], wrap: Callable[[str], tuple[str, Object]]
) -> None:
    tried = texts.split()
    readable = [text for text in tried if parse(text) is not None]
    assert 0 < len(readable) < len(tried)
    assert [text for text in tried if is_accepted(api, *wrap(text))] == readable


# --- status


def test_status_begins_with_generation_minus_one(api: ApiClient, namespace: str) -> None:
    made = api.create(make_object("SupportCheck", None), namespace)
    assert made["status"] == {"observedGeneration": -1}
    assert api.get(API_VERSION, "SupportCheck", made["metadata"]["name"], namespace)["status"] == made["status"]


def test_status_of_a_policy_begins_with_generation_minus_one(api: ApiClient) -> None:
    made = api.create(make_object("SupportPolicy", {}))
    api.delete(API_VERSION, "SupportPolicy", made["metadata"]["name"])
    assert made["status"] == {"observedGeneration": -1}


def test_status_is_not_the_users_to_write(api: ApiClient, namespace: str) -> None:
    item = {**make_object("SupportCheck", None), "status": GOOD_STATUS}
    assert api.create(item, namespace)["status"] == {"observedGeneration": -1}


def test_a_full_status_is_accepted_and_kept_as_it_is(api: ApiClient, check: Object) -> None:
    written = set_status(api, check, GOOD_STATUS)
    assert written["status"] == GOOD_STATUS
    assert written["metadata"]["generation"] == check["metadata"]["generation"]


def test_status_of_a_policy_is_accepted_and_kept_as_it_is(api: ApiClient) -> None:
    status = {
        "conditions": GOOD_STATUS["conditions"],
        "observedGeneration": 1,
        "digest": f"sha256:{'0' * 64}",
        "publishedOn": "2026-11-24",
        "problems": ["spec.releases[3].releasedOn: must be a date, is '2024-13-01'"],
    }
    name = api.create(make_object("SupportPolicy", {}))["metadata"]["name"]
    try:
        written = api.patch(API_VERSION, "SupportPolicy", name, {"status": status}, subresource="status")
    finally:
        api.delete(API_VERSION, "SupportPolicy", name)
    assert written["status"] == status


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("conditions", 0, "status"), "Maybe", 'supported values: "True", "False", "Unknown"'),
        (("conditions", 0, "lastTransitionTime"), "2026-11-24", "must be of type date-time"),
        (("conditions", 0, "reason"), "not a code", "should match"),
        (("conditions", 1, "type"), "Supported", "Duplicate value"),
        (
            ("findings", 0, "effect"),
            "Bad",
            'supported values: "Unsupported", "Undetermined", "AtRisk", "Info"',
        ),
        (("findings", 0, "message"), "x" * 1025, "may not be more than 1024"),
        (("supportEndsOn",), "", "YYYY-MM-DD"),
    ],
)
def test_a_status_that_breaks_the_contract_is_refused(
    api: ApiClient, check: Object, path: tuple[str | int, ...], value: str, says: str
) -> None:
    status: Any = copy.deepcopy(GOOD_STATUS)
    parent = status
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    with pytest.raises(ApiError, match=re.escape(says)):
        set_status(api, check, status)


def test_conditions_of_others_stay_when_ours_are_applied(api: ApiClient, check: Object) -> None:
    ours, theirs = copy.deepcopy(GOOD_STATUS["conditions"])
    theirs["type"] = "example.com/Reviewed"
    name, namespace = check["metadata"]["name"], check["metadata"]["namespace"]
    for manager, condition in (("them", theirs), ("us", ours)):
        item = {
            "apiVersion": API_VERSION,
            "kind": "SupportCheck",
            "metadata": {"name": name},
            "status": {"conditions": [condition]},
        }
        api.apply(item, namespace, field_manager=manager, force=False, subresource="status")
    kept = api.get(API_VERSION, "SupportCheck", name, namespace)["status"]["conditions"]
    assert sorted(each["type"] for each in kept) == ["Supported", "example.com/Reviewed"]


# --- what kubectl shows


def columns(cluster: Cluster, *arguments: str) -> list[list[str]]:
    """Return a table of kubectl as rows of cells, cut where the header's columns begin."""
    done = cluster.kubectl("get", *arguments)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    ends = [*starts[1:], None]
    return [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in (header, *rows)]


def test_kubectl_shows_a_check(cluster: Cluster, api: ApiClient, check: Object) -> None:
    set_status(api, check, GOOD_STATUS)
    name, namespace = check["metadata"]["name"], check["metadata"]["namespace"]
    header, row = columns(cluster, "supportchecks", f"-n{namespace}")
    assert header == ["NAME", "VERSION", "SUPPORTED", "REASON", "UNTIL", "AGE"]
    assert row[:5] == [name, "3.1.0", "False", "EndOfLife", "2026-07-12"]
    header, row = columns(cluster, "supchk", f"-n{namespace}", "-owide")
    assert header[6:] == ["TICKET", "POLICY", "MESSAGE"]
    assert row[6:] == ["True", "default", "Perfana 3.1.0 has been out of support since 2026-07-12."]


def test_kubectl_shows_a_policy(cluster: Cluster, api: ApiClient) -> None:
    name = api.create(make_object("SupportPolicy", {}))["metadata"]["name"]
    valid = {**GOOD_STATUS["conditions"][0], "type": "Valid", "reason": "PolicyInvalid", "message": "No."}
    status = {"conditions": [valid], "publishedOn": "2026-11-24"}
    api.patch(API_VERSION, "SupportPolicy", name, {"status": status}, subresource="status")
    try:
        header, row = columns(cluster, "suppol", name)
        wide_header, wide_row = columns(cluster, "supportpolicies", name, "-owide")
    finally:
        api.delete(API_VERSION, "SupportPolicy", name)
    assert header == ["NAME", "VALID", "REASON", "PUBLISHED", "BASE", "AGE"]
    assert row[:5] == [name, "False", "PolicyInvalid", "2026-11-24", "Default"]
    assert (wide_header[6:], wide_row[6:]) == (["MESSAGE"], ["No."])


def test_a_check_is_in_category_perfana_and_not_in_all(cluster: Cluster, check: Object) -> None:
    namespace = check["metadata"]["namespace"]
    listed = json.loads(cluster.kubectl("get", "perfana", f"-n{namespace}", "-ojson").stdout)["items"]
    assert [each["metadata"]["name"] for each in listed] == [check["metadata"]["name"]]
    assert json.loads(cluster.kubectl("get", "all", f"-n{namespace}", "-ojson").stdout)["items"] == []


def test_kubectl_waits_for_a_verdict(cluster: Cluster, api: ApiClient, check: Object) -> None:
    status = copy.deepcopy(GOOD_STATUS)
    status["conditions"][0].update(status="True", reason="AllRulesMet")
    set_status(api, check, status)
    name, namespace = check["metadata"]["name"], check["metadata"]["namespace"]
    done = cluster.kubectl("wait", "--for=condition=Supported", "--timeout=10s", f"supchk/{name}", f"-n{namespace}")
    assert done.returncode == 0, done.stderr


def test_kubectl_explains_every_field_by_its_name(cluster: Cluster) -> None:
    done = cluster.kubectl("explain", "supportchecks.spec.waivers.expiresOn")
    assert done.returncode == 0, done.stderr
    assert "expiresOn is the last day of the waiver, as YYYY-MM-DD in UTC." in " ".join(done.stdout.split())
