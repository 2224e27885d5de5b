"""The candidates for the offline embedding, and the measuring of one: `python -m tests.benchmarks._embedders NAME`."""

import importlib.util
import json
import math
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.database.embeddings.hashed import HashedEmbedder
from tests.benchmarks._retrieval_tasks import RetrievalTask, headings_on_sections, questions_on_paragraphs

Vectors = NDArray[np.float32]


class NotHere(Exception):
    """The candidate cannot be measured on this machine; the message says why."""


class Candidate(Protocol):
    """Learns what it needs from the passages, and embeds."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors: ...

    def embed_query(self, text: str) -> Vectors: ...


class LatentSemantics:
    """Trained on the user's passages: TF-IDF of stems, then its largest singular directions by random projection."""

    def __init__(self, dimension: int) -> None:
        import Stemmer

        self._dimension = dimension
        self._stemmer = Stemmer.Stemmer("german")
        self._columns: dict[str, int] = {}

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        counts = [self._counts(text) for text in texts]
        often = Counter(stem for each in counts for stem in each)
        kept = [stem for stem, number in often.items() if number > 1]
        self._columns = {stem: column for column, stem in enumerate(kept)}
        self._idf = np.array([math.log(len(texts) / often[stem]) for stem in kept], dtype=np.float32)
        rows = [self._row(each) for each in counts]
        self._basis = self._directions(rows, min(self._dimension, len(texts) - 1))
        return _unit(self._times(rows, self._basis))

    def embed_query(self, text: str) -> Vectors:
        return _unit(self._times([self._row(self._counts(text))], self._basis))[0]

    def _directions(self, rows: list[tuple[Vectors, Vectors]], size: int) -> Vectors:
        """The range of the matrix by two rounds of power iteration; shape (stems, size)."""
        rng = np.random.default_rng(0)
        sketch = rng.standard_normal((len(self._columns), size + 16)).astype(np.float32)
        for _ in range(2):
            left, _ = np.linalg.qr(self._times(rows, sketch))
            sketch, _ = np.linalg.qr(self._transposed_times(rows, left))
        small = self._times(rows, sketch)
        _, _, turned = np.linalg.svd(small, full_matrices=False)
        return np.asarray(sketch @ turned[:size].T, dtype=np.float32)

    def _times(self, rows: list[tuple[Vectors, Vectors]], right: Vectors) -> Vectors:
        return np.stack([weights @ right[columns] for columns, weights in rows])

    def _transposed_times(self, rows: list[tuple[Vectors, Vectors]], right: Vectors) -> Vectors:
        product = np.zeros((len(self._columns), right.shape[1]), dtype=np.float32)
        for (columns, weights), row in zip(rows, right, strict=True):
            product[columns] += weights[:, None] * row
        return product

    def _row(self, counts: Mapping[str, int]) -> tuple[Vectors, Vectors]:
        known = [(self._columns[stem], number) for stem, number in counts.items() if stem in self._columns]
        columns = np.array([column for column, _ in known], dtype=np.int64)
        weights = np.array([1 + math.log(number) for _, number in known], dtype=np.float32) * self._idf[columns]
        return columns, weights / (np.linalg.norm(weights) or 1)

    def _counts(self, text: str) -> Counter[str]:
        words = "".join(letter if letter.isalnum() else " " for letter in text.lower().replace("ß", "ss")).split()
        return Counter(self._stemmer.stemWords(words))


