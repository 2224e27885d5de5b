"""English texts of known counts for rules about web pages, and what web pages look like when they go wrong."""

import random
from collections.abc import Iterator, Sequence
from itertools import count, islice, product

_LETTERS = "abdegiklmnoprtu"


def different_words(number: int, *, size: int = 5) -> list[str]:
    """So many words of so many letters, none twice, none a stop word."""
    return ["".join(letters) for letters in islice(product(_LETTERS, repeat=size), 7, 7 + 11 * number, 11)]


def prose(words: Sequence[str], *, line_size: int = 10) -> str:
    """Sentences of words, one a line; the first two have stop words in them."""
    lines = [list(words[first : first + line_size]) for first in range(0, len(words), line_size)]
    for line, stop_word in zip(lines, ("the", "and"), strict=False):
        line[0] = stop_word
    return "\n".join(" ".join(line) + "." for line in lines)


def spoilt(pages: Sequence[str], *, seed: int = 7) -> Iterator[str]:
    """Each page in seven of the ways in which pages go wrong."""
    rng = random.Random(seed)
    for page, number in zip(pages, count(), strict=False):
        lines, words = page.split("\n"), page.split(" ")
        yield "\n".join(rng.sample(lines, len(lines)))
        yield "\n".join([*lines, *rng.choices(lines, k=1 + len(lines) // 3)])
        first = rng.randrange(len(words))
        last = first + rng.randrange(1, 12)
        yield " ".join([*words[:first], *words[first:last] * rng.randrange(2, 12), *words[last:]])
        yield " ".join(words[: rng.randrange(45, 80)])
        yield "\n".join(_listed(page.split(". "), rng))
        yield "\n\n".join(rng.choices(lines, k=len(lines) + number % 3))
        yield "\n".join(_mixed(lines, rng))


def _listed(sentences: Sequence[str], rng: random.Random) -> Iterator[str]:
    for sentence in sentences:
        yield ("• " if rng.random() < 0.92 else "") + sentence + ("..." if rng.random() < 0.31 else "")


def _mixed(lines: Sequence[str], rng: random.Random) -> Iterator[str]:
    strangers = [
        "We use cookies, see our privacy policy.",
        "Please switch on javascript, now!",
        "See [1][edit] for more.",
    ]
    for line in lines:
        yield line
        if rng.random() < 0.2:
            yield from (line[:29], *strangers)
        if rng.random() < 0.02:
            yield rng.choice(["Lorem ipsum dolor sit.", "It says {name} here."])
