"""Print what the program finds for a pair of the corpus, in the form of an expected file, to compare with labels by eye.

A pair that has no expected file yet is judged without options, as of the day on which the built-in policy was published.
"""

import sys
from pathlib import Path

from tests.corpus.cases import CORPUS, EXPECTED, TODAY, Case, cases_of, source_of
from tests.corpus.judging import labels_of

USAGE = "usage: python -m tests.corpus installations/NAME | clusters/NAME"


def print_case(case: Case) -> None:
    """Print one case's labels as the program sees them."""
    labels = labels_of(case)
    print(f'- name: {case.name}\n  as_of: "{case.as_of}"')
    for field, value in case.options.items():
        print(f"  # {field}: {value}")
    print("  conditions:")
    for condition, found in labels["conditions"].items():
        print(f"    {condition}: {found}")
    print("  findings:" + ("" if labels["findings"] else " []"))
    for finding in labels["findings"]:
        print(f"  - {finding}")
    print(f"  next: {labels['next']}")


def run(arguments: list[str]) -> int:
    """Print every case of the pair that the arguments name."""
    if len(arguments) != 1 or "/" not in arguments[0]:
        print(USAGE, file=sys.stderr)
        return 2
    file = CORPUS / arguments[0]
    folder, pair = file.parent, Path(arguments[0]).name
    if (folder / f"{pair}{EXPECTED}").exists():
        cases = cases_of(folder, pair)
    else:
        cases = [Case(pair, "state the fact here", source_of(folder, pair, {}), TODAY, {}, {})]
    print("cases:")
    for case in cases:
        print_case(case)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
