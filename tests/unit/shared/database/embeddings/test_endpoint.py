"""Embeddings by a server: batches, retries, and every way in which it can fail."""

import logging
import math
import time
from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import SecretStr

from shared.database.embeddings.endpoint import EndpointEmbedder
from shared.database.embeddings.errors import EmbeddingFailed
from shared.database.embeddings.prefixes import Prefixes
from tests.support.embedding_server import KEY, EmbeddingServer, embedding_server
from tests.support.loopback import LOOPBACK
from tests.support.search import DIMENSION, vector_of


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as server:
        yield server


@pytest.fixture
def embedder(server: EmbeddingServer) -> Iterator[EndpointEmbedder]:
    embedder = EndpointEmbedder(
        f"{server.url}/v1/", "e5", api_key=SecretStr(KEY), batch_size=2, outgoing=LOOPBACK, query_timeout_s=1.0
    )
    yield embedder
    embedder.close()


def test_texts_go_in_batches_and_come_back_in_their_order(server: EmbeddingServer, embedder: EndpointEmbedder) -> None:
    texts = ["Hund", "Katze", "Maus", "Vogel", "Fisch"]

    vectors = embedder.embed_passages(texts)

    assert vectors == pytest.approx(np.stack([vector_of(text) for text in texts]), abs=1e-5)
    assert [len(batch) for batch in server.inputs] == [1, 2, 2, 1]
    assert embedder.embed_passages([]).shape == (0, DIMENSION)


def test_the_model_is_what_the_server_calls_it(embedder: EndpointEmbedder) -> None:
    assert embedder.model.key == f"e5@e5-2026/{DIMENSION}"


def test_prefixes_tell_questions_from_passages(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder(
        f"{server.url}/v1/embeddings",
        "e5",
        api_key=SecretStr(KEY),
        prefixes=Prefixes("query: ", "passage: "),
        outgoing=LOOPBACK,
    )
    embedder.embed_passages(["Hund"])
    embedder.embed_query("Hund")

    assert server.inputs[1:] == [["passage: Hund"], ["query: Hund"]]
    assert embedder.model.revision.startswith("e5-2026-")
    embedder.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_temporary_refusal_is_asked_again(server: EmbeddingServer, embedder: EndpointEmbedder, status: int) -> None:
    assert embedder.model
    server.failures = [status, status]

    assert embedder.embed_passages(["Hund"])[0] == pytest.approx(vector_of("Hund"), abs=1e-5)
    assert server.inputs[-3:] == [["Hund"]] * 3


def test_a_question_does_not_wait_longer_than_its_time(server: EmbeddingServer, embedder: EndpointEmbedder) -> None:
    assert embedder.model
    server.failures, server.retry_after = [429] * 9, "30"
    started = time.monotonic()

    with pytest.raises(EmbeddingFailed, match="429"):
        embedder.embed_query("Hund")
    assert time.monotonic() - started < 20


def test_a_server_that_hangs_is_left_in_time(server: EmbeddingServer) -> None:
    server.delay_s = 5.0
    embedder = EndpointEmbedder(server.url, "e5", api_key=SecretStr(KEY), outgoing=LOOPBACK, query_timeout_s=0.3)

    with pytest.raises(EmbeddingFailed, match=r"within 0\.3 s"):
        embedder.embed_query("Hund")
    embedder.close()


def test_a_server_that_is_down_is_named() -> None:
    embedder = EndpointEmbedder("http://ki:geheim@127.0.0.1:9/v1", "e5", outgoing=LOOPBACK, query_timeout_s=0.4)

    with pytest.raises(EmbeddingFailed, match=r"127\.0\.0\.1:9/v1/embeddings.*cannot be reached") as failed:
        _ = embedder.model
    assert "geheim" not in str(failed.value)
    embedder.close()


def test_a_refused_key_is_named_and_never_shown(server: EmbeddingServer, caplog: pytest.LogCaptureFixture) -> None:
    embedder = EndpointEmbedder(server.url, "e5", api_key=SecretStr("sk-falscher-schluessel"), outgoing=LOOPBACK)

    with caplog.at_level(logging.DEBUG), pytest.raises(EmbeddingFailed, match="refuses the configured key") as failed:
        embedder.embed_query("Hund")
    assert "falscher" not in caplog.text + str(failed.value) + str(failed.value.context) + repr(embedder.__dict__)
    embedder.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda answer: answer | {"data": answer["data"][:-1]}, "vectors came back"),
        (lambda answer: {"object": "list"}, "not one of an embeddings endpoint"),
        (lambda answer: [], "not one of an embeddings endpoint"),
        (lambda answer: answer | {"data": [{"index": 0, "embedding": [math.nan] * 64}]}, "without a direction"),
        (lambda answer: answer | {"data": [{"index": 0, "embedding": [0.0] * 64}]}, "without a direction"),
        (
            lambda answer: answer | {"data": [{"index": 0, "embedding": [1.0] * 32}]},
            "64 numbers and now makes some of 32",
        ),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(
    server: EmbeddingServer, embedder: EndpointEmbedder, change: object, reason: str
) -> None:
    assert embedder.model
    server.change = change

    with pytest.raises(EmbeddingFailed, match=reason):
        embedder.embed_passages(["Hund"])


def test_a_configured_dimension_is_held_to(server: EmbeddingServer) -> None:
    embedder = EndpointEmbedder(server.url, "e5", api_key=SecretStr(KEY), dimension=1024, outgoing=LOOPBACK)

    with pytest.raises(EmbeddingFailed, match="64 numbers, 1024 are configured"):
        embedder.embed_query("Hund")
    embedder.close()
