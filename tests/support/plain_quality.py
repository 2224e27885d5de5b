"""The signals of one text by their plain definitions: what the filters measure on whole batches must equal this."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby, pairwise

from backend.datasets.language.identify import UNKNOWN, identify
from backend.datasets.language.umlaut_words import UMLAUT_WORDS
from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.filters.contents import ContentsFilter
from backend.datasets.quality.filters.misread_letters import MisreadLetterFilter
from backend.datasets.quality.filters.stop_words import STOP_WORDS
from backend.datasets.quality.limits import MOSTLY, TABLE_SHARE
from backend.datasets.quality.markup import TABLE, without_markup
from backend.datasets.quality.profile import Judgement, Profile
from backend.datasets.quality.references import is_reference

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_JOINERS = str.maketrans("", "", "-'’")
_NO_DIGIT = re.compile(r"\D+")
_ALPHANUMERIC = re.compile(r"[^\W_]+")
_LETTER = re.compile(r"[^\W\d_]")
_DAMAGE = re.compile("\ufffd|Ã[\u0080-\u00bf„–…ŸœžŒŽƒˆ‰Š‹‘’“”•—˜™š›¤¶¼]|â€")
_REPEALED = re.compile(
    r"""(?: \(?\d+[a-z]?[.)]\s* | §§?\s*\d+\s?[a-z]?\b(?:(?:,|\s(?:bis|und))\s\d+\s?[a-z]?\b)*\s* )?    # (1), § 5 bis 7
        (?: [-–—_.…\s]+ | \W*(?:weggefallen|aufgehoben|gegenstandslos|entfallen|gestrichen|unbesetzt)\W* )""",
    re.VERBOSE | re.IGNORECASE,
)
_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
# what references are not asked for
_OF_PROSE = frozenset(
    ("stop_word_share", "distinct_stop_words", "symbol_share", "mean_word_length", "digit_share", "letter_tokens")
)


class Reading:
    """A normalised text with the counts that signals are made of; everything is computed on first use.

    Args:
        text: Normalised text (`normalise`).
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[str]:
        """Lower-cased runs of letters and digits, hyphens and apostrophes inside words kept."""
        return _WORD.findall(self.text.lower())

    @property
    def word_count(self) -> int:
        """Number of words."""
        return len(self.words)

    @cached_property
    def word_sizes(self) -> list[int]:
        """Letters and digits per word."""
        return [len(word) if word.isalnum() else len(word.translate(_JOINERS)) for word in self.words]

    @cached_property
    def tokens(self) -> list[str]:
        """Pieces between white space."""
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        """Lines that are not blank and more than a lone list mark."""
        return [line for line in self.text.split("\n") if len(line) > 1]

    @cached_property
    def ink(self) -> int:
        """Characters that are no white space."""
        return sum(map(len, self.tokens))


def plain_signals(text: str, language: str = "de") -> Mapping[str, float]:
    """Every signal of a normalised text that makes sense for it."""
    reading = Reading(without_markup(text))
    found = identify(reading.text)
    is_other = found.language not in (language, UNKNOWN)
    otherness = {"other_language": round(found.probability, 3) if is_other else 0.0}
    layout = _of_layout(reading, text)
    words = _of_words(reading, language)
    parts = [
        otherness,
        layout,
        _of_characters(reading),
        words,
        _of_lines(reading),
        _over_and_over(reading),
        _of_phrases(reading),
    ]
    signals = {name: value for part in parts for name, value in part.items()}
    return signals if not _cites_only(reading) else {name: signals[name] for name in signals.keys() - _OF_PROSE}


def _cites_only(reading: Reading) -> bool:
    words = reading.words
    numbers = sum(word[0].isdigit() for word in words)
    may_be = len(words) <= 300 and sum(map(len, words)) <= 6 * len(words) and 5 * numbers >= len(words)
    return may_be and is_reference(reading.text, len(words))


