"""Two sorted indexes are compared in one pass, from any place on, as dictionaries would be."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.sorted_index import Change, Entry, IndexSorter, counts, differences, write_sorted

IDS = st.text("0123456789abcdef-", min_size=1, max_size=8)
INDEXES = st.dictionaries(IDS, st.tuples(st.sampled_from("ab"), st.integers(0, 700)), max_size=25)


def _written(content: Mapping[str, tuple[str, int]], file: Path) -> Path:
    # details of all lengths: places are found by halving bytes, not lines
    write_sorted((Entry(name, content[name][0], {"x": "ü" * content[name][1]}) for name in sorted(content)), file)
    return file


def _expected(before: Mapping[str, tuple[str, int]], after: Mapping[str, tuple[str, int]], name: str) -> Change:
    if name not in before:
        return Change.ADDED
    if name not in after:
        return Change.REMOVED
    return Change.UNCHANGED if before[name][0] == after[name][0] else Change.CHANGED


@settings(max_examples=150)
@given(INDEXES, INDEXES, IDS, st.sets(st.sampled_from(Change)))
def test_differences_are_those_of_the_dictionaries(
    one: dict[str, tuple[str, int]], two: dict[str, tuple[str, int]], place: str, wanted: set[Change]
) -> None:
    with TemporaryDirectory() as folder:
        before, after = _written(one, Path(folder) / "before"), _written(two, Path(folder) / "after")
        expected = [(name, _expected(one, two, name)) for name in sorted(one.keys() | two.keys())]

        assert [(each.id, each.change) for each in differences(before, after)] == expected
        beyond = differences(before, after, wanted=wanted, beyond=place)
        assert [(each.id, each.change) for each in beyond] == [
            (name, change) for name, change in expected if name > place and change in wanted
        ]
        number = [change for _, change in expected]
        assert counts(before, after) == {change.value: number.count(change) for change in Change}


def test_entries_keep_their_details_on_both_sides(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    write_sorted([Entry("r1", "a", {"path": "Straße\t1\n"})], before)
    write_sorted([Entry("r1", "b", {"path": "x"})], after)

    (found,) = differences(before, after)
    assert found.before == Entry("r1", "a", {"path": "Straße\t1\n"})
    assert found.after == Entry("r1", "b", {"path": "x"})


def test_a_sorter_gives_back_in_order_what_came_in_any(tmp_path: Path) -> None:
    sorter = IndexSorter(tmp_path / "scratch")
    for name in ("b", "c", "a"):
        sorter.add(Entry(name, name * 2, {}))

    assert sorter.write(tmp_path / "index") == 3
    sorter.close()
    assert (tmp_path / "index").read_text() == "a\taa\t{}\nb\tbb\t{}\nc\tcc\t{}\n"
