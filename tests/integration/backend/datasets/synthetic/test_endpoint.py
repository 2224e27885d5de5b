"""A real server that refuses, waits, cuts and lies: asked again where that may help, given up where it cannot."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from backend.datasets.synthetic.endpoint import ChatClient, RequestRefused, SyntheticEndpoint, SyntheticFailed
from tests.support.chat_server import KEY, ChatServer, chat_server
from tests.support.loopback import LOOPBACK

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        server.reply = lambda prompt: "Ja."
        yield server


class Asked:
    """A client that notes how long it would have waited."""

    def __init__(self, server: ChatServer, **changes: Any) -> None:
        values = {"url": server.url, "model": "m", "key": SecretStr(KEY), "timeout_s": 5.0}
        self.waits: list[float] = []
        transport = changes.pop("transport", None)
        self.client = ChatClient(
            SyntheticEndpoint(**{**values, **changes}),
            outgoing=LOOPBACK,
            transport=transport,
            sleep=self.waits.append,
        )

    def reply(self) -> str:
        try:
            return self.client.reply(BODY)
        finally:
            self.client.close()


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/chat/completions"])
def test_the_address_may_be_a_base_or_the_whole_of_it(server: ChatServer, suffix: str) -> None:
    assert Asked(server, url=server.url + suffix).reply() == "Ja."


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again_with_longer_and_longer_pauses(server: ChatServer, status: int) -> None:
    server.failures = [status] * 4
    asked = Asked(server)

    assert asked.reply() == "Ja."
    assert server.requests == 5
    assert [0.5 * 2**number <= wait <= 0.625 * 2**number for number, wait in enumerate(asked.waits)] == [True] * 4


def test_a_pause_that_is_asked_for_is_kept(server: ChatServer) -> None:
    server.failures, server.retry_after = [429], "7"
    by_number = Asked(server)
    assert by_number.reply() == "Ja."
    assert 7 <= by_number.waits[0] <= 9

    server.failures, server.retry_after = [503], format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    by_date = Asked(server)
    assert by_date.reply() == "Ja."
    assert 17 <= by_date.waits[0] <= 26


@pytest.mark.parametrize("retry_after", ["soon", "-5", "", "Mon, 99 Foo 2026"])
def test_a_pause_that_is_none_is_not_waited_for(server: ChatServer, retry_after: str) -> None:
    server.failures, server.retry_after = [429], retry_after
    asked = Asked(server)

    assert asked.reply() == "Ja."
    assert asked.waits[0] < 1


def test_a_pause_of_an_hour_is_given_up_at_once(server: ChatServer) -> None:
    server.failures, server.retry_after = [429], "3600"
    asked = Asked(server)

    with pytest.raises(SyntheticFailed, match="it answered 429"):
        asked.reply()
    assert asked.waits == []


def test_in_the_end_it_is_given_up_with_the_last_reason(server: ChatServer) -> None:
    server.failures = [500] * 50

    with pytest.raises(SyntheticFailed, match="it answered 500"):
        Asked(server).reply()
    assert server.requests == 6


def test_a_server_that_is_too_slow_is_asked_again(server: ChatServer) -> None:
    server.delay_s = 3.0
    asked = Asked(server, timeout_s=0.1)

    with pytest.raises(SyntheticFailed, match="it did not answer within"):
        asked.reply()
    assert len(asked.waits) == 5


def test_an_address_that_is_not_open_is_refused_at_once(server: ChatServer) -> None:
    waits: list[float] = []
    with pytest.raises(SyntheticFailed, match="CLARA_OUTGOING_ALLOWED"):
        ChatClient(SyntheticEndpoint(server.url, "m"), sleep=waits.append).reply(BODY)

    assert (waits, server.requests) == ([], 0)


def test_a_server_that_is_away_is_named_without_credentials() -> None:
    with chat_server() as gone:
        url = gone.url.replace("http://", "http://me:secret@")
    endpoint = SyntheticEndpoint(url, "m", timeout_s=1)
    with pytest.raises(SyntheticFailed, match="it cannot be reached") as caught:
        ChatClient(endpoint, outgoing=LOOPBACK, sleep=lambda _: None).reply(BODY)

    assert "secret" not in caught.value.message


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_is_no_fault_of_the_others(server: ChatServer, status: int) -> None:
    server.failures = [status]

    with pytest.raises(RequestRefused, match=str(status)):
        Asked(server).reply()


def test_a_wrong_key_is_said_and_never_shown(server: ChatServer) -> None:
    with pytest.raises(SyntheticFailed, match="refuses the configured key") as caught:
        Asked(server, key=SecretStr("sk-falsch")).reply()

    assert "sk-falsch" not in caught.value.message
    assert "sk-falsch" not in repr(SyntheticEndpoint(server.url, "m", SecretStr("sk-falsch")))


@pytest.mark.parametrize("status", [301, 404])
def test_another_answer_ends_it_without_following_anything(server: ChatServer, status: int) -> None:
    server.failures = [status]

    with pytest.raises(SyntheticFailed, match=str(status)):
        Asked(server).reply()
    assert server.requests == 1


@pytest.mark.parametrize("content", [{"choices": []}, {"choices": [{"message": None}]}, [], "x"])
def test_an_answer_of_something_else_is_refused(content: object) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=content))
    client = ChatClient(SyntheticEndpoint("http://x", "m"), transport=transport)

    with pytest.raises(SyntheticFailed, match="none of a chat endpoint"):
        client.reply(BODY)


def test_an_endless_answer_is_cut() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * (5 << 20)))

    with pytest.raises(SyntheticFailed, match="longer than 4 MiB"):
        ChatClient(SyntheticEndpoint("http://x", "m"), transport=transport).reply(BODY)


def test_a_model_that_says_nothing_says_an_empty_text(server: ChatServer) -> None:
    server.reply = lambda prompt: None

    assert Asked(server).reply() == ""


def test_calls_go_through_the_given_transport_only(server: ChatServer) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("this address is not allowed", request=request)

    with pytest.raises(SyntheticFailed, match="this address is not allowed"):
        Asked(server, transport=httpx.MockTransport(refuse)).reply()
    assert server.requests == 0