def plain_judgement(profile: Profile, signals: Mapping[str, float], word_count: int) -> Judgement:
    """What the limits of a profile say of one text, one limit after the other."""
    rejections: dict[str, None] = {}
    penalties: dict[str, float] = {}
    for limit in profile.limits:
        if limit.signal not in signals or not limit.min_words <= word_count <= limit.max_words:
            continue
        value = signals[limit.signal]
        is_beyond = value < limit.hard if limit.is_minimum else value > limit.hard
        if is_beyond and not (limit.spares_tables and signals[TABLE_SHARE] >= MOSTLY):
            rejections.setdefault(limit.reason)
        if limit.soft == limit.hard:
            penalty = float(is_beyond)
        else:
            penalty = min(1.0, max(0.0, (value - limit.soft) / (limit.hard - limit.soft)))
        if (cost := limit.weight * penalty) > 0:
            penalties[limit.signal] = penalties.get(limit.signal, 0.0) + cost
    return Judgement(tuple(rejections), penalties)


def _of_characters(reading: Reading) -> Mapping[str, float]:
    text, tokens = reading.text, reading.tokens
    is_short = 0 < len(text) <= 200
    signals = {"repealed": float(is_short and all(map(_REPEALED.fullmatch, text.splitlines())))}
    if text:
        alphanumeric = sum(map(len, _ALPHANUMERIC.findall(text)))
        signals["encoding_damage"] = len(_DAMAGE.findall(text)) / len(text)
        signals["digit_share"] = len(_NO_DIGIT.sub("", text)) / len(text)
        signals["symbol_share"] = (reading.ink - alphanumeric) / len(text)
    if tokens:
        signals["letter_tokens"] = sum(map(bool, map(_LETTER.search, tokens))) / len(tokens)
    return signals


def _of_layout(reading: Reading, original: str) -> Mapping[str, float]:
    """What regular expressions say of one text; they are defined by nothing else."""
    one = TextColumns([reading.text], [original])
    signals = {"contents_share": ContentsFilter().measure(one)["contents_share"].item()}
    signals[TABLE_SHARE] = sum(len(found[0]) for found in TABLE.finditer(original)) / max(1, len(original))
    if reading.text:
        signals["strange_letters"] = MisreadLetterFilter().measure(one)["strange_letters"].item()
    return signals


def _of_words(reading: Reading, language: str) -> Mapping[str, float]:
    words, count = reading.words, reading.word_count
    if not words:
        return {"words": 0}
    stop_words = [word for word in words if word in STOP_WORDS[language]]
    lost = {re.sub("[äöüß]", "", word) for word in UMLAUT_WORDS}
    of_umlauts = {"lost_umlauts": sum(word in lost for word in words) / count} if language == "de" else {}
    of_prose = {"stop_word_share": len(stop_words) / count, "distinct_stop_words": len(set(stop_words))}
    return {
        **of_prose,
        "words": count,
        "single_letter_words": sum(len(word) == 1 and bool(_LETTER.match(word)) for word in words) / count,
        **of_umlauts,
        "type_token_ratio": len(set(words)) / count,
        "mean_word_length": sum(map(len, words)) / count,
        "doubled_words": sum(word == last and _counts_doubled(word) for last, word in pairwise(words)) / count,
    }


def _counts_doubled(word: str) -> bool:
    return len(word) > 1 and not word[0].isdecimal()


def _of_lines(reading: Reading) -> Mapping[str, float]:
    lines = reading.lines
    seen: set[str] = set()
    repeated = []
    for line in lines:
        if line in seen:
            repeated.append(line)
        seen.add(line)
    if not lines:
        return {}
    return {
        "duplicate_lines": len(repeated) / len(lines),
        "duplicate_line_chars": sum(map(len, repeated)) / sum(map(len, lines)),
        "lines_in_a_row": max(len(list(run)) for _, run in groupby(lines)),
    }


