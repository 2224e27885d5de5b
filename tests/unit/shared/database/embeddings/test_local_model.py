"""A sentence-transformers folder: equal to torch in this process, in a child that may die, never with foreign code."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.database.embeddings.errors import EmbeddingFailed
from shared.database.embeddings.local_model import LocalModelEmbedder
from shared.database.embeddings.model_folder import ModelFolder
from shared.database.embeddings.prefixes import Prefixes
from tests.support.tiny_encoder import HIDDEN, OUT, make_tiny_encoder

QUICK_WORKER = "tests.support.quick_embedding_worker"
TEXTS = ["Die Behörde kann den Verwaltungsakt aufheben.", "Frist", "", "§ 1 Absatz 2 " * 40]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Iterator[LocalModelEmbedder]:
    embedder = LocalModelEmbedder(folder, batch_size=3)
    yield embedder
    embedder.close()


@pytest.fixture
def quick(folder: Path) -> Iterator[LocalModelEmbedder]:
    """The real parent of a child without torch."""
    embedder = LocalModelEmbedder(folder, worker=QUICK_WORKER)
    yield embedder
    embedder.close()


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "tiny"))


def test_vectors_are_those_of_the_model_step_by_step(folder: Path, embedder: LocalModelEmbedder) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    dense = load_file(folder / "2_Dense" / "model.safetensors")["linear.weight"]
    expected = []
    with torch.inference_mode():
        for text in TEXTS:
            tokens = tokenizer([text], truncation=True, max_length=32, return_tensors="pt")
            pooled = model(**tokens).last_hidden_state.mean(dim=1)
            expected.append(torch.nn.functional.normalize(torch.tanh(pooled @ dense.T), dim=-1)[0].numpy())

    vectors = embedder.embed_passages(TEXTS)

    assert vectors.shape == (len(TEXTS), OUT)
    assert vectors == pytest.approx(np.stack(expected), abs=1e-5)
    assert embedder.embed_query(TEXTS[1]) == pytest.approx(vectors[1], abs=1e-5)


def test_a_killed_child_is_replaced(quick: LocalModelEmbedder) -> None:
    before = quick.embed_query("Frist")
    assert quick._child is not None
    os.kill(quick._child.pid, signal.SIGKILL)
    quick._child.wait()

    assert (quick.embed_query("Frist") == before).all()


def test_a_child_that_is_killed_while_it_works_is_an_error_and_no_end(quick: LocalModelEmbedder) -> None:
    with pytest.raises(EmbeddingFailed, match="its process ended with code -9"):
        quick.embed_query("die")
    assert quick.embed_query("Frist").shape == (OUT,)


def test_a_child_that_hangs_is_ended_in_time(folder: Path) -> None:
    quick = LocalModelEmbedder(folder, timeout_s=0.4, worker=QUICK_WORKER)
    quick.start()
    child = quick._child
    assert child is not None

    with pytest.raises(EmbeddingFailed, match=r"did not answer within 0\.4 s"):
        quick.embed_query("hang")
    # it would have hung for a minute, and then answered
    assert child.wait(20) == -signal.SIGKILL
    quick.close()


@pytest.mark.parametrize(("text", "reason"), [("break", "a broken safetensors file"), ("wide", "17 numbers")])
def test_what_is_wrong_in_the_child_is_told(quick: LocalModelEmbedder, text: str, reason: str) -> None:
    with pytest.raises(EmbeddingFailed, match=reason):
        quick.embed_query(text)
    assert quick.embed_query("Frist").shape == (OUT,)


def test_the_child_ends_with_its_parent(folder: Path) -> None:
    script = (
        "import os; from pathlib import Path;"
        "from shared.database.embeddings.local_model import LocalModelEmbedder as L;"
        f"e = L(Path({str(folder)!r}), worker={QUICK_WORKER!r}); e.start();"
        "print(e._child.pid, flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    child = int(done.stdout)
    give_up = time.monotonic() + 20
    while _is_running(child) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not _is_running(child)


def test_the_digest_is_of_all_contents_but_the_documentation(folder: Path, copied: Path) -> None:
    whole = ModelFolder.read(folder)
    (copied / "README.md").write_text("Anleitung")
    assert ModelFolder.read(copied).digest == whole.digest

    weights = bytearray((copied / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copied / "model.safetensors").write_bytes(weights)
    assert ModelFolder.read(copied).digest != whole.digest


def test_the_model_is_known_without_a_child_and_without_torch(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from shared.database.embeddings.local_model import LocalModelEmbedder as L;"
        f"print(L(Path({str(folder)!r})).model.key, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == [f"tiny@{ModelFolder.read(folder).digest}/{OUT}", "False", "False"]


def test_prefixes_are_part_of_the_revision_and_may_come_from_the_model(copied: Path) -> None:
    plain = LocalModelEmbedder(copied).model.revision
    (copied / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "query: ", "document": "passage: "}})
    )
    brought = LocalModelEmbedder(copied)

    assert ModelFolder.read(copied).prefixes == Prefixes("query: ", "passage: ")
    assert (
        len({plain, brought.model.revision, LocalModelEmbedder(copied, prefixes=Prefixes("q: ")).model.revision}) == 3
    )


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", {"hidden_size": 32, "auto_map": {"AutoModel": "x.Y"}}, "code of its own"),
        ("config.json", {}, "no config.json"),
        ("modules.json", [{"type": "sentence_transformers.models.WordWeights", "path": ""}], "the step 'WordWeights'"),
        ("modules.json", [{"type": "models.Pooling", "path": "../.."}], "points out of the folder"),
        ("1_Pooling/config.json", {"pooling_mode_weightedmean_tokens": True}, "pooling"),
        ("2_Dense/config.json", {"out_features": 4, "activation_function": "os.system"}, "Tanh or Identity"),
    ],
)
def test_a_folder_that_cannot_be_served_says_why(copied: Path, file: str, content: object, reason: str) -> None:
    (copied / file).write_text(json.dumps(content))

    with pytest.raises(EmbeddingFailed, match=reason):
        _ = LocalModelEmbedder(copied).model


def test_weights_without_safetensors_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")

    with pytest.raises(EmbeddingFailed, match="pickles are never loaded"):
        LocalModelEmbedder(copied).embed_query("Frist")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFailed, match="no such folder"):
        LocalModelEmbedder(tmp_path / "fehlt").start()


@pytest.mark.parametrize("pooling", ["cls_token", "max_tokens", "lasttoken"])
def test_other_poolings_have_the_size_of_the_model(tmp_path: Path, pooling: str) -> None:
    import torch

    from shared.database.embeddings.local_model_worker import LocalModel

    described = ModelFolder.read(make_tiny_encoder(tmp_path / "m", pooling=pooling, has_dense=False))
    model = LocalModel(described)

    alone, padded = model.embed(["Frist"]), model.embed(["Frist", "die Frist der Behörde und Gemeinde"])

    assert described.dimension == HIDDEN == padded.shape[1]
    assert torch.allclose(alone[0], padded[0], atol=1e-5)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
