"""What quality has learnt from the accepted corpus, where it lies, and the filter that it makes."""

from pathlib import Path

from backend.datasets.quality.fluency_filter import FluencyFilter

FILE_NAME = "fluency.model"


def fluency_filter_of(path: Path, language: str) -> FluencyFilter | None:
    """The filter of a model's file; None if nothing was learnt yet.

    Raises:
        UnusableFluencyModel: If there is a file, but no model of ours in it.
    """
    if not path.is_file():
        return None
    from backend.datasets.language.fluency.file import digest_of, load_model

    return FluencyFilter(load_model(path), digest_of(path), language)
