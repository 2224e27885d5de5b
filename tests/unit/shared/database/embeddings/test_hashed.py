"""The offline embedding: what it puts near each other, and that it is the same everywhere."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from shared.database.embeddings.frequent_words import WORTH
from shared.database.embeddings.hashed import DIMENSION, HashedEmbedder


@pytest.fixture(scope="module")
def embedder() -> HashedEmbedder:
    return HashedEmbedder()


def nearness(embedder: HashedEmbedder, one: str, other: str) -> float:
    return float(embedder.embed_query(one) @ embedder.embed_passages([other])[0])


def test_vectors_have_unit_length_whatever_the_text(embedder: HashedEmbedder) -> None:
    texts = ["Hund", "", "§§ -- !", "\ud800 \x00 𝔘", "wort " * 50_000, "x" * 100_000]

    vectors = embedder.embed_passages(texts)

    assert vectors.shape == (len(texts), DIMENSION)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)


def test_no_texts_are_no_vectors(embedder: HashedEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, DIMENSION)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("Verordnung", "Die Verordnungen des Landes", "Ein Hund bellt"),
        ("Fahrerlaubnisverordnung", "Verordnung über die Fahrerlaubnis", "Verordnung über Milch"),
        ("Beschluß", "der Beschluss", "der Bescheid"),
        ("Gebühren der Gemeinde", "Gebühren, die eine Gemeinde erhebt", "der die das und oder nach von der Gerichte"),
    ],
)
def test_what_shares_words_or_pieces_is_near(embedder: HashedEmbedder, query: str, near: str, far: str) -> None:
    assert nearness(embedder, query, near) > nearness(embedder, query, far) + 0.05


def test_frequent_words_say_little() -> None:
    assert WORTH["der"] < 0.2 < WORTH["verordn"] < 1
    assert all(0 < worth < 1 for worth in WORTH.values())
    assert len(WORTH) == 500


def test_a_text_has_one_vector_in_every_process_thread_and_company(embedder: HashedEmbedder) -> None:
    text = "Die Gebührenordnung nach § 35a VwVfG"
    script = (
        "from shared.database.embeddings.hashed import HashedEmbedder as H; import sys;"
        f"e = H(); sys.stdout.write(e.model.key + ' ' + e.embed_query({text!r}).tobytes().hex())"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    fresh = HashedEmbedder()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: fresh.embed_passages([f"Satz {n}", text])[1].tobytes(), range(20)))

    key, _, content = other.partition(" ")
    assert {*made, bytes.fromhex(content)} == {embedder.embed_query(text).tobytes()}
    assert key == embedder.model.key


def test_the_model_is_named_with_revision_and_dimension(embedder: HashedEmbedder) -> None:
    model = embedder.model

    assert (model.name, model.dimension) == ("hashed", DIMENSION)
    assert model.revision.startswith("1.")
    assert HashedEmbedder(512).model.key != model.key
    assert HashedEmbedder(pieces_weight=0).model.revision != model.revision


def test_words_that_are_forgotten_come_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.embeddings.hashed._KNOWN_WORDS", 10)
    small, texts = HashedEmbedder(), [f"Wort{n} und Satz{n % 7}" for n in range(100)]

    assert (small.embed_passages(texts) == HashedEmbedder().embed_passages(texts)).all()
    assert len(small._known) + len(small._earlier) <= 20
