"""Corpora with duplicates of known similarity, and what exact comparison of all pairs says about them."""

import io
import random
from collections.abc import Sequence
from itertools import combinations

from backend.datasets.duplicates.finding import find_duplicates
from backend.datasets.duplicates.texts import Cluster, ComparedText
from tests.support.plain_quality import Reading

SHINGLE_WORDS = 5


def clusters_of(texts: Sequence[ComparedText]) -> list[Cluster]:
    """What the room finds, with files in memory, in the order of those that are kept."""
    return sorted(find_duplicates(texts, open_file=io.BytesIO), key=lambda cluster: cluster.representative)


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The set of 5-word shingles, from Python words."""
    words = Reading(text).words
    return frozenset(tuple(words[n : n + SHINGLE_WORDS]) for n in range(len(words) - SHINGLE_WORDS + 1))


def jaccard(left: str, right: str) -> float:
    """Similarity of two texts by definition; 0 where neither has a shingle."""
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b) if a or b else 0.0


def similar_pairs(texts: Sequence[ComparedText], threshold: float = 0.8) -> dict[tuple[str, str], float]:
    """All pairs of ids with a similarity from the threshold on, by comparing everybody with everybody."""
    sets = [(text.id, shingles(text.text)) for text in texts]
    found = {}
    for (first, a), (second, b) in combinations(sets, 2):
        if a and b and min(len(a), len(b)) >= threshold * max(len(a), len(b)):
            similarity = len(a & b) / len(a | b)
            if similarity >= threshold:
                found[first, second] = similarity
    return found


def families(seed: int, *, count: int, versions: int, words: int = 80) -> list[ComparedText]:
    """Random texts, each in versions of which some words were changed: duplicates, near ones and texts just beyond."""
    rng = random.Random(seed)
    vocabulary = [f"wort{number}" for number in range(500)]
    made = []
    for family in range(count):
        base = rng.choices(vocabulary, k=words)
        for version in range(versions):
            changed = list(base)
            for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
                changed[rng.randrange(words)] = rng.choice(vocabulary)
            made.append(ComparedText(f"{family:03}-{version}", " ".join(changed)))
    rng.shuffle(made)
    return made


def boilerplate(count: int, *, words: int = 60) -> list[ComparedText]:
    """One form with a filled-in place of its own in each: pairs are 0.72 to 0.78 alike, so that most of them meet."""
    form = [f"vordruck{number}" for number in range(words)]
    made = []
    for number in range(count):
        filled = list(form)
        filled[words // 2] = f"name{number}"
        filled[words // 2 + 4] = f"ort{number}"
        made.append(ComparedText(f"{number:05}", " ".join(filled)))
    return made
