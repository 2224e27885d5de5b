"""What can be wrong with an embedding model: it cannot serve, or it is another one than the stored vectors are of."""

from shared.errors import Unavailable


class EmbeddingFailed(Unavailable):
    """The model of the embeddings cannot serve now."""

    code = "embedding_failed"

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"Texts cannot be embedded by {model}: {reason}.", model=model, reason=reason)
        self.reason = reason


class EmbeddingModelChanged(Unavailable):
    """A store holds vectors of another model; comparing them would give numbers without a meaning."""

    code = "embedding_model_changed"

    def __init__(self, store: str, *, held: str, asked: str) -> None:
        super().__init__(
            f"The vectors in the search store '{store}' were made by {held}, but the configured embedding model is "
            f"{asked}; vectors of two models are never mixed. `clara stores rebuild` embeds all documents anew; or set "
            "the former model again.",
            store=store,
            held=held,
            asked=asked,
        )
