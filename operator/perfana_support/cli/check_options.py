"""The options of `check`: what each is called, takes and is for."""

import argparse
from datetime import date

from perfana_support.cli.options import Option, choice
from perfana_support.cli.output import to_output
from perfana_support.model.calendar import parse_day
from perfana_support.model.check import Requirement
from perfana_support.model.code import Code
from perfana_support.model.image_policy import Verification
from perfana_support.reports.formats import FORMATS

FAIL_ON = ("not-supported", "at-risk")
ON_UNKNOWN = ("fail", "pass")
TARGET_ALONE = "target"
JUDGE = ("both", TARGET_ALONE)


def to_day(text: str) -> date:
    """A day. Raises `argparse.ArgumentTypeError`, as all of these do."""
    day = parse_day(text)
    if day is None:
        raise argparse.ArgumentTypeError(f"must be a day as YYYY-MM-DD, is {text!r}")
    return day


def to_text(text: str) -> str:
    """A text with something in it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty; is a variable unset?")
    return text


def _code(text: str) -> Code:
    if text not in _CODES:
        from perfana_support.cli.near import meant  # noqa: PLC0415 - only who uses it pays for it

        problem = f"must be a finding's code, is {text!r}{meant(text, _CODES)}; perfana-support explain lists them"
        raise argparse.ArgumentTypeError(problem)
    return Code(text)


def _selector(text: str) -> tuple[Requirement, ...]:
    from perfana_support.cli.selector import parse_selector  # noqa: PLC0415 - only who uses it pays for it

    return parse_selector(text)


_CODES = frozenset(map(str, Code))
OPTIONS = (
    Option(
        "filename",
        "FILE|DIR|-",
        "a manifest, packed by gzip or not, a folder of them (all .yaml, .yml and .json files below it), a Helm chart's or "
        "kustomization's folder (rendered by your helm or kubectl), a pattern in quotes, or - for standard input; repeatable",
        to_text,
        short="f",
        is_list=True,
    ),
    Option(
        "namespace", "NAMESPACE", "judge what runs in this namespace of a cluster; repeatable", to_text, short="n", is_list=True
    ),
    Option("bundle", "FILE", "judge what a bundle holds (perfana-support bundle), by its policy, check and day", to_text),
    Option(
        "values",
        "FILE",
        "values for charts, handed to your helm after their own; repeatable. For all else that helm takes: helm template … | "
        "perfana-support check -f -",
        to_text,
        is_list=True,
    ),
    Option("context", "NAME", "the kubeconfig's context to use (default: the current one; in a pod, its own cluster)", to_text),
    Option("kubeconfig", "FILE", "the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)", to_text),
    Option(
        "selector",
        "SELECTOR",
        "of the workloads with components only those with these labels: app=web,tier!=cache",
        _selector,
        short="l",
    ),
    Option(
        "policy",
        "FILE|DIR|-",
        "a SupportPolicy document that states what differs from the built-in policy, or a folder that holds one",
        to_text,
    ),
    Option(
        "verification",
        "|".join(Verification),
        "how much proof is asked that images are the vendor's: where they are from, the digests that the policy lists, or what "
        "the registries serve that it names (default: as the policy says)",
        choice(*Verification),
    ),
    Option(
        "registry-config",
        "FILE",
        "a Docker configuration with credentials for registries (default: $REGISTRY_AUTH_FILE, else Docker's own)",
        to_text,
    ),
    Option("registry-ca-file", "FILE", "certificates of authorities that registries have, beside the system's", to_text),
    Option("as-of", "DATE", "judge as of this day, YYYY-MM-DD in UTC (default: today; of a bundle, its own)", to_day),
    Option(
        "check",
        "FILE|-",
        "a SupportCheck document: its waivers, maintenance, dependencies, platform and target hold; the policy that it "
        "names must be given with --policy",
        to_text,
    ),
    Option(
        "target",
        "RELEASE",
        "judge as well what the installation would be after an upgrade to this release, or to the newest of a line (0.2); "
        "the worse of both is the exit code",
        to_text,
    ),
    Option(
        "judge",
        "|".join(JUDGE),
        "with a target, whether the run is about what runs now and about what the upgrade would leave, or about the latter "
        f"alone, for what runs now may be what the upgrade mends (default: {JUDGE[0]})",
        choice(*JUDGE),
    ),
    Option("kubernetes-version", "V", "the version of the cluster that the manifests are for, which they cannot show", to_text),
    Option("distribution", "NAME", "its distribution: eks, gke, aks, openshift…", to_text),
    Option(
        "output",
        "FORMAT[=FILE]",
        f"{', '.join(f'{name} ({what})' for name, what in FORMATS.items())}; with =FILE into a file, repeatable for several in "
        "one run (default: table)",
        to_output,
        short="o",
        is_list=True,
    ),
    Option("fail-on", "|".join(FAIL_ON), f"from which verdict on the run fails (default: {FAIL_ON[0]})", choice(*FAIL_ON)),
    Option(
        "on-unknown",
        "|".join(ON_UNKNOWN),
        f"whether a run fails that could not determine a verdict (default: {ON_UNKNOWN[0]})",
        choice(*ON_UNKNOWN),
    ),
    Option(
        "ignore",
        "CODE",
        "a finding's code that does not count; it stays in the output, marked; repeatable",
        _code,
        is_list=True,
    ),
    Option(
        "baseline",
        "FILE",
        "an earlier report (-o json=FILE): what it found already stays in the output, marked, and does not count",
        to_text,
    ),
)
# What shells may offer as values.
VALUES = {
    "output": tuple(FORMATS),
    "fail_on": FAIL_ON,
    "verification": tuple(Verification),
    "on_unknown": ON_UNKNOWN,
    "judge": JUDGE,
    "ignore": tuple(sorted(_CODES)),
}
