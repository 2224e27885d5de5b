"""The routes of feedback and of active adapters as a client meets them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.development import DevelopmentConfig
from tests.support.services import client_of
from tests.support.training_desk import Desk, a_published_adapter, service_at

pytestmark = pytest.mark.anyio

FEEDBACK = "/api/training/feedback"
ITEM: dict[str, Any] = {"prompt": "Wo ist das Amt?", "answer": "Im Rathaus.", "rating": 5, "source": "chat"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
async def client(desk: Desk, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service_at(desk, DevelopmentConfig(home=tmp_path, security_mode="debug"))) as client:
        yield client


def batch(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"items": [{**ITEM, "prompt": f"Frage {n}?", **change} for n, change in enumerate(changes)]}


async def test_one_item_is_answered_like_a_batch_of_one(client: httpx.AsyncClient) -> None:
    first = await client.post(FEEDBACK, json=ITEM)
    again = await client.post(FEEDBACK, json={"items": [{**ITEM, "answer": " Im  Rathaus."}]})
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["accepted"], again.json()["accepted"], again.json()["duplicates"]) == (1, 0, 1)
    outcome = first.json()["items"][0]
    assert again.json()["items"][0] == {**outcome, "is_duplicate": True}
    shown = (await client.get(f"{FEEDBACK}/{outcome['feedback_id']}")).json()
    assert (shown["score"], shown["created_by"], shown["state"]) == (1.0, "debug@clara.local", "accepted")


async def test_a_batch_is_answered_item_by_item(client: httpx.AsyncClient) -> None:
    answer = (await client.post(FEEDBACK, json=batch({}, {"answer": "!!!"}, {}, {"prompt": "Frage 0?"}))).json()
    assert [item["reason"] for item in answer["items"]] == [None, "answer_no_words", None, None]
    assert [item["is_duplicate"] for item in answer["items"]] == [False, False, False, True]
    assert (answer["accepted"], answer["rejected"], answer["duplicates"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"score": 2, "rating": None}, "items.0.score"),
        ({"rating": 6}, "items.0.rating"),
        ({"rating": 2.5}, "items.0.rating"),
        ({"score": 1}, "items.0"),
        ({"rating": None}, "items.0"),
        ({"importance": 0}, "items.0.importance"),
        ({"prompt": None}, "items.0.prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"answer": "x" * 100_001}, "items.0.answer"),
        ({"source": ""}, "items.0.source"),
        ({"stars": 5}, "items.0.stars"),
    ],
)
async def test_what_cannot_be_right_is_refused_with_its_field(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    answer = await client.post(FEEDBACK, json={**ITEM, **change})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await client.get(FEEDBACK)).json()["total_count"] == 0


async def test_half_a_character_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"prompt": "a \\ud800 b", "answer": "c d", "score": 1}'
    answer = await client.post(FEEDBACK, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_batch_has_bounds(client: httpx.AsyncClient, count: int) -> None:
    answer = await client.post(FEEDBACK, json={"items": [{"prompt": "a", "answer": "b", "score": 1}] * count})
    assert answer.status_code == 422


async def test_a_body_beyond_a_mebibyte_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(FEEDBACK, json=batch(*({"answer": "x" * 99_000} for _ in range(12))))
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


async def test_filters_narrow_and_pages_follow(client: httpx.AsyncClient) -> None:
    await client.post(FEEDBACK, json=batch({"rating": 1}, {"source": "review"}, {"correction": "Oben."}, {}))
    found = {
        query: [item["prompt"][6] for item in (await client.get(f"{FEEDBACK}?{query}")).json()["items"]]
        for query in (
            "",
            "max_score=-0.5",
            "min_score=0.5&source=review",
            "has_correction=true",
            "state=rejected",
            "since=2100-01-01T00:00:00Z",
        )
    }
    assert list(found.values()) == [["3", "2", "1", "0"], ["0"], ["1"], ["2"], [], []]
    first = (await client.get(f"{FEEDBACK}?limit=3")).json()
    rest = (await client.get(f"{FEEDBACK}?limit=3&after={first['next_after']}")).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_after"], rest["total_count"]) == (3, 1, None, 4)


@pytest.mark.parametrize("query", ["min_score=2", "min_score=nan", "since=2026-01-01T00:00:00", "state=bad", "limit=0"])
async def test_a_filter_that_makes_no_sense_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{FEEDBACK}?{query}")).status_code == 422


async def test_what_is_unknown_is_not_found(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get(f"{FEEDBACK}/fb_0"),
        await client.get(f"{FEEDBACK}?after=fb_0"),
        await client.post(FEEDBACK, json={**ITEM, "adapter_id": "adp_0"}),
        await client.post("/api/training/adapters/adp_0/promote"),
    ):
        assert answer.status_code == 404


async def test_an_adapter_is_promoted_and_shown_as_active(client: httpx.AsyncClient, desk: Desk) -> None:
    a_published_adapter(desk)
    assert (await client.get("/api/training/active-adapters")).json() == {"promotions": []}
    promoted = await client.post("/api/training/adapters/adp_1/promote")
    assert (promoted.status_code, promoted.json()["replaced"]) == (200, None)
    assert (await client.get("/api/training/active-adapters")).json()["promotions"] == [promoted.json()]
    history = (await client.get("/api/training/promotions?base_model=starter")).json()
    assert history["promotions"] == [promoted.json()]
    assert (await client.get("/api/training/promotions?base_model=other")).json() == {"promotions": []}


async def test_a_damaged_adapter_is_a_conflict(client: httpx.AsyncClient, desk: Desk) -> None:
    adapter = a_published_adapter(desk)
    Path(adapter.path, "README.md").write_text("care", encoding="utf-8")
    answer = await client.post("/api/training/adapters/adp_1/promote", json={"override": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "adapter_damaged")
