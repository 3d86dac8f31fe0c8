"""What looks like a secret in a free text is taken out, and what is none stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfana_support.sources.bundle.secrets import mask_text

PUBLIC = [
    'Failed to pull image "harbor.example.com/perfana/perfana-web:0.2.96.22": not found',
    "perfana/perfana-web@sha256:" + "a1b2c3d4" * 8,
    "pod perfana-web-7d9f8b6c5d-x2x4z was evicted",
    'MountVolume.SetUp failed for volume "keys" : secret "perfana-keys" not found',
    "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available",
    "pods cannot be listed: pods is forbidden: User system:serviceaccount:perfana:viewer cannot list resource",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "upgrade planned, change 4711, agreed on 2026-11-24",
    "https://kubernetes.default.svc:443/apis/apps/v1",
    "NODE_OPTIONS holds --require=…, which may inject code",
    "v1.36.3-gke.1023000",
    "the spin is an opinion: none",
]


def marked(text: str) -> tuple[str, list[str]]:
    """Mask a text; returns it with the secrets that were found."""
    found: list[str] = []

    def mark(secret: str, _why: str) -> str:
        found.append(secret)
        return f"[masked-{len(found)}]"

    return mask_text(text, mark), found


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_no_secret_stays(text: str) -> None:
    assert marked(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=hunter2 and more", "hunter2"),
        ('{"password":"a b","x":1}', "a b"),
        (r"{\"password\":\"hunt er2\",\"y\":1}", "hunt er2"),
        (r"{\\\"clientSecret\\\":\\\"qwe rty\\\"}", "qwe rty"),
        ("--token abc --port 80", "abc"),
        ("mongodb://user:pw@host:27017/db", "user:pw"),
        ("Authorization: Bearer abcdef", "abcdef"),
        ("curl -u x -H 'X-Api-Key: q1w2'", "q1w2"),
        ("Server=db;User Id=x;Password=p@ssw0rd;Encrypt=true", "p@ssw0rd"),
        ("host=db user=x password='two words' port=5432", "two words"),
        ("https://store.example/c?sv=1&sig=AbC%2Fd%3D&x=1", "AbC%2Fd%3D"),
        ("aHVudGVyMi1zZWNyZXQtdmFsdWU=", "aHVudGVyMi1zZWNyZXQtdmFsdWU="),
        ("deadbeef" * 5, "deadbeef" * 5),
        ("wachtwoord: geheimpje", "geheimpje"),
        ('{"name":"DB_PASSWORD","value":"hunter2"}', "hunter2"),
        ("<password>hunter2</password>", "hunter2"),
        ('"password":["hunter2"]', "hunter2"),
        ("password: |\n  hunter2\n", "hunter2"),
        ('password="hunter2 and no end', "hunter2"),
        ("password%22%3A%22hunter2%22", "hunter2"),
        ("password=p&hunter2", "p&hunter2"),
        ("password: correct horse hunter2", "hunter2"),
        ("cookie: a=b; sid=hunter2", "hunter2"),
        ("https://u:p@ss:hunter2@host/path", "hunter2"),
        ("Authorization: Custom hunter2", "hunter2"),
        ("pw=hunter2", "hunter2"),
        ("PIN: 4711", "4711"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----", "MHcC"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln", "eyJzdWIiOiJ4In0"),
    ],
)
def test_a_secret_goes_and_what_stands_around_it_stays(text: str, secret: str) -> None:
    masked, found = marked(text)
    assert secret not in masked
    assert any(secret in each for each in found)
    assert "[masked-" in masked


@given(st.text(max_size=300))
def test_a_masked_text_is_masked_no_further_and_takes_no_time(text: str) -> None:
    masked, _ = marked(text)
    assert marked(masked)[0].count("[masked-") == masked.count("[masked-")


@pytest.mark.parametrize(
    "text",
    [
        "".join("password=" + "\\" * place + '"x' for place in range(700)),
        "password=" * 20_000,
        "-" * 100_000,
        '"' * 50_000,
        "\\" * 50_000,
        "a1B" * 50_000,
        "eyJ" * 50_000,
    ],
)
def test_a_text_made_to_take_forever_does_not(text: str) -> None:
    marked(text)
