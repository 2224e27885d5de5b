"""Duplicates and contamination among 20,000 sections of federal laws."""

import random
import tempfile
from collections.abc import Sequence

import pytest

from backend.datasets.duplicates.contamination import ContaminationCheck
from backend.datasets.duplicates.evaluation_index import EvaluationIndex
from backend.datasets.duplicates.finding import find_duplicates
from backend.datasets.duplicates.texts import Cluster, ComparedText, Kind
from backend.datasets.quality.normalise import normalise
from tests.benchmarks._retrieval_tasks import law_sections
from tests.support.exact_pairs import exact_pairs, is_similar, shingle_sets
from tests.support.shared_data import needs_shared_data

SECTIONS = 20_000

pytestmark = [*needs_shared_data("gesetze.tar.xz"), pytest.mark.slow]


@pytest.fixture(scope="module")
def sections() -> list[ComparedText]:
    sample = random.Random(11).sample(law_sections(), SECTIONS)
    return [ComparedText(str(number), normalise(body)) for number, (_, body) in enumerate(sample)]


@pytest.fixture(scope="module")
def clusters(sections: Sequence[ComparedText]) -> list[Cluster]:
    return _clusters(sections)


def _clusters(texts: Sequence[ComparedText]) -> list[Cluster]:
    found = find_duplicates(texts, open_file=tempfile.TemporaryFile)
    return sorted(found, key=lambda cluster: cluster.representative)


def _removed(clusters: Sequence[Cluster]) -> set[str]:
    return {member.id for cluster in clusters for member in cluster.members}


def test_what_is_removed_is_like_what_is_kept_and_hardly_a_pair_stays(
    sections: Sequence[ComparedText], clusters: Sequence[Cluster]
) -> None:
    sets = shingle_sets([text.text for text in sections])
    for cluster in clusters:
        for member in cluster.members:
            if member.kind is Kind.NEAR:
                assert is_similar(sets[int(member.id)], sets[int(cluster.representative)])

    removed = _removed(clusters)
    pairs = exact_pairs(sets)
    stay = [pair for pair in pairs if removed.isdisjoint(map(str, pair))]
    assert len(pairs) > 1_000
    assert len(stay) <= 0.01 * len(pairs)


def test_a_second_run_finds_nothing_in_whatever_order_the_texts_come(
    sections: Sequence[ComparedText], clusters: Sequence[Cluster]
) -> None:
    removed = _removed(clusters)
    shuffled = random.Random(3).sample(sections, len(sections))

    assert _clusters(shuffled) == clusters
    assert _clusters([text for text in shuffled if text.id not in removed]) == []


def test_an_evaluation_text_that_was_copied_into_a_law_is_found_and_others_are_not(
    sections: Sequence[ComparedText], clusters: Sequence[Cluster]
) -> None:
    removed = _removed(clusters)
    kept = [text for text in sections if text.id not in removed and len(text.text) > 1_000]
    evaluation, training = kept[:200], kept[200:]
    hidden = [
        ComparedText(f"with {each.id}", f"{host.text} {each.text} {host.text}")
        for each, host in zip(evaluation, training, strict=False)
    ]
    check = ContaminationCheck(EvaluationIndex(evaluation), least_share=1.0)

    assert list(check.overlaps(training)) == []
    found = {(each.training_id, each.evaluation_id) for each in check.overlaps(hidden)}
    assert found == {(f"with {each.id}", each.id) for each in evaluation}
