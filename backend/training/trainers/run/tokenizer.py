"""The tokenizer of a run, with the chat template that the run was told to write chats with."""

from pathlib import Path
from typing import TYPE_CHECKING

from backend.training.formats.template_check import check_template, writes_otherwise
from backend.training.trainers.base import Reporter, TrainingContext
from backend.training.utils.base_model import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def tokenizer_of_run(context: TrainingContext, folder: Path, reporter: Reporter) -> "PreTrainedTokenizerBase":
    """The base model's tokenizer; the adapter keeps it, so that evaluation and serving write chats as training did.

    Args:
        context: Of the attempt.
        folder: A checked base model.
        reporter: Told when the chosen template writes chats otherwise than the base model's own.

    Raises:
        InvalidBaseModel: If it cannot be read.
        UnusableChatTemplate: If the chosen template does not fit the base model.
    """
    tokenizer = load_tokenizer(folder)
    if context.chat_template is None:
        return tokenizer
    own, tokenizer.chat_template = tokenizer.chat_template, context.chat_template
    check_template(tokenizer)  # whatever the records are: the adapter brings it along
    if writes_otherwise(tokenizer, own):
        reporter.message(
            f"The chat template {context.config.model.chat_template} writes chats otherwise than the base model's own. "
            "The adapter brings it along; serve the adapter with that one."
        )
    return tokenizer
