"""FineWeb's rules, each on both sides of its threshold."""

import pytest

from backend.datasets.quality.web_rules.batch import batch_of
from backend.datasets.quality.web_rules.fineweb import fineweb
from backend.datasets.quality.web_rules.vocabulary import Vocabulary
from tests.support.web_texts import different_words


def _reason(text: str) -> str | None:
    return fineweb([text], batch_of([text], Vocabulary()))[0]


def _lines(number: int, *, ended: int = 100, size: int = 40) -> list[str]:
    """Different lines of four words and so many characters; the first ones end in a full stop."""
    words = iter(different_words(4 * number, size=6))
    lines = [" ".join(next(words) for _ in range(4)) for _ in range(number)]
    return [(line + "z" * size)[: size - 1] + ("." if place < ended else "z") for place, line in enumerate(lines)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t\n", "empty"),
        ("\n".join(_lines(25, ended=3)), None),
        ("\n".join(_lines(25, ended=2)), "line_punct_ratio"),
        ("\n".join(_lines(1))[:-1] + "。", None),
        ("\n".join(_lines(67, size=30) + _lines(33)), None),
        ("\n".join(_lines(68, size=30) + _lines(32)), "short_line_ratio"),
        ("\n".join(_lines(68, size=31) + _lines(32)), None),
        ("\n".join([*_lines(24), "yes maybe.", "yes maybe.", "y" * 20]), None),
        ("\n".join([*_lines(24), "yes maybe.", "yes maybe.", "y" * 19]), "char_dup_ratio"),
        (f"{'a' * 40} b c d eve.\n\n\nf g h i", None),
        (f"{'a' * 40} b c d eve.\n\n\nf g h", "list_ratio"),
    ],
)
def test_the_reason_of_a_text(text: str, reason: str | None) -> None:
    assert _reason(text) == reason


def test_other_white_space_is_no_end_of_a_line() -> None:
    assert _reason("\r".join(_lines(25, ended=24))) == "line_punct_ratio"