def _over_and_over(reading: Reading) -> Mapping[str, float]:
    """Words of the longest stretch that is the same three times over, or two times where it is four words or more."""
    words, count = reading.words, reading.word_count
    if not 5 <= count <= 49:
        return {}
    longest = 0
    for period in range(1, count // 2 + 1):
        for start in range(count):
            end = start + period
            while end < count and words[end] == words[end - period]:
                end += 1
            if end - start >= (2 if period >= 4 else 3) * period:
                longest = max(longest, end - start)
    return {"over_and_over": longest / count if len(set(words)) <= 0.75 * count else 0.0}


def _of_phrases(reading: Reading) -> Mapping[str, float]:
    if reading.word_count < 50:
        return {}
    sizes = reading.word_sizes
    total = sum(sizes)
    signals = {f"top_{n}_gram": 0.0 for n in _TOP} | {f"duplicate_{n}_grams": 0.0 for n in _DUPLICATE}
    for n, grams in _repeated(reading.words):
        if n in _TOP:
            signals[f"top_{n}_gram"] = _top_chars(grams, n, sizes) / total
        else:
            signals[f"duplicate_{n}_grams"] = _covered_chars(grams, n, sizes) / total
    stretches = list(_stretches(reading.words))
    in_a_row = max([1.0, *(1 + _times(each, sizes) for each in stretches)])
    return {**signals, "phrase_in_a_row": in_a_row, "said_again": _said_again(stretches, len(sizes))}


def _times(stretch: tuple[int, int, int], sizes: Sequence[int]) -> float:
    start, length, period = stretch
    return length / period / (1 if sum(sizes[start : start + period]) >= 2 * period else 3)


def _said_again(stretches: Sequence[tuple[int, int, int]], words: int) -> float:
    """Words in stretches, gaps between their parts left out, that come again with next to nothing between."""
    parts: list[list[tuple[int, int, int]]] = []
    for start, length, period in sorted(stretches, key=lambda each: (each[2], each[0])):
        last = parts[-1][-1] if parts else (0, 0, 0)
        if last[2] == period and start - (last[0] + last[1]) <= _between(period, words):
            parts[-1].append((start, length, period))
        else:
            parts.append([(start, length, period)])
    together = [(sum(length for _, length, _ in part), part[0][2]) for part in parts]
    return sum(length for length, period in together if length >= period - _between(period, words)) / words


def _between(period: int, words: int) -> float:
    return (0.3 if period >= 1 / 3 * words else 0.1) * period


def _stretches(words: Sequence[str], n: int = 5) -> Iterator[tuple[int, int, int]]:
    """Start, length and period of each stretch: every n-gram of it comes again the same number of words later."""
    following: dict[tuple[str, ...], int] = {}
    distances = []
    for at in reversed(range(len(words) - n + 1)):
        gram = tuple(words[at : at + n])
        distances.append(following.get(gram, at) - at)
        following[gram] = at
    start = 0
    for period, run in groupby(reversed(distances)):
        length = len(list(run))
        if period:
            yield start, length + n - 1, period
        start += length


def _repeated(words: Sequence[str]) -> Iterator[tuple[int, dict[int, int]]]:
    """For n = 2, 3 … 10: position -> class of every n-gram that occurs twice or more, while there are any.

    An n-gram can only repeat where the two (n-1)-grams inside it do, so each round looks at few places.
    """
    numbers: dict[str, int] = {}
    classes = dict(enumerate(numbers.setdefault(word, len(numbers)) for word in words))
    for n in range(2, max(_DUPLICATE) + 1):
        follow = classes.get
        pairs = [(at, (gram, after)) for at, gram in classes.items() if (after := follow(at + 1)) is not None]
        counts = Counter(pair for _, pair in pairs)
        names: dict[tuple[int, int], int] = {}
        classes = {at: names.setdefault(pair, len(names)) for at, pair in pairs if counts[pair] > 1}
        if not classes:
            return
        yield n, classes


def _top_chars(grams: Mapping[int, int], n: int, sizes: Sequence[int]) -> int:
    """Characters of the most frequent n-gram (of several, the longest) times its occurrences."""
    counts = Counter(grams.values())
    most = max(counts.values())
    return most * max(sum(sizes[at : at + n]) for at, gram in grams.items() if counts[gram] == most)


def _covered_chars(grams: Mapping[int, int], n: int, sizes: Sequence[int]) -> int:
    seen: set[int] = set()
    covered = end = 0
    for at, gram in grams.items():
        if gram in seen:
            covered += sum(sizes[max(at, end) : at + n])
            end = at + n
        seen.add(gram)
    return covered
