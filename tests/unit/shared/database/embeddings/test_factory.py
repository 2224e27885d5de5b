"""From settings to an embedder."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.database.embeddings.cache import CachedEmbedder
from shared.database.embeddings.endpoint import EndpointEmbedder
from shared.database.embeddings.factory import EmbeddingSettings, InvalidEmbeddingSettings, open_embedder
from shared.database.embeddings.hashed import HashedEmbedder
from shared.database.embeddings.local_model import LocalModelEmbedder


@pytest.mark.parametrize("model", ["", "hashed", " "])
def test_nothing_set_is_the_offline_default_without_a_cache(model: str, tmp_path: Path) -> None:
    assert isinstance(open_embedder(EmbeddingSettings(model), cache=tmp_path / "c.db"), HashedEmbedder)


def test_a_folder_is_a_local_model(tmp_path: Path) -> None:
    assert isinstance(open_embedder(EmbeddingSettings(str(tmp_path))), LocalModelEmbedder)
    assert isinstance(open_embedder(EmbeddingSettings(str(tmp_path)), cache=tmp_path / "c.db"), CachedEmbedder)


@pytest.mark.parametrize("address", ["https://ki.example/v1", "HTTPS://ki.example/v1", "Http://ki.example/v1"])
def test_an_address_is_an_endpoint_and_needs_the_name_of_a_model(address: str, tmp_path: Path) -> None:
    embedder = open_embedder(EmbeddingSettings(address, "e5", cache_mb=0), cache=tmp_path / "c.db")
    assert isinstance(embedder, EndpointEmbedder)
    embedder.close()

    with pytest.raises(InvalidEmbeddingSettings, match="no name of a model"):
        open_embedder(EmbeddingSettings(address))


def test_an_idle_service_pays_for_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from shared.database.adapters.chromadb import ChromaPlace, ChromaStore;"
        "from shared.database.adapters.embedded_vectors import EmbeddedVectorStore;"
        "from shared.database.embeddings.factory import EmbeddingSettings, open_embedder;"
        "model = open_embedder(EmbeddingSettings()).model;"
        f"EmbeddedVectorStore(Path({str(tmp_path)!r}) / 'v.db', model.key, model.dimension).check();"
        "ChromaStore(ChromaPlace(), model.key, model.dimension);"
        "open_embedder(EmbeddingSettings('https://ki.example/v1', 'e5'));"
        "print([name for name in ('numpy', 'torch', 'chromadb', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