class NumpyBert:
    """A small BERT with mean pooling in numpy: tokenizers and safetensors are all it needs."""

    _BATCH = 16

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        config = json.loads((folder / "config.json").read_text())
        self._heads = config["num_attention_heads"]
        self._layers = config["num_hidden_layers"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self._tokenizer.enable_padding()
        self._weights = load_file(folder / "model.safetensors")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        found: dict[int, Vectors] = {}
        for start in range(0, len(order), self._BATCH):
            some = order[start : start + self._BATCH]
            found |= zip(some, self._batch([texts[n] for n in some]), strict=True)
        return np.stack([found[n] for n in range(len(texts))])

    def embed_query(self, text: str) -> Vectors:
        return self._batch([text])[0]

    def _batch(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer.encode_batch(list(texts))
        ids = np.array([each.ids for each in tokens])
        mask = np.array([each.attention_mask for each in tokens], dtype=np.float32)
        w = self._weights
        hidden = w["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
        hidden = self._norm(hidden + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(self._layers):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
        return _unit((hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True))

    def _layer(self, hidden: Vectors, mask: Vectors, name: str) -> Vectors:
        attended = self._linear(
            self._attention(hidden, mask, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        hidden = self._norm(hidden + attended, f"{name}.attention.output.LayerNorm")
        inner = self._linear(hidden, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + _erf(inner / np.float32(math.sqrt(2))))
        return self._norm(hidden + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attention(self, hidden: Vectors, mask: Vectors, name: str) -> Vectors:
        batch, length, width = hidden.shape
        split = (batch, length, self._heads, width // self._heads)
        query, key, value = (
            self._linear(hidden, f"{name}.{part}").reshape(split).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(split[3]))
        scores = scores + (mask[:, None, None, :] - 1) * np.float32(1e9)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(batch, length, width)

    def _linear(self, hidden: Vectors, name: str) -> Vectors:
        return hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, hidden: Vectors, name: str) -> Vectors:
        hidden = hidden - hidden.mean(axis=-1, keepdims=True)
        hidden = hidden / np.sqrt(np.square(hidden).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return hidden * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


class StaticTokens:
    """What model2vec makes of a model: one vector per token, from the model itself, reduced and weighted by rank."""

    def __init__(self, folder: Path, dimension: int = 256) -> None:
        if importlib.util.find_spec("model2vec") is None:
            raise NotHere("model2vec is not installed")
        from model2vec.distill import distill

        self._model = distill(str(folder), pca_dims=dimension, device="cpu")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return _unit(np.asarray(self._model.encode(list(texts)), dtype=np.float32))

    def embed_query(self, text: str) -> Vectors:
        return self.embed_passages([text])[0]


def _minilm() -> Path:
    folder = os.environ.get("CLARA_TEST_MINILM", "")
    if not (folder and (Path(folder) / "model.safetensors").is_file()):
        raise NotHere("CLARA_TEST_MINILM names no folder of a model")
    return Path(folder)


SLOW_SECTIONS = 1_000
SLOW = frozenset(("hashed_on_1000", "minilm_on_1000"))
"""Measured on a smaller sample of sections, beside the default on the same one."""

CANDIDATES: Mapping[str, Callable[[], Candidate]] = {
    "hashed_words": lambda: HashedEmbedder(pieces_weight=0, is_weighted=False),
    "hashed_weighted_words": lambda: HashedEmbedder(pieces_weight=0),
    "hashed_unweighted": lambda: HashedEmbedder(is_weighted=False),
    "hashed_512": lambda: HashedEmbedder(512),
    "hashed": HashedEmbedder,
    "hashed_2048": lambda: HashedEmbedder(2048),
    "latent_semantics_256": lambda: LatentSemantics(256),
    "model2vec_256": lambda: StaticTokens(_minilm()),
    "hashed_on_1000": HashedEmbedder,
    "minilm_on_1000": lambda: NumpyBert(_minilm()),
}


def figures_of(name: str) -> dict[str, Any]:
    """Both tasks, memory and the ratio of one candidate."""
    try:
        CANDIDATES[name]()
    except NotHere as exc:
        return {"not_measured": str(exc)}
    sample = {"sections": SLOW_SECTIONS, "headings": 200} if name in SLOW else {}
    headings = headings_on_sections(**sample)
    tasks = [questions_on_paragraphs(), headings]
    before_mb = _rss_mb()
    found = {task.name: _on(task, CANDIDATES[name]()) for task in tasks}
    mean = sum(each["ndcg_10"] for each in found.values()) / len(found)
    return {
        **found,
        "rss_added_mb": round(_rss_mb() - before_mb),
        "ratio": round(mean * found["headings"]["passages_per_cpu_s"]),
    }


def _on(task: RetrievalTask, candidate: Candidate) -> dict[str, Any]:
    started = time.process_time()
    passages = candidate.embed_passages(task.passages)
    seconds = time.process_time() - started
    queries = np.stack([candidate.embed_query(query) for query in task.queries])
    scores = queries @ passages.T
    right = scores[np.arange(len(queries)), task.relevant][:, None]
    ranks = (scores > right).sum(axis=1) + ((scores == right).sum(axis=1) - 1) / 2
    return {
        "ndcg_10": round(float(np.where(ranks < 10, 1 / np.log2(ranks + 2), 0).mean()), 4),
        "recall_100": round(float((ranks < 100).mean()), 4),
        "passages_per_cpu_s": round(len(task.passages) / seconds, 1),
        "dimension": passages.shape[1],
    }


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _erf(x: Vectors) -> Vectors:
    """Abramowitz and Stegun 7.1.26; off by at most 1.5e-7."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(x) * (1 - series * np.exp(-x * x)), dtype=np.float32)


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    print(json.dumps(figures_of(sys.argv[1])))
