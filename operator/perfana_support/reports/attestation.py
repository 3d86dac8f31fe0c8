"""A report as an in-toto statement about the bundle that it was made from, for a tool such as cosign to sign.

The statement binds the two: whoever verifies a signature of it knows by whose key it was said that this very file, by its
digest, was judged so. The program signs nothing itself, for keys are none of its business.
The form: https://github.com/in-toto/attestation, spec/v1/statement.md
"""

import json
import re

from perfana_support.model.document import Json, NewJson

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# Published, as the document of `-o json` is: a predicate that says anything else gets another name.
PREDICATE_TYPE = "https://support.perfana.io/SupportReport/v1alpha1"
# Verifiers compare texts, so there is one spelling of a digest only.
_DIGEST = re.compile(r"[0-9a-f]{64}")


def statement(name: str, digest: str, predicate: Json) -> NewJson:
    """The statement that a report is about the file of that name and SHA-256 digest.

    Verifiers go by the digest; the name is for people. Raises ValueError for a digest that is not 64 hexadecimal digits, which
    no file could ever match.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"a SHA-256 digest has 64 hexadecimal digits, in lower case, this is {digest!r}")
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(predicate),
    }


def statement_text(name: str, digest: str, predicate: Json) -> str:
    """The statement as it is written to a file: plain ASCII, the same bytes for the same report whatever the order of its keys.

    Raises ValueError as `statement` does, and for numbers that JSON has not.
    """
    return json.dumps(statement(name, digest, predicate), indent=2, sort_keys=True, allow_nan=False) + "\n"
