"""The cache of vectors: what it saves, how large it gets, and that it never stands in the way."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.database.embeddings.base import EmbeddingModel
from shared.database.embeddings.cache import CachedEmbedder
from tests.support.search import DIMENSION, vector_of


class CountingEmbedder:
    """Counts what it is asked for."""

    def __init__(self, revision: str = "1") -> None:
        self.model = EmbeddingModel("counting", revision, DIMENSION)
        self.asked: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([vector_of(text) for text in texts], dtype=np.float32).reshape(-1, DIMENSION)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        return vector_of(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unter" / "cache.db"


def cached(embedder: CountingEmbedder, path: Path, limit_bytes: int = 1 << 20) -> CachedEmbedder:
    return CachedEmbedder(embedder, path, limit_bytes=limit_bytes)


def test_a_text_is_embedded_once_and_is_bit_for_bit_the_same(path: Path) -> None:
    first, second = CountingEmbedder(), CountingEmbedder()
    made = cached(first, path).embed_passages(["Hund", "Katze", "Hund"])

    again = cached(second, path).embed_passages(["Katze", "Maus", "Hund"])

    assert (first.asked, second.asked) == (["Hund", "Katze"], ["Maus"])
    assert (again[2] == made[0]).all()
    assert (made[0] == made[2]).all()
    assert (again[1] == vector_of("Maus")).all()


def test_another_revision_has_its_own_vectors(path: Path) -> None:
    cached(CountingEmbedder("1"), path).embed_passages(["Hund"])
    other = CountingEmbedder("2")

    cached(other, path).embed_passages(["Hund"])

    assert other.asked == ["Hund"]


def test_no_texts_and_questions_leave_no_trace(path: Path) -> None:
    embedder = CountingEmbedder()
    store = cached(embedder, path)

    assert store.embed_passages([]).shape == (0, DIMENSION)
    assert (store.embed_query("Hund") == vector_of("Hund")).all()
    assert not path.exists()


def test_texts_are_not_kept(path: Path) -> None:
    cached(CountingEmbedder(), path).embed_passages(["Geheimwort Personalakte"])

    assert b"Geheimwort" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_the_file_stays_below_its_limit(path: Path) -> None:
    store = cached(CountingEmbedder(), path, limit_bytes=200_000)
    for start in range(0, 3000, 100):
        store.embed_passages([f"Satz {n}" for n in range(start, start + 100)])

    assert path.stat().st_size < 400_000
    fresh = CountingEmbedder()
    cached(fresh, path).embed_passages(["Satz 2999", "Satz 0"])
    assert fresh.asked == ["Satz 0"]


@pytest.mark.parametrize("content", [b"keine Datenbank" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_costs_only_time(path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    embedder = CountingEmbedder()
    store = cached(embedder, path)

    assert (store.embed_passages(["Hund"])[0] == vector_of("Hund")).all()
    assert "embedding_cache.unusable" in caplog.text
    store.embed_passages(["Katze"])
    store.embed_passages(["Katze"])
    assert embedder.asked.count("Katze") == 1


def test_a_locked_file_or_a_folder_in_its_place_costs_only_time(path: Path, tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("x")
    blocked = cached(CountingEmbedder(), tmp_path / "datei" / "cache.db")
    assert (blocked.embed_passages(["Hund"])[0] == vector_of("Hund")).all()

    store = cached(CountingEmbedder(), path)
    store.embed_passages(["Hund"])
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert (store.embed_passages(["Katze"])[0] == vector_of("Katze")).all()
    lock.close()


def test_threads_share_it(path: Path) -> None:
    store = cached(CountingEmbedder(), path)
    texts = [f"Satz {n}" for n in range(50)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: store.embed_passages(texts), range(8)))

    assert all((result == results[0]).all() for result in results)
