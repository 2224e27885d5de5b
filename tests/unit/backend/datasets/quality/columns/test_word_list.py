"""Words of a list."""

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.columns.word_list import WordList

WORDS = st.text(st.sampled_from("abäß中"), min_size=1, max_size=3)


@given(st.sets(WORDS, min_size=1), st.lists(WORDS))
def test_listed_words_are_found_with_one_number_each(listed: set[str], words: list[str]) -> None:
    places, numbers = WordList(listed).places_of(TextColumns([" ".join(words)]).words.hashes)
    found = [words[place] for place in places]

    assert found == [word for word in words if word in listed]
    assert len(set(numbers.tolist())) == len(set(found)) == len(set(zip(found, numbers.tolist(), strict=True)))
    assert all(0 <= number < len(listed) for number in numbers)
