"""What a starter model is made of, what is told on the way, and what came out."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StarterOptions:
    """Size, budget and seed; the defaults take about 90 s on two cores and give a usable base for a LoRA run.

    Args:
        steps: Optimizer steps: the budget that keeps the result the same bytes on every run.
        tokens_per_step: Tokens of one step, whatever the window length.
        short_window: Tokens per window in the first part of the run, where short contexts teach more per second.
        short_share: Share of the steps with short windows; the rest uses `context_length`.
        context_length: Longest input of the model in tokens; it is trained on that length.
        tokenizer_chars: Characters of text (a seeded sample) that the tokenizer is trained on.
        corpus_tokens: At most this many tokens (a seeded sample of the texts) are held for pretraining.
        time_limit_s: Ends pretraining early; the summary says so. None: the step budget alone decides.
        threads: CPU threads. One result per (seed, threads): sums are split by thread.
    """

    seed: int = 42
    steps: int = 640
    tokens_per_step: int = 512
    short_window: int = 128
    short_share: float = 0.7
    context_length: int = 512
    vocab_size: int = 4096
    hidden_size: int = 192
    intermediate_size: int = 512
    layers: int = 4
    heads: int = 4
    learning_rate: float = 3e-3
    weight_decay: float = 0.1
    tokenizer_chars: int = 8_000_000
    corpus_tokens: int = 4_000_000
    time_limit_s: float | None = None
    threads: int = 2


class StarterStage(StrEnum):
    """What is being done; in this order."""

    READING = "reading"
    TOKENIZER = "tokenizer"
    ENCODING = "encoding"
    PRETRAINING = "pretraining"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class StarterProgress:
    """Where the making stands; the figures are there during pretraining.

    Args:
        loss: Running training loss in nats per token.
        eta_s: Seconds left of pretraining.
    """

    stage: StarterStage
    step: int = 0
    total_steps: int = 0
    loss: float | None = None
    tokens_per_s: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class StarterSummary:
    """The published model and how it was made.

    Args:
        manifest_sha256: SHA-256 of the manifest file, hex.
        corpus_tokens: Tokens of text held for pretraining.
        trained_tokens: Tokens the steps went over (more than `corpus_tokens` when the corpus is small).
        was_cut: Whether the time limit ended pretraining before the step budget.
        loss: Running training loss at the end, in nats per token.
    """

    path: Path
    manifest_sha256: str
    parameters: int
    vocab_size: int
    texts: int
    corpus_tokens: int
    trained_tokens: int
    steps: int
    was_cut: bool
    loss: float
    elapsed_s: float
