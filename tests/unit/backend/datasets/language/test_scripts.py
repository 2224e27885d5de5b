import pytest

from backend.datasets.language.scripts import foreign_script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die Gebühr für Łódź und Đà Nẵng", None),
        ("Община взимает плату", "Cyrl"),
        ("これは公園です、カタカナ", "Jpan"),
        ("ᚠᚢᚦᚨᚱᚲ ᚷᚹ", "Zzzz"),
        ("Die Buchstaben α, β und γ stehen für Winkel", None),
        ("Ω", None),
        ("", None),
        ("12 %", None),
    ],
)
def test_a_text_has_the_script_of_most_of_its_letters(text: str, expected: str | None) -> None:
    assert foreign_script(text) == expected
