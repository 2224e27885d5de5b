"""What a process needs to measure buckets, opened from a plain order."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.measuring import Measurer
from backend.datasets.curation.signal_files import SignalFiles
from backend.datasets.quality.learnt import fluency_filter_of
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import profile_of
from shared.database.stores import open_stores


@contextmanager
def opened_measurer(order: Mapping[str, Any]) -> Iterator[Measurer]:
    """A measurer on the database of an order, closed with the block.

    Args:
        order: `database_url`, `profile`, `fluency` (file of a model, or empty) and `folder` of the signals.
    """
    stores = open_stores(order["database_url"], derived_stores=())
    try:
        profile = profile_of(order["profile"])
        fluency = fluency_filter_of(Path(order["fluency"]), profile.language) if order["fluency"] else None
        pipeline = QualityPipeline(profile, fluency=fluency)
        yield Measurer(stores.documents, pipeline, SignalFiles(Path(order["folder"])))
    finally:
        stores.close()


def bucket_from(told: Mapping[str, Any]) -> Bucket:
    """The bucket of a message."""
    return Bucket(**{**told, "document_ids": tuple(told["document_ids"])})


def bucket_told(bucket: Bucket) -> dict[str, Any]:
    """The message of a bucket."""
    return asdict(bucket)
