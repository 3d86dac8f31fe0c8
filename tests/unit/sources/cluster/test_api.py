"""The border to the server: what is asked, and how every answer that is no success is translated."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import certifi
import pytest
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.incluster_config import InClusterConfigLoader

from perfana_support.sources.cluster.api import ApiError, ClusterApi, WatchSilentError
from perfana_support.sources.errors import Fault, SourceError
from tests.unit import virtual_time

Json = dict[str, Any]


class Answer:
    """A response of the client's library; a body that is a list of lines is a stream."""

    reason = "Reason"

    def __init__(self, body: object = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._body = body
        self.status = status
        self.headers = headers or {}

    async def __aenter__(self) -> Self:
        if isinstance(self._body, Exception):
            raise self._body
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self) -> bytes:
        return self._body if isinstance(self._body, bytes) else json.dumps(self._body).encode()

    @property
    async def content(self) -> AsyncIterator[bytes]:
        assert isinstance(self._body, list)
        for line in self._body:
            if isinstance(line, Exception):
                raise line
            yield line


class Session:
    """The client's session: gives answers in order and notes what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Json]] = []

    def request(self, method: str, url: str, **parts: Any) -> Answer:  # noqa: ANN401 - the library's own
        self.asked.append((method, url, parts))
        return self.answers.pop(0)


class OneSession:
    """In place of a connection: one session for ever."""

    generation = 0

    def __init__(self, session: Session) -> None:
        self._session = session

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        yield self._session


class Api(ClusterApi):
    """An API whose session is a test's and whose token counts how often credentials were read."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(None, None)
        self.session = Session(*answers)
        self._connection = OneSession(self.session)  # type: ignore[assignment]
        self.configuration.host = "https://server"
        self.loads = 0
        self.trouble: Exception | None = None

    async def _load(self) -> None:
        self.loads += 1
        if self.trouble:
            raise self.trouble

    async def authorization(self) -> str | None:
        return f"Bearer token-{self.loads}"


def _asked(*answers: Answer, ask: Callable[[Api], Coroutine[Any, Any, Any]] = lambda api: api.get("/x")) -> tuple[Api, Any]:
    api = Api(*answers)
    return api, virtual_time.run(ask(api))


def _error(*answers: Answer, ask: Callable[[Api], Coroutine[Any, Any, Any]] = lambda api: api.get("/x")) -> ApiError:
    with pytest.raises(ApiError) as caught:
        _asked(*answers, ask=ask)
    return caught.value


async def _watched(api: Api) -> list[Json]:
    opened: list[bool] = []
    events = [event async for event in api.watch("/x", {"resourceVersion": "7"}, 90.0, lambda: opened.append(True))]
    assert opened == [True]
    return events


def test_get_gives_what_the_server_says() -> None:
    api, found = _asked(Answer({"a": 1}))
    method, url, parts = api.session.asked[0]
    assert (found, method, url) == ({"a": 1}, "GET", "https://server/x")
    assert parts["headers"] == {"Authorization": "Bearer token-0"}


def test_list_of_metadata_asks_for_metadata_alone() -> None:
    api, _ = _asked(Answer({"metadata": {"resourceVersion": "1"}}), ask=lambda api: api.list_metadata("/x"))
    assert "as=PartialObjectMetadataList" in api.session.asked[0][2]["headers"]["Accept"]


def test_status_is_applied_with_an_owner_of_its_fields() -> None:
    api, _ = _asked(Answer({}), ask=lambda api: api.apply_status("/x", {"status": {"a": "ü"}}))
    method, url, parts = api.session.asked[0]
    assert (method, url) == ("PATCH", "https://server/x/status")
    assert parts["params"] == {"fieldManager": "perfana-support", "force": "true"}
    assert json.loads(parts["data"]) == {"status": {"a": "ü"}}
    assert parts["headers"]["Content-Type"] == "application/apply-patch+yaml"


