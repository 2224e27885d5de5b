"""Make a starter model from the user's own texts: tokenizer, weights, chat template, published whole or not at all."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from backend.training.starter.corpus import CorpusSize, CorpusTooSmall, TextsFactory, measure, sample
from backend.training.starter.options import StarterOptions, StarterProgress, StarterStage, StarterSummary
from backend.training.starter.pretraining import Tokens, build_model, pretrain
from backend.training.starter.tokenizer import train_tokenizer
from backend.training.utils.determinism import deterministic
from backend.training.utils.tensor_files import write_tensors
from shared.storage import AlreadyPublished, stage, write_json

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

_NEEDED_CHARACTERS = 20_000
_CHARS_PER_TOKEN = 2.5  # a low guess, so that the sample fills the token budget


def create_starter(
    texts_factory: TextsFactory,
    target: Path,
    options: StarterOptions,
    report: Callable[[StarterProgress], None],
) -> StarterSummary:
    """Train a tokenizer and a small causal language model on the texts and publish them at `target`.

    Args:
        texts_factory: Gives a fresh iterator over the same texts each time; called three times.
        target: Folder that must not exist yet.
        options: Size, budget, seed.
        report: Called at each stage and every few steps.

    Raises:
        CorpusTooSmall: If the texts cannot carry a model.
        AlreadyPublished: If `target` exists.
        DiskFull: If there is no space for the model.
    """
    if target.exists():
        raise AlreadyPublished(target)
    started = time.monotonic()
    with deterministic(seed=options.seed, threads=options.threads), stage(target) as staged:
        report(StarterProgress(StarterStage.READING))
        size = measure(texts_factory, needed_characters=_NEEDED_CHARACTERS)
        report(StarterProgress(StarterStage.TOKENIZER))
        tokenizer = _tokenizer(texts_factory, size, options)
        report(StarterProgress(StarterStage.ENCODING))
        tokens = _encode(texts_factory, tokenizer, size, options)
        model = build_model(
            options, vocab_size=len(tokenizer), eos_id=tokenizer.eos_token_id, pad_id=tokenizer.pad_token_id
        )
        result = pretrain(model, tokens, options, report)
        report(StarterProgress(StarterStage.SAVING, result.steps, options.steps, result.loss))
        _save(staged.path, model, tokenizer)
        facts = {
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "vocab_size": len(tokenizer),
            "texts": size.texts,
            "corpus_tokens": len(tokens),
            "trained_tokens": result.trained_tokens,
            "steps": result.steps,
        }
        write_json(staged.path / "starter.json", {**facts, "seed": options.seed, "was_cut": result.was_cut})
        manifest = staged.publish({"kind": "starter_model"})
    return StarterSummary(
        **facts,
        path=target,
        manifest_sha256=manifest.sha256,
        was_cut=result.was_cut,
        loss=result.loss,
        elapsed_s=time.monotonic() - started,
    )


def _tokenizer(texts_factory: TextsFactory, size: CorpusSize, options: StarterOptions) -> "PreTrainedTokenizerFast":
    share = options.tokenizer_chars / size.characters
    texts = sample(texts_factory, share=share, seed=options.seed, purpose="tokenizer")
    return train_tokenizer(texts, vocab_size=options.vocab_size, context_length=options.context_length)


def _encode(
    texts_factory: TextsFactory, tokenizer: "PreTrainedTokenizerFast", size: CorpusSize, options: StarterOptions
) -> Tokens:
    """A sample of the texts as one row of token ids, each text closed by end-of-text; shape (n,), int32."""
    import numpy as np

    share = options.corpus_tokens * _CHARS_PER_TOKEN / size.characters
    parts: list[Tokens] = []
    held = 0
    for text in sample(texts_factory, share=share, seed=options.seed, purpose="pretraining"):
        ids = tokenizer.encode(text, add_special_tokens=False, verbose=False)
        parts.append(np.asarray([*ids, tokenizer.eos_token_id], dtype=np.int32))
        held += len(parts[-1])
        if held >= options.corpus_tokens:
            break
    if held < options.context_length:
        raise CorpusTooSmall(size.characters, _NEEDED_CHARACTERS)
    return np.concatenate(parts)[: options.corpus_tokens]


def _save(folder: Path, model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerFast") -> None:
    # trained with the output layer tied to the embedding, saved apart: an adapter can then change each on its own
    weights = dict(model.state_dict())
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    write_tensors(folder / "model.safetensors", weights)
    model.config.tie_word_embeddings = False
    model.config.architectures = ["LlamaForCausalLM"]
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
