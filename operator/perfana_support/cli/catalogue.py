"""Read the digests of releases from the vendor's registry, for a policy that proves images by them, with no registry to ask."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from perfana_support.cli.exit_codes import ExitCode
from perfana_support.cli.judging import open_registries
from perfana_support.cli.policy import print_yaml
from perfana_support.evaluate.inventory import short_repository
from perfana_support.evaluate.target import read_release
from perfana_support.model.answer import Absent, Answer, Config, Gap, Index, Manifest, Question, Subject
from perfana_support.model.image_policy import MAX_DIGESTS
from perfana_support.model.layers import made_of
from perfana_support.model.policy import Policy
from perfana_support.reports.table import printable
from perfana_support.sources.errors import Fault, SourceError
from perfana_support.sources.policy import builtin_policy, read_policy

if TYPE_CHECKING:
    from perfana_support.cli.registries import Registries

EXAMPLES = """\
examples:
  perfana-support catalogue 0.2.96.22 > catalogue.yaml
  perfana-support catalogue 0.2.96.21 0.2.96.22 --policy our-policy.yaml
  perfana-support check -n perfana --policy catalogue.yaml --verification Catalogue   # with no registry to ask
"""


class _Image(NamedTuple):
    """An image that a release consists of, and the question for it."""

    repository: str
    release: str
    question: Question


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `catalogue`."""
    parser.add_argument("release", nargs="+", metavar="RELEASE", help="a release that the policy lists, such as 0.2.96.22")
    parser.add_argument("--policy", metavar="FILE|DIR|-", help="a SupportPolicy that says where registries are")
    parser.add_argument("--registry-config", metavar="FILE", help="a Docker configuration with credentials for registries")
    parser.add_argument("--registry-ca-file", metavar="FILE", help="certificates of authorities, beside the system's")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Print a policy with what the registry serves; what cannot be read is told, and fails the run."""
    policy = read_policy(arguments.policy) if arguments.policy else builtin_policy()
    images = [image for text in arguments.release for image in _images(text, policy)]
    registries = open_registries(arguments, policy)
    try:
        entries, faults = _read(images, registries)
    finally:
        registries.close()
    for fault in faults:
        print(printable(f"error: {fault}"), file=sys.stderr)
    if entries:
        print_yaml(_policy_document(entries))
    if len(entries) > MAX_DIGESTS:
        print(f"note: these are {len(entries)} digests, a policy takes {MAX_DIGESTS}", file=sys.stderr)
    return ExitCode.BAD_INPUT if faults or not entries else ExitCode.SUPPORTED


def _images(text: str, policy: Policy) -> Iterator[_Image]:
    """What a release consists of, under the tags that the vendor gives it."""
    number = read_release(text, policy)
    listed = policy.releases.get(number) if number else None
    product_line = policy.product_line_of(number.line) if number else None
    if number is None or listed is None or product_line is None:
        raise SourceError(
            [Fault(text, 0, 0, f"is no release that policy {policy.name} lists; perfana-support policy show does")]
        )
    line = policy.lines.get(number.line)
    prefix = line.tag_prefix if line else ""
    for component in product_line.components:
        question = Question(Subject.MANIFEST, component.repository, f"{prefix}{listed.version}")
        yield _Image(component.repository, listed.version, question)


def _read(images: Sequence[_Image], registries: "Registries") -> tuple[list[dict[str, Any]], list[str]]:
    """The entries of all images, and what could not be read."""
    entries: dict[str, dict[str, Any]] = {}
    faults: dict[str, None] = {}
    wanted = [(image, image.question, "") for image in images]
    while wanted:
        registries.ask([question for _, question, _ in wanted if question not in registries.known])
        further = []
        for image, question, platform in wanted:
            answer = registries.known[question]
            if isinstance(answer, Gap):
                faults[f"{_name(image)}: {answer.cause}"] = None
            elif isinstance(answer, Absent):
                print(printable(f"note: {question.repository}:{question.reference} is not served"), file=sys.stderr)
            else:
                known = entries.setdefault(answer.digest, _entry(image, answer, platform))
                if known["release"] != image.release:
                    told = (
                        f"note: {answer.digest} is that of {known['release']} and {image.release}, and is listed for the first"
                    )
                    print(printable(told), file=sys.stderr)
                further += [(image, *each) for each in _below(answer, question.repository, platform)]
        wanted = further
    return list(entries.values()), list(faults)


def _below(answer: Answer, repository: str, platform: str) -> Iterator[tuple[Question, str]]:
    """What an index lists and a manifest names."""
    if isinstance(answer, Index):
        for entry in answer.entries:
            yield Question(Subject.MANIFEST, repository, entry.digest), platform or entry.platform
    elif isinstance(answer, Manifest):
        yield Question(Subject.CONFIG, repository, answer.config), platform


def _entry(image: _Image, answer: Index | Manifest | Config, platform: str) -> dict[str, Any]:
    """A digest as a policy lists it."""
    entry: dict[str, Any] = {
        "digest": answer.digest,
        "repository": short_repository(image.repository),
        "release": image.release,
    }
    if isinstance(answer, Config):
        entry["madeOf"] = made_of(answer._replace(platform=platform or answer.platform))._asdict()
    return entry


def _name(image: _Image) -> str:
    return f"{short_repository(image.repository)}:{image.question.reference}"


def _policy_document(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "support.perfana.io/v1alpha1",
        "kind": "SupportPolicy",
        "metadata": {"name": "catalogue"},
        "spec": {"images": {"digests": list(entries)}},
    }
