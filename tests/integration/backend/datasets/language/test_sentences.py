from tests.benchmarks.sentences import F1_BOUND, compared
from tests.support.court_sentences import on_one_line, read_court_sentences, with_line_breaks
from tests.support.shared_data import SHARED_DATA, needs_shared_data

pytestmark = needs_shared_data("ler_dev.conll.xz")


def test_ends_of_real_court_sentences_are_found_even_without_line_breaks() -> None:
    marked = read_court_sentences(SHARED_DATA / "ler_dev.conll.xz")
    assert compared(on_one_line(marked))["f1"] >= F1_BOUND
    assert compared(with_line_breaks(marked))["f1"] >= 0.95
