"""The rules that FineWeb added: ends of lines, short lines, repeated lines, lists.

Source: Penedo et al. 2024, https://arxiv.org/abs/2406.17557; reasons and order of DataTrove 0.10 (Apache-2.0).
"""

from collections.abc import Sequence

from backend.datasets.quality.web_rules.batch import Batch
from backend.datasets.quality.web_rules.lines import repeated
from backend.datasets.quality.web_rules.marks import TERMINAL
from backend.datasets.quality.web_rules.reasons import Reasons

LEAST_ENDED_LINES = 0.12
SHORT_LINE, MOST_SHORT_LINES = 30, 0.67
MOST_REPEATED_CHARACTERS = 0.01
MOST_BREAKS_PER_WORD = 0.3


def fineweb(texts: Sequence[str], batch: Batch) -> Reasons:
    """Why each text is dropped; None where it is kept."""
    return [_reason(text, tokens) for text, tokens in zip(texts, batch.counts.tolist(), strict=True)]


def _reason(text: str, token_count: int) -> str | None:
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if not lines:
        return "empty"
    if sum([line[-1] in TERMINAL for line in lines]) / len(lines) < LEAST_ENDED_LINES:
        return "line_punct_ratio"
    if sum([len(line) <= SHORT_LINE for line in lines]) / len(lines) > MOST_SHORT_LINES:
        return "short_line_ratio"
    breaks = text.count("\n")
    if repeated(lines)[1] / (len(text) - breaks) > MOST_REPEATED_CHARACTERS:
        return "char_dup_ratio"
    return "list_ratio" if breaks / token_count > MOST_BREAKS_PER_WORD else None
