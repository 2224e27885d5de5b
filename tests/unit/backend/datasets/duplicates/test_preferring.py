"""The text that stands for its duplicates."""

from datetime import date

import pytest

from backend.datasets.duplicates.texts import ComparedText
from tests.support.duplicate_texts import clusters_of

TEXT = "Die Gebühr nach dieser Satzung beträgt dreißig Euro je angefangene Stunde."


@pytest.mark.parametrize(
    ("preferred", "other"),
    [
        pytest.param({"rank": 0, "quality": 0.1}, {"rank": 1, "text": TEXT + "\n\n", "quality": 1.0}, id="lower rank"),
        pytest.param({"rank": 1, "valid_to": date(2030, 1, 1)}, {"rank": 2, "valid_to": None}, id="rank before dates"),
        pytest.param({"valid_to": None}, {"valid_to": date(2030, 1, 1)}, id="still in force"),
        pytest.param({"valid_to": date(2030, 1, 2)}, {"valid_to": date(2030, 1, 1)}, id="longer in force"),
        pytest.param({"valid_from": date(2020, 1, 2)}, {"valid_from": date(2020, 1, 1)}, id="in force since later"),
        pytest.param({"valid_from": date(2020, 1, 1)}, {"valid_from": None}, id="known begin"),
        pytest.param({"quality": 0.9}, {"quality": 0.8}, id="better"),
        pytest.param({"quality": 0.0}, {"quality": None}, id="judged"),
        pytest.param({"valid_from": date(2020, 1, 1), "quality": 0.1}, {"quality": 1.0}, id="newer before better"),
        pytest.param({"text": TEXT + "\n\n"}, {"text": TEXT}, id="longer"),
        pytest.param({"quality": 0.9}, {"text": TEXT + "\n\n"}, id="better before longer"),
        pytest.param({"id": "a"}, {"id": "b"}, id="smaller id"),
    ],
)
def test_the_lowest_rank_then_the_newest_then_the_best_then_the_longest_then_the_smallest_id_is_kept(
    preferred: dict[str, object], other: dict[str, object]
) -> None:
    first = ComparedText(**{"id": "z", "text": TEXT, **preferred})  # type: ignore[arg-type]
    second = ComparedText(**{"id": "y", "text": TEXT, **other})  # type: ignore[arg-type]

    for order in ([first, second], [second, first]):
        (cluster,) = clusters_of(order)
        assert cluster.representative == first.id
