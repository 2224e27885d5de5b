"""Lines of many texts."""

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns import TextColumns
from tests.support.plain_quality import Reading


@given(st.lists(st.text(st.sampled_from("ab \n\n\r\u2028🙂\ud800"), max_size=30), max_size=6))
def test_lines_are_those_that_are_more_than_a_mark(texts: list[str]) -> None:
    lines, plain = TextColumns(texts).lines, [Reading(text).lines for text in texts]

    assert lines.counts.tolist() == [len(each) for each in plain]
    assert lines.lengths.tolist() == [len(line) for each in plain for line in each]
    assert lines.count(lines.groups.repeated.later).tolist() == [len(each) - len(set(each)) for each in plain]
    assert lines.characters(slice(None)).tolist() == [sum(map(len, each)) for each in plain]


def test_lines_differ_by_case() -> None:
    assert len(TextColumns(["Absatz\nabsatz"]).lines.groups.repeated.places) == 0
