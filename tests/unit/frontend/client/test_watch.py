"""Following a job over a real WebSocket server that cuts, repeats and overtakes."""

from collections.abc import Iterator

import pytest

from frontend.client import ClaraClient
from frontend.client.errors import NotReachable, ServiceForbade, ServiceNotFound
from frontend.client.watch import Reconnect, socket_url
from tests.support.contract_app import ContractState, contract_app, job, run_of
from tests.support.live_server import free_port, live_server

FAST = Reconnect(first_wait_s=0.01, longest_wait_s=0.05, give_up_after_s=30)
SOON_GIVEN_UP = Reconnect(first_wait_s=0.01, longest_wait_s=0.05, give_up_after_s=0.3)


@pytest.fixture
def state() -> ContractState:
    return ContractState(jobs={"job_1": job("job_1", status="running")}, updates={"job_1": run_of("job_1", 20)})


@pytest.fixture
def client(state: ContractState) -> Iterator[ClaraClient]:
    with live_server(contract_app(state)) as url, ClaraClient(url, url, url) as client:
        yield client


def seqs(client: ClaraClient, **options: int) -> list[int]:
    return [update.seq for update in client.jobs.watch("job_1", reconnect=FAST, **options)]


def test_every_update_arrives_once_and_in_order_until_the_job_ends(client: ClaraClient) -> None:
    assert seqs(client) == list(range(1, 23))


def test_a_cut_connection_is_resumed_where_it_broke_without_gaps_or_repeats(
    client: ClaraClient, state: ContractState
) -> None:
    state.cuts = [5, 1, 0, 7]
    assert seqs(client) == list(range(1, 23))
    assert state.resumed_from == [0, 5, 5, 5, 11]


def test_a_watch_can_start_in_the_middle(client: ClaraClient, state: ContractState) -> None:
    assert seqs(client, resume_from=20) == [21, 22]
    assert state.resumed_from == [20]


def test_an_update_that_overtakes_the_replay_leaves_no_gap(client: ClaraClient, state: ContractState) -> None:
    state.overtaking = 9
    assert seqs(client) == list(range(1, 23))


def test_the_figures_of_a_step_reach_the_caller(client: ClaraClient) -> None:
    *_, before_last, last = client.jobs.watch("job_1", reconnect=FAST)
    assert before_last.current_step == 20
    assert before_last.metrics == {"loss": 4.0 / 21, "tokens_per_s": 900.0, "eta_s": 0.0}
    assert last.status.is_terminal


def test_an_unknown_job_is_an_error_before_any_waiting(client: ClaraClient) -> None:
    with pytest.raises(ServiceNotFound, match="job_404"):
        client.jobs.watch("job_404")


def test_a_refused_token_ends_the_watch_with_the_reason_of_the_service(
    client: ClaraClient, state: ContractState
) -> None:
    state.token = "secret"
    with pytest.raises(ServiceForbade, match="valid access token"):
        seqs(client)


def test_a_token_that_ends_on_the_way_is_followed_by_the_next_one(state: ContractState) -> None:
    state.cuts, state.cut_code = [5], 1008
    with live_server(contract_app(state)) as url:
        tokens = {True: "first", False: "second"}
        with ClaraClient(url, url, url, lambda: tokens[bool(state.cuts)]) as client:
            assert seqs(client) == list(range(1, 23))
    assert state.resumed_from == [0, 5]


def test_a_token_that_ends_for_good_ends_the_watch(client: ClaraClient, state: ContractState) -> None:
    state.cuts, state.cut_code = [5], 1008
    with pytest.raises(ServiceForbade):
        seqs(client)


def test_a_service_that_stays_away_is_given_up(state: ContractState) -> None:
    state.cuts = [3]
    with live_server(contract_app(state)) as url:
        client = ClaraClient(url, url, url)
        updates = client.jobs.watch("job_1", reconnect=SOON_GIVEN_UP)
        assert [next(updates).seq for _ in range(3)] == [1, 2, 3]
    with client, pytest.raises(NotReachable, match="clara serve training"):
        next(updates)


def test_a_service_that_accepts_and_hangs_up_is_given_up(client: ClaraClient, state: ContractState) -> None:
    state.cuts = [0] * 1000
    with pytest.raises(NotReachable):
        next(client.jobs.watch("job_1", reconnect=SOON_GIVEN_UP))


def test_a_restarted_service_is_found_again(state: ContractState) -> None:
    port = free_port()
    state.cuts = [4]
    with live_server(contract_app(state), port=port) as url:
        client = ClaraClient(url, url, url)
        patient = Reconnect(first_wait_s=0.05, longest_wait_s=0.1, give_up_after_s=20)
        updates = client.jobs.watch("job_1", reconnect=patient)
        assert [next(updates).seq for _ in range(4)] == [1, 2, 3, 4]
    with client, live_server(contract_app(state), port=port):
        assert [update.seq for update in updates] == list(range(5, 23))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:45680", "ws://127.0.0.1:45680/api/training/ws?job_id=job_1"),
        ("https://clara.example/base", "wss://clara.example/base/api/training/ws?job_id=job_1"),
    ],
)
def test_the_socket_address_follows_the_http_address(url: str, expected: str) -> None:
    assert socket_url(url, "job_1") == expected
