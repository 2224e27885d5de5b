"""How the graph list scores, in one place, so that every store that answers it ranks alike.

The graph has sections as nodes. A section cites another one if it mentions a key by which that one is identified
(`citations.mentioned_keys`, `citations.identity_keys`); a key may be answered by several sections, and each counts as
cited. Sections of a document are neighbours if their ordinals differ by 1 or 2, and members of the same document.

For seeds s with weights w(s), the evidence for a section t is the sum over all seeds s of

    w(s) * ( CITED     / sqrt(out(s))    if s cites t
           + CITING    / sqrt(in(s))     if t cites s
           + NEIGHBOUR / distance        if both are neighbours, distance 1 or 2
           + MEMBER    / sqrt(size)      if both are in one document of more than one section, size: how many )

A section neither cites nor neighbours itself, but it is a member of its document. out(s) is the number of sections that
s cites and in(s) the number of those that cite s, s itself not counted and before any filter: what is cited everywhere
says little about each of those that cite it. A section with evidence that is a seed itself gets SEED * w(t) on top;
without evidence it is not in the list. At most MAX_LINKS sections are followed from one seed in each direction, the
first by section id; seeds that are unknown are passed over, one that is given twice counts as given first, and filters
decide only what is shown, not what is walked through.
"""

from collections.abc import Callable
from math import sqrt

CITED = 0.5
CITING = 0.5
NEIGHBOUR = 0.2
MEMBER = 0.3
SEED = 1.0
MAX_DISTANCE = 2
MAX_LINKS = 1000
WeightOfDegree = Callable[[int], float]


def cited_weight(out_degree: int) -> float:
    """Of one section that a seed cites, where the seed cites so many."""
    return CITED / sqrt(out_degree)


def citing_weight(in_degree: int) -> float:
    """Of one section that cites a seed, where so many do."""
    return CITING / sqrt(in_degree)


def neighbour_weight(distance: int) -> float:
    """Of a section so many ordinals before or after a seed, 1 to `MAX_DISTANCE`."""
    return NEIGHBOUR / distance


def member_weight(size: int) -> float:
    """Of a section in the document of a seed, where the document has so many sections."""
    return MEMBER / sqrt(size)
