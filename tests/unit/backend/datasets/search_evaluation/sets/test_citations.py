"""Citations in the spellings that people use."""

from backend.datasets.search_evaluation.corpora.changes import change_of
from backend.datasets.search_evaluation.corpora.laws import Corpus
from backend.datasets.search_evaluation.judged import JudgedQuery
from backend.datasets.search_evaluation.sets.citations import CitationSet
from shared.models.document import Section


def law(document_id: str, abbreviation: str, *numbers: str, title: str = "Ein Gesetz") -> Corpus:
    sections = [Section(n, "", "Text", 0, 4, number) for n, number in enumerate(numbers)]
    change = change_of(document_id, sections, title=title, abbreviation=abbreviation)
    return Corpus(document_id, lambda: iter([change]))


def together(*corpora: Corpus) -> Corpus:
    return Corpus("all", lambda: (change for corpus in corpora for change in corpus.documents()))


def spelled(corpus: Corpus) -> dict[str, JudgedQuery]:
    return {query.kind: query for query in CitationSet(corpus).build().queries}


def test_every_spelling_that_fits_is_asked() -> None:
    texts = {kind: query.text for kind, query in spelled(law("d", "VwVfG", "§ 35a")).items()}
    assert texts == {
        "plain": "§ 35a VwVfG",
        "no space": "§35a VwVfG",
        "small letters": "§ 35a vwvfg",
        "letter apart": "§ 35 a VwVfG",
        "law first": "VwVfG § 35a",
        "with paragraph": "§ 35a Abs. 1 VwVfG",
        "with sentence": "§ 35a Abs. 2 Satz 1 Nr. 3 VwVfG",
        "of the": "§ 35a des VwVfG",
        "in words": "Paragraph 35a VwVfG",
        "question": "Was regelt § 35a VwVfG?",
    }


def test_social_codes_are_also_cited_in_roman_figures_and_codes_by_their_title() -> None:
    assert spelled(law("d", "SGB 5", "§ 3"))["Roman"].text == "§ 3 SGB V"
    assert spelled(law("d", "InsO", "§ 3", title="Insolvenzordnung"))["title"].text == "§ 3 Insolvenzordnung"


def test_articles_have_spellings_of_their_own() -> None:
    texts = {query.text for query in spelled(law("d", "GG", "Art 5")).values()}
    assert texts == {"Artikel 5 GG", "Art. 5 GG", "Art 5 GG", "Art. 5 Abs. 1 GG"}


def test_a_lone_f_is_no_letter_since_it_means_the_next_section() -> None:
    assert "letter apart" not in spelled(law("d", "SGB 6", "§ 76f"))


def test_a_citation_means_exactly_its_section() -> None:
    query = spelled(law("d", "VwVfG", "§ 35", "§ 35a"))["letter apart"]
    assert query.relevant == {"d:1:1": 1}


def test_what_two_sections_could_mean_is_not_asked() -> None:
    corpus = together(
        law("a", "DopG", "§ 1"), law("b", "DopG", "§ 1"), law("c", "EinG", "§ 1", "§ 1", "§ 2", "§§ 3 und 4")
    )
    assert {tuple(query.relevant) for query in CitationSet(corpus).build().queries} == {("c:1:2",)}
