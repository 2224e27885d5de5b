"""Options of `clara datasets create` that say what records are made of, and the members of the order they become."""

from typing import Annotated, Any

import typer

Tokenizer = Annotated[
    str | None,
    typer.Option("--tokenizer", help="Base model whose tokenizer counts; default: words and marks (unicode-words-1)."),
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=32, help="Most tokens of the source in one record; longer is cut.")
]
OverlapTokens = Annotated[
    int, typer.Option("--overlap-tokens", min=0, help="Tokens that a part repeats of the part before.")
]
Templates = Annotated[
    list[str] | None,
    typer.Option(
        "--template", help="Template or kind that makes questions: `clara datasets templates list`; repeatable."
    ),
]
SyntheticShare = Annotated[
    float | None,
    typer.Option(
        "--synthetic-share",
        min=0,
        max=0.5,
        help="Also questions by the model of CLARA_SYNTHETIC_URL, at most this share of train; default: none.",
    ),
]


def record_members(
    tokenizer: str | None,
    max_tokens: int | None,
    overlap_tokens: int,
    templates: list[str] | None,
    synthetic_share: float | None,
) -> dict[str, Any]:
    """Members of the order; None is what the service's default is meant by."""
    return {
        "tokenizer": tokenizer,
        "max_tokens": max_tokens,
        "overlap_tokens": overlap_tokens or None,
        "templates": templates or None,
        "synthetic": {"share": synthetic_share} if synthetic_share else None,
    }
