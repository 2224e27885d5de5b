"""From settings to an embedder: what is not a folder or an address is the offline default."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from shared.database.embeddings.base import Embedder
from shared.database.embeddings.cache import CachedEmbedder
from shared.database.embeddings.prefixes import Prefixes
from shared.errors import InvalidInput
from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy

DEFAULT = "hashed"


class InvalidEmbeddingSettings(InvalidInput):
    """The settings name no embedding model."""

    code = "invalid_embedding_settings"


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Which model embeds, and how.

    Args:
        model: "" or "hashed" for the offline default, a folder, or an http(s) address.
        model_name: As a server calls its model; needed with an address.
        api_key: For the server.
        batch_size: Texts that are embedded together.
        cache_mb: Size of the cache of passages in MB; 0 for none. The default needs none.
        query_prefix: Put before questions.
        passage_prefix: Put before passages.
        outgoing: Which addresses of our own network a server may have.
    """

    model: str = ""
    model_name: str = ""
    api_key: SecretStr | None = None
    batch_size: int = 32
    cache_mb: int = 512
    query_prefix: str = ""
    passage_prefix: str = ""
    outgoing: OutgoingPolicy = PUBLIC_ONLY

    @property
    def is_offline_default(self) -> bool:
        """Whether no model is named."""
        return self.model.strip() in ("", DEFAULT)


def open_embedder(settings: EmbeddingSettings, *, cache: Path | None = None) -> Embedder:
    """The embedder; nothing is loaded or asked before its first use.

    Args:
        settings: As they were read.
        cache: File of the cache; None for none.

    Raises:
        InvalidEmbeddingSettings: If an address has no name of a model.
    """
    if settings.is_offline_default:
        from shared.database.embeddings.hashed import HashedEmbedder

        return HashedEmbedder()
    model = settings.model.strip()
    is_address = model.lower().startswith(("http://", "https://"))
    embedder = _remote(settings, model) if is_address else _local(settings, model)
    if cache is None or settings.cache_mb <= 0:
        return embedder
    return CachedEmbedder(embedder, cache, limit_bytes=settings.cache_mb << 20)


def _remote(settings: EmbeddingSettings, url: str) -> Embedder:
    from shared.database.embeddings.endpoint import EndpointEmbedder

    if not settings.model_name:
        raise InvalidEmbeddingSettings(
            "The embedding model is an address, but no name of a model is set; set the name that the server gives it."
        )
    return EndpointEmbedder(
        url,
        settings.model_name,
        api_key=settings.api_key,
        batch_size=settings.batch_size,
        prefixes=Prefixes(settings.query_prefix, settings.passage_prefix),
        outgoing=settings.outgoing,
    )


def _local(settings: EmbeddingSettings, folder: str) -> Embedder:
    from shared.database.embeddings.local_model import LocalModelEmbedder

    return LocalModelEmbedder(
        Path(folder),
        batch_size=settings.batch_size,
        prefixes=Prefixes(settings.query_prefix, settings.passage_prefix),
    )
