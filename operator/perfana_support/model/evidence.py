"""All that a verdict is made from: what runs, the policy, the check, the day."""

from datetime import date
from typing import NamedTuple

from perfana_support.model.document import Json
from perfana_support.model.installation import Installation


class Evidence(NamedTuple):
    """What one installation is judged by, as values and as plain data that can be written down.

    `installation` is what the check's selector leaves of a namespace. `policy` is a SupportPolicy document with all that it
    takes over written out, `check` a SupportCheck document, {} where there is none. `may_install` is `Target.may_install`.
    `source` says where the facts are from, as reports tell it.
    """

    installation: Installation
    policy: Json
    check: Json
    as_of: date
    source: Json
    may_install: bool = False
