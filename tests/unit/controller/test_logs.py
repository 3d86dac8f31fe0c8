"""Lines of the log: JSON for collectors, text for people, no secret for anybody."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from perfana_support.controller import logs
from perfana_support.controller.names import CHECKS
from perfana_support.controller.settings import Settings
from tests.unit import virtual_time
from tests.unit.controller.fake_server import OLD, FakeServer, Working

NAMES = ("kopf", "kopf._core.reactor.running", "kubernetes", "aiohttp", "urllib3", "asyncio")


@pytest.fixture
def lines() -> Iterator[io.TextIOWrapper]:
    """Make a stream in place of standard error, and put the loggers back as they were."""
    root = logging.getLogger()
    before = [(logger, logger.level, list(logger.handlers)) for logger in (root, *map(logging.getLogger, NAMES))]
    # As standard error is opened by Python.
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    yield stream
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def _configure(stream: io.TextIOWrapper, settings: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        logs.configure(settings)


def _written(stream: io.TextIOWrapper) -> list[str]:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode().split("\n")[:-1]


def _documents(stream: io.TextIOWrapper) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _written(stream)]


MESSAGES = ["plain", "two\nlines", 'quotes " and \\', "tab\t and \x00 \x1b[31m", "ünï 😀 \u2028", "half \ud800", "100 %"]


@pytest.mark.parametrize("message", MESSAGES, ids=ascii)
def test_each_line_is_an_object(lines: io.TextIOWrapper, message: str) -> None:
    _configure(lines, Settings(log_format="json"))
    logging.getLogger("perfana_support.x").warning("%s", message)
    (document,) = _documents(lines)
    assert document.pop("time").endswith("Z")
    assert document == {"level": "warning", "logger": "perfana_support.x", "message": message}


def test_facts_of_a_verdict_are_fields(lines: io.TextIOWrapper) -> None:
    async def story() -> None:
        async with Working(FakeServer()) as working:
            working.run_image(OLD)
            working.see(CHECKS, "perfana")
            await asyncio.sleep(1)

    _configure(lines, Settings(log_format="json"))
    virtual_time.run(story())
    verdict = next(document for document in _documents(lines) if "resource" in document)
    assert {key: verdict[key] for key in ("resource", "namespace", "name", "condition", "status", "was")} == {
        "resource": "SupportCheck",
        "namespace": "perfana",
        "name": "perfana",
        "condition": "Supported",
        "status": "False",
        "was": "not judged",
    }
    assert verdict["reason"] in verdict["message"]


def test_facts_do_not_hide_what_every_line_has(lines: io.TextIOWrapper) -> None:
    _configure(lines, Settings(log_format="json"))
    logging.getLogger("x").info("text", extra={"facts": {"odd": object(), "name": "n"}})
    (document,) = _documents(lines)
    assert (document["message"], document["name"], document["level"]) == ("text", "n", "info")


def _fail() -> None:
    raise LookupError("of all\nthings")


def test_error_has_its_traceback_in_its_line(lines: io.TextIOWrapper) -> None:
    _configure(lines, Settings(log_format="json"))
    try:
        _fail()
    except LookupError:
        logging.getLogger("x").exception("failed")
    (document,) = _documents(lines)
    assert document["exception"].startswith("Traceback")
    assert "LookupError: of all\nthings" in document["exception"]


def test_text_is_for_people(lines: io.TextIOWrapper) -> None:
    _configure(lines, Settings())
    logging.getLogger("perfana_support.x").warning("something %s", "odd")
    (line,) = _written(lines)
    assert line.endswith("WARNING  perfana_support.x: something odd")


@pytest.mark.parametrize(
    ("verbose", "logger", "level", "is_written"),
    [
        (False, "perfana_support.x", logging.DEBUG, False),
        (True, "perfana_support.x", logging.DEBUG, True),
        (False, "kopf.objects", logging.INFO, False),
        (False, "kopf.objects", logging.WARNING, True),
        (True, "kopf.objects", logging.DEBUG, True),
        (False, "kopf._core.reactor.running", logging.WARNING, False),
    ],
)
def test_what_is_written(
    lines: io.TextIOWrapper,
    verbose: bool,  # noqa: FBT001 - a table
    logger: str,
    level: int,
    is_written: bool,  # noqa: FBT001
) -> None:
    _configure(lines, Settings(verbose=verbose))
    logging.getLogger(logger).log(level, "x")
    assert bool(_written(lines)) is is_written


@pytest.mark.parametrize(
    "logger", ["kubernetes.client.rest", "kubernetes.aio.client.rest", "aiohttp.client", "urllib3", "asyncio"]
)
def test_requests_and_their_headers_are_never_written(lines: io.TextIOWrapper, logger: str) -> None:
    _configure(lines, Settings(verbose=True))
    logging.getLogger(logger).debug("Authorization: Bearer %s", "secret")
    assert _written(lines) == []
