"""The Dockerfile: what builders and linters ask of one, and that it is in step with what else is written of the image."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.image.debian import PYTHON, RELEASE

ROOT = Path(__file__).parents[2]
# Builders give these by themselves: a default would stand in their way.
PREDEFINED = {"TARGETARCH", "BUILDPLATFORM"}
CONTINUED = re.compile(r"\\\n(?:\s*#.*\n)*")
USED = re.compile(r"\$\{?([A-Z_]{4,})")
FLAGS = re.compile(r"\A(?:--\S+\s+)*")
DEBIAN = {"trixie": "debian13"}


class Instruction(NamedTuple):
    """One of the file's, with what follows it on its line."""

    name: str
    text: str

    @property
    def flags(self) -> list[str]:
        return str(FLAGS.findall(self.text)[0]).split()

    @property
    def rest(self) -> str:
        return FLAGS.sub("", self.text)

    @property
    def words(self) -> list[str]:
        return self.rest.split()


class Stage(NamedTuple):
    """A FROM and what follows it."""

    base: str
    name: str
    flags: list[str]
    instructions: list[Instruction]

    def of(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]


def _read() -> tuple[list[Instruction], list[Stage]]:
    """The arguments before the first stage, and the stages."""
    text = CONTINUED.sub(" ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    before: list[Instruction] = []
    stages: list[Stage] = []
    for instruction in (Instruction(*line.split(" ", 1)) for line in lines):
        if instruction.name == "FROM":
            base, *named = instruction.words
            stages.append(Stage(base, named[1] if named else "", instruction.flags, []))
        else:
            (stages[-1].instructions if stages else before).append(instruction)
    return before, stages


BEFORE, STAGES = _read()
LAST = STAGES[-1]
EVERY = [*BEFORE, *(each for stage in STAGES for each in stage.instructions)]
SCRIPTS = [each.rest for each in EVERY if each.name == "RUN"]


def test_every_argument_has_a_default() -> None:
    given = [each.text for each in EVERY if each.name == "ARG"]
    assert len(given) > 5
    assert {text for text in given if "=" not in text} == {"TARGETARCH"}
    assert not {text.partition("=")[0] for text in given if "=" in text} & PREDEFINED


def test_every_variable_is_declared_in_its_stage() -> None:
    known = PREDEFINED | {each.text.partition("=")[0] for each in BEFORE}
    assert {name for stage in STAGES for name in USED.findall(" ".join([stage.base, *stage.flags]))} <= known
    for stage in STAGES:
        declared = {each.text.partition("=")[0] for each in stage.of("ARG")}
        used = {name for each in stage.instructions if each.name != "ARG" for name in USED.findall(each.text)}
        assert used <= declared, stage
        assert declared <= used, f"{stage.name}: an argument that nothing uses makes builds differ for nothing"


def test_nothing_runs_in_the_last_stage() -> None:
    assert {each.name for each in LAST.instructions} <= {"ARG", "LABEL", "COPY", "ENV", "WORKDIR", "USER", "ENTRYPOINT", "CMD"}


def test_it_starts_without_a_shell() -> None:
    assert [each.text for each in (*LAST.of("ENTRYPOINT"), *LAST.of("CMD"))] == ['["perfana-support"]', '["--help"]']


def test_its_user_is_a_number_that_is_not_roots() -> None:
    (user,) = LAST.of("USER")
    assert user.text == "65532:65532"
    assert LAST.instructions.index(user) > max(LAST.instructions.index(each) for each in LAST.of("COPY"))


def test_both_bases_have_the_python_that_the_tests_build_with() -> None:
    bases = dict(each.text.split("=", 1) for each in BEFORE)
    assert re.fullmatch(rf"\S+/python:{re.escape(PYTHON)}-slim-{RELEASE}", bases["BUILD_BASE"])
    assert re.fullmatch(rf"\S+/python3-{DEBIAN[RELEASE]}:nonroot", bases["RUN_BASE"])


def test_what_is_built_runs_on_the_builders_platform() -> None:
    for stage in STAGES:
        assert bool(stage.of("RUN")) == ("--platform=${BUILDPLATFORM}" in stage.flags), stage.name
    assert LAST.flags == []


def test_stages_are_named_once_and_used() -> None:
    names = [stage.name for stage in STAGES[:-1]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+", name) for name in names)
    sources = {flag.partition("=")[2] for stage in STAGES for each in stage.of("COPY") for flag in each.flags}
    sources |= {name for each in EVERY if each.name == "RUN" for name in re.findall(r"from=(\w+)", each.text)}
    assert sources | {stage.base for stage in STAGES} >= set(names)


@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_scripts_end_with_the_first_command_that_fails(script: str) -> None:
    assert script.startswith("set -eu; ")
    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_libraries_are_those_of_the_hashed_list() -> None:
    (install,) = [script for script in SCRIPTS if "pip install" in script]
    options = set(install.split())
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-cache-dir"} <= options
    assert "--requirement=/build/image.txt;" in options


def test_nothing_is_fetched_by_other_ways() -> None:
    assert [each for each in EVERY if each.name in {"ADD", "SHELL", "ONBUILD", "MAINTAINER", "HEALTHCHECK", "VOLUME"}] == []
    assert not re.search(r"\b(?:curl|wget|apt-get|apk|git)\b|https?://|index-url", " ".join(SCRIPTS))


def test_only_what_the_image_is_made_of_reaches_the_builder() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = {word for stage in STAGES for each in stage.of("COPY") if not each.flags for word in each.words[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in let_in)


def test_labels_are_those_that_oci_defines() -> None:
    (labels,) = LAST.of("LABEL")
    found = dict(each.split("=", 1) for each in shlex.split(labels.text))
    assert {name.removeprefix("org.opencontainers.image.") for name in found} == {
        *("title", "description", "version", "revision", "source", "licenses")
    }
    assert found["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_no_secret_is_an_argument() -> None:
    names = [each.text for each in EVERY if each.name in {"ARG", "ENV"}]
    assert not re.search(r"(?i)token|password|secret|credential|key", " ".join(names))