def test_object_is_sent_within_a_time() -> None:
    api, _ = _asked(Answer({}, 201), ask=lambda api: api.send("POST", "/x", {"a": 1}, 5.0))
    method, _, parts = api.session.asked[0]
    assert (method, parts["data"], parts["timeout"].total) == ("POST", b'{"a":1}', 5.0)


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (Answer({"message": "no such thing"}, 404), 404, "no such thing (HTTP 404)"),
        (Answer(b"<html>bad gateway</html>", 502), 502, "<html>bad gateway</html> (HTTP 502)"),
        (Answer(b"", 503), 503, "Reason (HTTP 503)"),
        (Answer(b"404 page\n not found\n", 404), 404, "404 page not found (HTTP 404)"),
        (Answer(["a"], 500), 500, '["a"] (HTTP 500)'),
        (Answer({}, 500), 500, "{} (HTTP 500)"),
        (Answer(b"\xff\xfe", 500), 500, "\ufffd\ufffd (HTTP 500)"),
        (Answer(b"no json"), 0, "the server's answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (Answer(b"[1]"), 0, "the server's answer is not a JSON object"),
        (Answer(aiohttp.ClientError("reset")), 0, "GET /x: ClientError: reset"),
        (Answer(TimeoutError()), 0, "GET /x: TimeoutError: "),
        (Answer(OSError("no route")), 0, "GET /x: OSError: no route"),
        (Answer(ValueError("too big")), 0, "GET /x: too big"),
    ],
)
def test_answer_that_is_no_success(answer: Answer, status: int, message: str) -> None:
    error = _error(answer)
    assert (error.status, str(error)) == (status, message)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"Retry-After": "9999"}, 120.0),
        ({}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
    ids=str,
)
def test_server_says_when_to_come_again(header: dict[str, str], seconds: float | None) -> None:
    assert _error(Answer({}, 429, header)).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("status", "is_passing"), [(0, True), (408, True), (429, True), (500, True), (404, False), (409, False)]
)
def test_what_waiting_may_mend(status: int, is_passing: bool) -> None:  # noqa: FBT001 - a table
    assert ApiError(status, "").is_passing is is_passing


def test_refused_token_is_read_again_once() -> None:
    api, found = _asked(Answer({}, 401), Answer({"a": 1}))
    assert found == {"a": 1}
    assert [parts["headers"]["Authorization"] for _, _, parts in api.session.asked] == ["Bearer token-0", "Bearer token-1"]
    assert _error(Answer({}, 401), Answer({"message": "who"}, 401)).status == 401


def test_certificates_that_do_not_fit_any_more_are_looked_for_again() -> None:
    class Failing(aiohttp.ClientSSLError):
        def __init__(self) -> None:
            pass

        def __str__(self) -> str:
            return "certificate verify failed"

    api = Api(Answer(Failing()), Answer(Failing()))
    for trouble in (None, SourceError([Fault("config", 0, 0, "gone")])):
        api.trouble = trouble
        with pytest.raises(ApiError, match="GET /x: Failing: certificate verify failed") as caught:
            virtual_time.run(api.get("/x"))
        assert caught.value.status == 0
    assert api.loads == 2


def test_watch_is_tried_without_waiting_for_its_events() -> None:
    api, _ = _asked(Answer([]), ask=lambda api: api.try_watch("/x", {"resourceVersion": "7"}))
    assert api.session.asked[0][2]["params"] == {"resourceVersion": "7", "watch": "true", "timeoutSeconds": "1"}
    refused = _error(Answer({"message": "no right"}, 403), ask=lambda api: api.try_watch("/x", {}))
    assert refused.status == 403


