"""A submission makes one job, whatever happens to its answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from frontend.client import ClaraClient
from frontend.client.errors import AnswerLost, NotReachable, ServiceBusy, ServiceRefused, ServiceUnavailable
from frontend.client.services import TRAINING
from frontend.client.submission import Patience, submit_once
from frontend.client.transport import Timeouts, Transport

Answer = Callable[[httpx.Request], httpx.Response]


def lose(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("Server disconnected", request=request)


def refuse_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def accept(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"job_id": "job_1", "status": "pending"})


def full(_: httpx.Request) -> httpx.Response:
    body = {"code": "queue_full", "detail": "The queue has 10 active jobs, which is the limit."}
    return httpx.Response(429, json=body, headers={"Retry-After": "7"})


def down(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"code": "unavailable", "detail": "The database does not answer."})


def wrong(_: httpx.Request) -> httpx.Response:
    return httpx.Response(422, json={"code": "invalid", "detail": "no"})


@dataclass
class Line:
    """A service that answers as the test says, the last answer for ever; time passes only by sleeping."""

    answers: list[Answer]
    keys: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def submit(self, patience: Patience = Patience(), key: str | None = None) -> str:  # noqa: B008 - frozen value
        transport = Transport(
            TRAINING, "http://training.test", None, timeouts=Timeouts(), http=httpx.MockTransport(self._answer)
        )
        receipt = submit_once(
            transport,
            "/api/training/jobs",
            key=key,
            patience=patience,
            sleep=self.slept.append,
            clock=lambda: sum(self.slept),
        )
        return receipt.job_id

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)


def test_every_submission_goes_out_with_a_key_of_its_own() -> None:
    line = Line([accept])
    assert line.submit() == line.submit() == "job_1"
    assert len(set(line.keys)) == 2


def test_a_lost_answer_is_asked_for_again_with_the_same_key_until_the_service_is_back() -> None:
    line = Line([lose, refuse_connection, refuse_connection, down, accept])
    assert line.submit() == "job_1"
    assert len(line.keys) == 5
    assert len(set(line.keys)) == 1
    assert line.slept == [0.2, 0.4, 0.8, 1.6]


def test_a_service_that_never_comes_back_leaves_the_key_to_repeat_with() -> None:
    line = Line([lose, refuse_connection])
    with pytest.raises(AnswerLost, match="--idempotency-key mine") as caught:
        line.submit(key="mine")
    assert caught.value.context["idempotency_key"] == "mine"
    assert 20 <= sum(line.slept) <= 25


@pytest.mark.parametrize(
    ("answer", "error"), [(refuse_connection, NotReachable), (down, ServiceUnavailable), (wrong, ServiceRefused)]
)
def test_what_certainly_made_no_job_is_told_at_once(answer: Answer, error: type[Exception]) -> None:
    line = Line([answer])
    with pytest.raises(error):
        line.submit()
    assert (len(line.keys), line.slept) == (1, [])


def test_a_full_queue_is_told_with_the_time_to_wait() -> None:
    line = Line([full])
    with pytest.raises(ServiceBusy, match="limit") as caught:
        line.submit()
    assert (caught.value.retry_after_s, caught.value.code, line.slept) == (7.0, "queue_full", [])


def test_a_caller_with_time_waits_for_room_as_long_as_the_service_says() -> None:
    line = Line([full, full, accept])
    assert line.submit(Patience(room_s=60)) == "job_1"
    assert line.slept == [7.0, 7.0]


def test_nobody_waits_for_room_longer_than_they_said() -> None:
    line = Line([full])
    with pytest.raises(ServiceBusy):
        line.submit(Patience(room_s=20))
    assert line.slept == [7.0, 7.0]


def test_the_client_sends_a_key_with_whatever_makes_a_job() -> None:
    seen: list[tuple[str, str | None]] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path.rpartition("/")[2], request.headers.get("idempotency-key")))
        return accept(request)

    with ClaraClient("http://a.test", "http://b.test", "http://c.test", http=httpx.MockTransport(note)) as client:
        client.jobs.submit(idempotency_key="mine")
        client.jobs.retry("job_1", idempotency_key="mine too")
        client.jobs.resume("job_1")
        client.jobs.pause("job_1")
    keys = dict(seen)
    assert (keys["jobs"], keys["retry"], keys["pause"]) == ("mine", "mine too", None)
    assert keys["resume"]
