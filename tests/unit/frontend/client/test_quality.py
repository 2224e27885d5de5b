"""Reviews of quality against a real server: pages, rulings, what is not there."""

from collections.abc import Iterator

import pytest

from frontend.client import ClaraClient
from frontend.client.errors import ServiceNotFound
from shared.models.review import ReviewState
from tests.support.contract_app import ContractState, contract_app, review
from tests.support.live_server import live_server


@pytest.fixture
def state() -> ContractState:
    rows = [review(f"k{number}", score=number / 10) for number in range(7)]
    rows.append(review("k7", reasons=["letter_tokens"], state="kept"))
    return ContractState(reviews={row["text_key"]: row for row in rows})


@pytest.fixture
def client(state: ContractState) -> Iterator[ClaraClient]:
    with live_server(contract_app(state)) as url, ClaraClient(url, url, url) as client:
        yield client


def test_the_pages_of_a_state_are_all_of_it(client: ClaraClient) -> None:
    keys = [each.text_key for each in client.quality.iterate(page_size=3)]

    assert keys == [f"k{number}" for number in range(7)]
    assert client.quality.page(limit=2).total_count == 7
    assert [each.text_key for each in client.quality.iterate(state=ReviewState.KEPT)] == ["k7"]


def test_a_reason_is_asked_of_the_service(client: ClaraClient) -> None:
    assert client.quality.page(reason="letter_tokens").total_count == 0
    assert client.quality.page(reason="letter_tokens", state=ReviewState.KEPT).total_count == 1


def test_a_ruling_comes_back_with_who_and_why(client: ClaraClient) -> None:
    ruled = client.quality.rule("k3", ReviewState.REJECTED, note="Scan")

    assert (ruled.state, ruled.note, ruled.decided_by) == (ReviewState.REJECTED, "Scan", "a@b.de")
    assert client.quality.get("k3") == ruled


def test_a_section_is_ruled_on_by_its_id(client: ClaraClient) -> None:
    ruled = client.quality.rule_section("doc_1:1:4", ReviewState.KEPT)

    assert (ruled.section_id, ruled.state) == ("doc_1:1:4", ReviewState.KEPT)


def test_a_key_that_nobody_knows_is_not_found(client: ClaraClient) -> None:
    with pytest.raises(ServiceNotFound):
        client.quality.get("no/pe")
    with pytest.raises(ServiceNotFound):
        client.quality.rule("nope", ReviewState.KEPT)
