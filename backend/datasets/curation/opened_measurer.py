"""What a process needs to measure buckets, opened from a plain order."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.datasets.curation.measuring import Measurer, measuring_key
from backend.datasets.quality.learnt import fluency_filter_of
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.quality.profile import profile_of
from shared.database.stores import open_stores
from shared.errors import Conflict


class MeasuresOtherwise(Conflict):
    """A worker would get other figures than the run that asks it: figures of two ways are never mixed."""

    code = "quality_measures_otherwise"

    def __init__(self, asked: str, found: str) -> None:
        super().__init__(
            f"Asked to measure by {asked}, a worker found {found}: the profile or the fluency model was replaced "
            "meanwhile, or its machine has another release of CLARA. Begin the run again.",
            asked=asked,
            found=found,
        )


@contextmanager
def opened_measurer(order: Mapping[str, Any]) -> Iterator[Measurer]:
    """A measurer on the database of an order, closed with the block.

    Args:
        order: `database_url`, `profile`, `fluency` (file of a model, or empty) and `measuring_key`.

    Raises:
        MeasuresOtherwise: If what lies here gives another key.
    """
    stores = open_stores(order["database_url"], derived_stores=())
    try:
        profile = profile_of(order["profile"])
        fluency = fluency_filter_of(Path(order["fluency"])) if order["fluency"] else None
        pipeline = QualityPipeline(profile, fluency=fluency)
        if (found := measuring_key(pipeline)) != order["measuring_key"]:
            raise MeasuresOtherwise(order["measuring_key"], found)
        yield Measurer(stores.documents, pipeline)
    finally:
        stores.close()
