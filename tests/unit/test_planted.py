"""The table of planted secrets, and that a leak of one is noticed however it is spelled: what finds nothing proves nothing."""

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
import yaml

from tests.planted import LOG_LINE, SERVER_ADDRESS, TABLE, Shape, leaks, shapes
from tests.planted_objects import every_object, log_lines, objects

SHAPES = shapes()
SECRET = 'qK7"x/Tß+3&vW<9\\zR=4mB%eYcL'  # noqa: S105 - of nobody
LEAST_SHAPES = 80
NO_OBJECTS = {LOG_LINE, SERVER_ADDRESS}


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "in a sentence": "the password is {}, is it not?".format,
    "as a URL's user": "mongodb://perfana:{}@db/".format,
    "in lower case": str.lower,
    "in JSON": json.dumps,
    "in JSON with signs of others": lambda text: json.dumps({"a": text}, ensure_ascii=False),
    "in JSON in JSON": lambda text: json.dumps({"a": json.dumps({"b": text})}),
    "in JSON in JSON in JSON": lambda text: json.dumps(json.dumps({"a": json.dumps({"b": text})})),
    "in JSON as Go writes it": lambda text: json.dumps(text).replace("&", "\\u0026").replace("<", "\\u003c"),
    "in YAML": lambda text: yaml.safe_dump({"a": text}, allow_unicode=True),
    "in YAML with escapes": lambda text: '"' + "".join(f"\\u{ord(each):04X}" if each > "~" else each for each in text) + '"',
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL, lower digits": lambda text: quote(text, safe="").lower(),
    "in a path": quote,
    "in a form": quote_plus,
    "in a URL, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "in HTML": html.escape,
    "in hexadecimal": lambda text: text.encode().hex(),
    "in capital hexadecimal": lambda text: text.encode().hex().upper(),
    "in base64": _b64,
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "in base64 after one byte": lambda text: _b64(f"a{text}b"),
    "in base64 after two bytes": lambda text: _b64(f"ab{text}cd"),
    "in base64 of base64": lambda text: _b64(_b64(f"a{text}bc")),
    "in base64 of base64 within more": lambda text: _b64(f"xy{_b64(f'ab{text}')}z"),
    "its first half": lambda text: f"{text[:14]}…",
    "its last half": lambda text: f"…{text[-14:]}",
    "half of its base64": lambda text: _b64(text)[:18],
    "its digest": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "its short digest": lambda text: f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}",
    "its old digest": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_leak_is_noticed_however_it_is_spelled(spelling: str) -> None:
    content = f"before {SPELLINGS[spelling](SECRET)} after"
    assert leaks(content.encode(), SECRET)


@pytest.mark.parametrize(
    "content",
    ["", "mongodb://perfana:<masked>@db/", SECRET[:6], SECRET[-6:], SECRET[::-1], _b64(SECRET)[:8], "a" * 10_000],
    ids=["nothing", "masked", "six first", "six last", "another", "eight digits", "much"],
)
def test_what_tells_nothing_of_a_secret_is_no_leak(content: str) -> None:
    assert leaks(content.encode(), SECRET) == []


def test_leak_is_called_by_its_spelling() -> None:
    assert leaks(SECRET.encode(), SECRET) == ["as it is"]
    assert leaks(_b64(SECRET).encode(), SECRET) == ["in base64"]
    assert leaks(SECRET[:15].encode(), SECRET) == ["a part of it, as it is"]


def test_any_fourteen_characters_of_a_secret_are_a_leak() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    assert all(leaks(letters[at : at + 14].encode(), letters) for at in range(len(letters) - 13))


def test_lines_of_a_key_are_a_leak_each() -> None:
    (shape,) = (each for each in SHAPES if each.name == "env-pem-lines")
    begin, first, second, end, _ = shape.text.split("\n")
    assert [bool(shape.leaks(line.encode())) for line in (begin, first, second, end)] == [False, True, True, False]


def test_compressed_object_is_a_leak_where_it_stands_as_it_was() -> None:
    (shape,) = (each for each in SHAPES if each.name == "helm-release")
    assert leaks(shape.text.encode(), shape.secret) == []
    assert shape.leaks(shape.text.encode()) == ["compressed, as it was"]
    assert shape.leaks(shape.text[100:180].encode()) == ["compressed, as it was"]
    release = gzip.decompress(base64.b64decode(base64.b64decode(shape.text)))
    assert json.loads(release)["config"]["mongo"]["password"] == shape.secret


def test_table_has_many_shapes_each_of_its_own() -> None:
    assert len(SHAPES) >= LEAST_SHAPES
    assert len({shape.name for shape in SHAPES}) == len({shape.secret for shape in SHAPES}) == len(SHAPES)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_secret_stands_in_its_own_text_and_in_no_other(shape: Shape) -> None:
    content = shape.text.encode()
    assert [each.name for each in SHAPES if each.leaks(content)] == [shape.name]


def test_masked_table_holds_no_secret() -> None:
    """What stands around the secrets is no leak: a mask may leave it."""
    masked = "\n".join(entry["text"] for entry in yaml.safe_load(TABLE.read_text(encoding="utf-8"))).encode()
    assert [shape.name for shape in SHAPES if shape.leaks(masked)] == []


def test_every_shape_stands_in_objects_or_is_known_to_stand_in_none() -> None:
    lost = []
    for shape in SHAPES:
        content = json.dumps(objects(shape, "perfana")).encode()
        if bool(shape.leaks(content)) == (shape.where in NO_OBJECTS):
            lost.append(shape.name)
    assert lost == []


def test_all_objects_can_stand_beside_each_other() -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in every_object("perfana")]
    assert len(set(names)) == len(names)
    assert all(item["metadata"].get("namespace", "perfana") == "perfana" for item in every_object("perfana"))


def test_workloads_of_every_kind_hold_secrets() -> None:
    kinds = {item["kind"] for shape in SHAPES if shape.where == "env-value" for item in objects(shape, "perfana")}
    assert kinds == {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"}


def test_lines_of_logs_are_a_line_each() -> None:
    assert len(log_lines()) > 10
    assert all("\n" not in line for line in log_lines())
