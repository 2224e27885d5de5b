"""Submit once, however often it takes: a key of the client's own makes repeating safe.

answer lost        -> the same request with the same key, until `answer_s` have passed; the service knows the key
queue full (429)   -> again after Retry-After, as long as the caller has time (`room_s`)
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from frontend.client.errors import AnswerLost, NotReachable, ServiceBusy, ServiceUnavailable
from frontend.client.models import SubmittedJob
from frontend.client.transport import Transport

KEY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a submission is repeated.

    Args:
        answer_s: After an answer was lost; long enough for a service to start again.
        room_s: While the queue is full.
        first_wait_s: Pause before the first repetition after a lost answer; each further one is twice as long.
        longest_wait_s: Upper bound of that pause.
    """

    answer_s: float = 20.0
    room_s: float = 0.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 2.0


def submit_once(
    transport: Transport,
    path: str,
    *,
    body: object = None,
    key: str | None = None,
    patience: Patience,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> SubmittedJob:
    """The receipt of a POST that makes a job, and no second one.

    Args:
        transport: Whom to send it to.
        path: Route that takes an idempotency key.
        body: JSON values, None for an empty body.
        key: The caller's name for this submission; None: a fresh one.
        patience: How long to repeat.
        sleep: Waits.
        clock: Seconds that only grow.

    Raises:
        ServiceBusy: If the queue stays full.
        AnswerLost: If the service did not come back after the answer was lost.
        NotReachable: If the request never reached the service.
        ServiceError: If the service refused.
    """
    key = key if key is not None else str(uuid4())
    started = clock()
    lost_since: float | None = None
    wait_s = patience.first_wait_s
    while True:
        try:
            return transport.call("POST", path, SubmittedJob, body=body, headers={KEY_HEADER: key}, conflict_on=400)
        except ServiceBusy as busy:
            if clock() - started + busy.retry_after_s > patience.room_s:
                raise
            sleep(busy.retry_after_s)
        except (NotReachable, ServiceUnavailable) as exc:
            is_lost = isinstance(exc, NotReachable) and exc.may_have_arrived
            if lost_since is None and not is_lost:
                raise
            lost_since = clock() if lost_since is None else lost_since
            if clock() - lost_since > patience.answer_s:
                reason = exc.reason if isinstance(exc, NotReachable) else exc.message
                raise AnswerLost(transport.service, transport.url, reason, key) from exc
            sleep(wait_s)
            wait_s = min(2 * wait_s, patience.longest_wait_s)
