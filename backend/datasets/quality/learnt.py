"""The filter of a model that was learnt from the accepted corpus, where there is one."""

from pathlib import Path

from backend.datasets.quality.fluency_filter import FluencyFilter


def fluency_filter_of(path: Path, language: str) -> FluencyFilter | None:
    """The fluency filter of a model file, None if nobody trained one; for worker processes, since it loads numpy.

    Raises:
        UnusableFluencyModel: If the file is there and cannot be used.
    """
    if not path.exists():
        return None
    from backend.datasets.language.fluency.file import load_model, model_digest

    return FluencyFilter(load_model(path), model_digest(path), language)
