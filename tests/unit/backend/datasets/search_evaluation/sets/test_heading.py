"""Headings as queries."""

from backend.datasets.search_evaluation.sets.heading import HeadingSet
from tests.support.search_questions import LAWS


def test_a_heading_means_its_section_and_is_nowhere_in_the_index() -> None:
    made = HeadingSet(LAWS).build()
    held = {stored.section_id: stored.section for change in made.documents() for stored in change.sections}
    whole = {stored.section_id: stored.section for change in LAWS.documents() for stored in change.sections}
    assert held.keys() == whole.keys()
    assert len(made.queries) > 30
    for query in made.queries:
        (section_id,) = query.relevant
        assert query.text == whole[section_id].heading
        assert (held[section_id].heading, held[section_id].number) == ("", "")
        assert query.text not in " ".join(held[section_id].heading_path)
        assert held[section_id].text == whole[section_id].text


def test_headings_that_stand_over_several_sections_are_not_asked() -> None:
    texts = [query.text for query in HeadingSet(LAWS).build().queries]
    assert len(texts) == len(set(texts))


def test_equal_seeds_ask_the_same_and_a_smaller_sample_lies_in_a_larger_one() -> None:
    made = HeadingSet(LAWS, seed=3)
    assert made.build().queries == HeadingSet(LAWS, seed=3).build().queries
    assert made.sampled(range(50), 5) != HeadingSet(LAWS, seed=4).sampled(range(50), 5)
    assert set(made.sampled(range(50), 5)) <= set(made.sampled(range(50), 20))
