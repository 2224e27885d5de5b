"""A worker measures as the run does, or not at all."""

from pathlib import Path

import pytest

from backend.datasets.curation.measuring import measuring_key
from backend.datasets.curation.opened_measurer import MeasuresOtherwise, opened_measurer
from backend.datasets.quality.pipeline import QualityPipeline
from shared.database.stores import open_stores


def an_order(folder: Path, **other: str) -> dict[str, str]:
    url = f"sqlite:///{folder / 'clara.db'}"
    open_stores(url).close()
    key = measuring_key(QualityPipeline())
    return {"database_url": url, "profile": "legal-de", "fluency": "", "measuring_key": key, **other}


def test_a_worker_that_measures_alike_is_taken(tmp_path: Path) -> None:
    with opened_measurer(an_order(tmp_path)) as measurer:
        assert measurer is not None


def test_a_worker_of_another_way_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(MeasuresOtherwise, match="Begin the run again"),
        opened_measurer(an_order(tmp_path, measuring_key="0" * 12)),
    ):
        pass