def test_server_with_an_address_of_ipv6_is_asked_at_it(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's own
    (tmp_path / "token").write_text("secret")
    (tmp_path / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    environment = {"KUBERNETES_SERVICE_HOST": "fd00:10:96::1", "KUBERNETES_SERVICE_PORT": "443"}
    api = Api(Answer({}))
    loader = InClusterConfigLoader(str(tmp_path / "token"), str(tmp_path / "ca.crt"), environ=environment)
    loader.load_and_set(api.configuration)
    virtual_time.run(api.get("/version"))
    assert api.session.asked[0][1] == "https://[fd00:10:96::1]:443/version"


def test_credentials_that_are_away_for_a_moment_are_no_answer() -> None:
    api = Api(Answer({}, 401))
    api.trouble = SourceError([Fault("config", 0, 0, "gone")])
    with pytest.raises(ApiError) as caught:
        virtual_time.run(api.get("/x"))
    assert caught.value.status == 401


@pytest.mark.parametrize("trouble", [ConfigException("Token file exists but empty."), OSError("no token")], ids=str)
def test_token_that_cannot_be_read_for_a_moment_is_an_answer_that_passes(trouble: Exception) -> None:
    class Rotating(Api):
        async def authorization(self) -> str | None:
            return await ClusterApi.authorization(self)

    def hook(_: object) -> None:
        raise trouble

    api = Rotating(Answer({}))
    api.configuration.refresh_api_key_hook = hook
    with pytest.raises(ApiError) as caught:
        virtual_time.run(api.get("/x"))
    assert caught.value.status == 0


ADDED = b'{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"8"}}}\n'
BOOKMARK = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n'


def test_events_of_a_watch_come_one_by_one() -> None:
    api, events = _asked(Answer([ADDED, BOOKMARK]), ask=_watched)
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    parts = api.session.asked[0][2]
    assert parts["params"] == {"resourceVersion": "7", "watch": "true"}
    assert (parts["timeout"].total, parts["timeout"].sock_read) == (None, 90.0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b'{"type":"ADD'], "the watch ended in the middle of an event"),
        ([b"nonsense\n"], "the server's answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ([aiohttp.ClientPayloadError("cut")], "GET /x: ClientPayloadError: cut"),
        ([ValueError("Chunk too big")], "GET /x: Chunk too big"),
    ],
    ids=str,
)
def test_watch_that_breaks(lines: list[object], message: str) -> None:
    error = _error(Answer(lines), ask=_watched)
    assert (error.status, str(error)) == (0, message)


def test_watch_that_is_silent_counts_as_dead() -> None:
    error = _error(Answer([ADDED, aiohttp.SocketTimeoutError()]), ask=_watched)
    assert isinstance(error, WatchSilentError)
    assert str(error) == "nothing was heard for 90 s, not even a bookmark"


@pytest.mark.parametrize(
    "line",
    [
        b"{}\n",
        b'{"error":"bad gateway"}\n',
        b'{"type":"ADDED"}\n',
        b'{"type":"ADDED","object":[]}\n',
        b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n',
        b'{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"x"}}}\n',
        b'{"type":"ADDED","object":{"metadata":{"resourceVersion":"8"}}}\n',
        b'{"type":7,"object":{"metadata":{"name":"a","resourceVersion":"8"}}}\n',
        b'{"type":"BOOKMARK","object":{"metadata":{}}}\n',
    ],
)
def test_what_is_no_event_breaks_the_watch(line: bytes) -> None:
    error = _error(Answer([line]), ask=_watched)
    assert (error.status, str(error)) == (0, "the server's answer is not an event of a watch")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"metadata": {}},
        {"metadata": {"resourceVersion": 7}, "items": []},
        {"metadata": {"resourceVersion": "7"}, "items": {}},
        {"metadata": {"resourceVersion": "7"}, "items": [{}]},
        {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]},
    ],
    ids=str,
)
def test_what_is_no_list_is_an_error(answer: dict[str, object]) -> None:
    assert _error(Answer(answer), ask=lambda api: api.list_page("/x")).status == 0
    assert _error(Answer(answer), ask=lambda api: api.list_metadata("/x")).status == 0


def test_list_without_items_is_a_list() -> None:
    _, found = _asked(Answer({"metadata": {"resourceVersion": "7"}, "items": None}), ask=lambda api: api.list_page("/x"))
    assert found["items"] == []


def test_watch_that_is_refused_was_never_open() -> None:
    opened: list[bool] = []

    async def watch(api: Api) -> None:
        async for _ in api.watch("/x", {}, 90.0, lambda: opened.append(True)):
            pass

    assert _error(Answer({"message": "too old"}, 410), ask=watch).status == 410
    assert opened == []


def test_connection_that_is_not_open_cannot_be_asked() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        virtual_time.run(ClusterApi(None, None).get("/x"))


def test_kubeconfig_that_gives_no_cluster_is_named(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's own
    async def story() -> None:
        async with ClusterApi(str(tmp_path / "none.conf"), None):
            pass

    with pytest.raises(SourceError, match=r"none\.conf: gives no cluster to connect to"):
        virtual_time.run(story())
