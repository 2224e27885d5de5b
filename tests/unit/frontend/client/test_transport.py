"""How HTTP answers become values and errors, on a fake transport."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from frontend.client import ClaraClient
from frontend.client.errors import (
    BadAddress,
    NotReachable,
    ServiceBusy,
    ServiceConflict,
    ServiceError,
    ServiceForbade,
    ServiceNotFound,
    ServiceRefused,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from shared.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable

URL = "http://training.test"


def client(answer: Callable[[httpx.Request], httpx.Response], token: str | None = None) -> ClaraClient:
    return ClaraClient(URL, "http://datasets.test", "http://serving.test", token, http=httpx.MockTransport(answer))


def answering(status: int, body: Any = None, **options: Any) -> ClaraClient:
    return client(lambda _: httpx.Response(status, json=body, **options))


@pytest.mark.parametrize(
    ("status", "error", "family"),
    [
        (400, ServiceRefused, InvalidInput),
        (401, ServiceForbade, NotPermitted),
        (403, ServiceForbade, NotPermitted),
        (404, ServiceNotFound, NotFound),
        (409, ServiceConflict, Conflict),
        (413, ServiceRefused, InvalidInput),
        (422, ServiceRefused, InvalidInput),
        (429, ServiceBusy, Unavailable),
        (500, ServiceUnavailable, Unavailable),
        (503, ServiceUnavailable, Unavailable),
    ],
)
def test_a_problem_becomes_the_error_of_its_family(
    status: int, error: type[ServiceError], family: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        answering(status, {"detail": "why", "code": "the_code"}).jobs.get("job_1")
    assert isinstance(caught.value, family)
    assert (caught.value.status, caught.value.code, caught.value.detail) == (status, "the_code", "why")


def test_wrong_fields_and_further_members_of_a_problem_are_kept() -> None:
    errors = [{"field": "lora.rank", "reason": "unknown key; did you mean 'r'?"}]
    body = {"detail": "no", "code": "invalid", "errors": errors, "limit": 3, "error": {"message": "no"}}
    with pytest.raises(ServiceRefused) as caught:
        answering(422, body).jobs.submit(config={"lora": {"rank": 1}})
    assert list(caught.value.errors) == errors
    assert caught.value.members == {"limit": 3}


def test_an_error_page_that_is_no_problem_document_stays_readable() -> None:
    with pytest.raises(ServiceUnavailable, match="HTTP 502 Bad Gateway"):
        client(lambda _: httpx.Response(502, text="<html>proxy</html>")).jobs.get("job_1")


def test_400_on_a_cancel_is_the_conflict_that_the_contract_means() -> None:
    with pytest.raises(ServiceConflict):
        answering(400, {"detail": "Job is already completed."}).jobs.cancel("job_1")


def test_nothing_listening_names_the_service_its_address_and_how_to_start_it() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with pytest.raises(NotReachable) as caught:
        client(refuse).datasets.get("ds_1")
    for part in ("http://datasets.test", "clara serve datasets", "--dataset-url", "CLARA_DATASET_URL"):
        assert part in caught.value.message


@pytest.mark.parametrize("url", ["", "127.0.0.1:45680", "ftp://x", "http://", "http://[", "http://x:99999"])
def test_what_is_no_address_is_refused_with_the_way_to_give_one(url: str) -> None:
    with pytest.raises(BadAddress, match="--training-url"):
        ClaraClient(url, "http://datasets.test", "http://serving.test")


def test_another_program_on_the_port_is_told_apart_from_clara() -> None:
    with pytest.raises(UnexpectedAnswer, match="text/html"):
        client(lambda _: httpx.Response(200, html="<h1>router login</h1>")).jobs.get("job_1")
    with pytest.raises(UnexpectedAnswer, match="job_id"):
        answering(200, {"hello": "world"}).jobs.get("job_1")


def test_a_broken_connection_is_tried_again_for_reading_but_not_for_changing() -> None:
    calls: list[str] = []

    def break_once(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if len(calls) == 1:
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        return httpx.Response(200, json={"job_id": "job_1", "status": "running"})

    assert client(break_once).jobs.get("job_1").job_id == "job_1"
    assert calls == ["GET", "GET"]
    calls.clear()
    with pytest.raises(NotReachable):
        client(break_once).jobs.cancel("job_1")
    assert calls == ["DELETE"]


def test_the_token_travels_as_a_bearer_token_and_none_means_no_header() -> None:
    seen: list[str | None] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200, json={"job_id": "job_1", "status": "running"})

    client(note, token="abc").jobs.get("job_1")
    client(note).jobs.get("job_1")
    assert seen == ["Bearer abc", None]


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"detail": "no"})

    with pytest.raises(ServiceNotFound):
        client(note).jobs.get("../adapters?x=1")
    assert seen == ["/api/training/jobs/..%2Fadapters%3Fx%3D1"]


def test_members_of_a_newer_service_are_kept() -> None:
    body = {"job_id": "job_1", "status": "running", "energy_kwh": 0.3}
    assert answering(200, body).jobs.get("job_1").as_json() == body


def test_pages_are_walked_to_their_end() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("after")
        body = {"datasets": [{"dataset_id": after or "first", "status": "completed"}], "total_count": 3}
        following = {None: "second", "second": "third", "third": None}[after]
        return httpx.Response(200, json=body | {"next_after": following})

    assert [d.dataset_id for d in client(serve).datasets.iterate()] == ["first", "second", "third"]


def test_a_submit_without_a_config_leaves_the_choice_to_the_server() -> None:
    bodies: list[bytes] = []

    def note(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={"job_id": "job_1", "status": "pending"})

    client(note).jobs.submit()
    client(note).jobs.submit(config_path="lora.yaml", priority=5)
    assert bodies == [
        b'{"trainer_type":"lora","priority":1,"tags":[],"config":{}}',
        b'{"trainer_type":"lora","priority":5,"tags":[],"config_path":"lora.yaml"}',
    ]


def test_each_call_carries_the_token_of_its_time() -> None:
    tokens = iter(["first", "second", None])
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(404, json={})

    asked = ClaraClient(
        URL, "http://datasets.test", "http://serving.test", lambda: next(tokens), http=httpx.MockTransport(answer)
    )
    for _ in range(3):
        with pytest.raises(ServiceNotFound):
            asked.jobs.get("job_1")
    assert seen == ["Bearer first", "Bearer second", None]
