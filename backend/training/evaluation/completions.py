"""Sample completions of base model and adapter side by side, for prompts cut from held-out records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from backend.training.formats.base import HeldOutPrompt
from backend.training.formats.golden_chats import load_adapter_tokenizer
from backend.training.formats.validation import Problems, checked_rows
from backend.training.utils import base_model
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import DtypeName
from backend.training.utils.determinism import deterministic
from backend.training.utils.trained_with import trained_quantization

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_LOOKED_AT = 200  # records among which prompts of a readable length are sought


@dataclass(frozen=True, slots=True)
class SampleCompletion:
    """One prompt and how it goes on.

    Args:
        prompt: Beginning of a held-out record.
        base: What the base model makes of it.
        adapter: What the adapter makes of it.
        reference: How the record really goes on.
    """

    prompt: str
    base: str
    adapter: str
    reference: str


def sample_completions(
    *,
    reference: str,
    adapter_dir: Path,
    test_file: Path,
    is_offline: bool = True,
    count: int = 2,
    new_tokens: int = 60,
    prompt_tokens: int = 64,
    dtype: DtypeName = "auto",
    cpu_threads: int = 1,
    on_progress: Callable[[], None] = lambda: None,
) -> list[SampleCompletion]:
    """Greedy completions; the same files give the same text.

    Args:
        reference: Base model, folder or hub name.
        adapter_dir: Folder that a trainer filled.
        test_file: Held-out records.
        count: Prompts, spread over the file.
        new_tokens: Tokens generated at most.
        prompt_tokens: A longer prompt keeps its end only.
        is_offline: Whether the hub must not be asked.
        dtype: As in training.
        cpu_threads: Threads for the CPU backend.
        on_progress: Called before every token; may raise to stop.

    Raises:
        BaseModelMissing: If the base model is gone.
        AdapterDoesNotFit: If the adapter is not for this base model.
        ChatsWrittenOtherwise: If its tokenizer does not write what it was trained with.
        TrainFileMissing: If there is no test file.
    """
    folder = base_model.locate_base_model(reference, is_offline=is_offline)
    with deterministic(seed=0, threads=cpu_threads):
        tokenizer = load_adapter_tokenizer(adapter_dir)
        prompts = _spread(_prompts(test_file, tokenizer, prompt_tokens), count)
        model = base_model.load_model(folder, dtype=dtype, quantization=trained_quantization(adapter_dir))
        base = [_greedy(model, tokenizer, prompt, new_tokens, on_progress) for prompt in prompts]
        adapted = with_saved_adapter(model, adapter_dir)
        own = [_greedy(adapted, tokenizer, prompt, new_tokens, on_progress) for prompt in prompts]
    return [
        SampleCompletion(prompt.prompt, before, after, prompt.reference)
        for prompt, before, after in zip(prompts, base, own, strict=True)
    ]


def _prompts(test_file: Path, tokenizer: "PreTrainedTokenizerBase", longest: int) -> list[HeldOutPrompt]:
    rows = islice(checked_rows(test_file, Problems()), _LOOKED_AT)
    found = [row.shape.cut(row.record, tokenizer) for row in rows]
    return [_shortened(prompt, tokenizer, longest) for prompt in found if prompt.reference.strip() and prompt.token_ids]


def _shortened(prompt: HeldOutPrompt, tokenizer: "PreTrainedTokenizerBase", longest: int) -> HeldOutPrompt:
    if len(prompt.token_ids) <= longest:
        return prompt
    ids = prompt.token_ids[-longest:]
    return HeldOutPrompt(ids, "… " + str(tokenizer.decode(ids)).lstrip(), prompt.reference)


def _spread(prompts: Sequence[HeldOutPrompt], count: int) -> list[HeldOutPrompt]:
    wanted = min(count, len(prompts))
    return [prompts[index * len(prompts) // wanted] for index in range(wanted)]


def _greedy(
    model: "torch.nn.Module",
    tokenizer: "PreTrainedTokenizerBase",
    prompt: HeldOutPrompt,
    new_tokens: int,
    on_progress: Callable[[], None],
) -> str:
    import torch

    ids = torch.tensor([prompt.token_ids], device=next(model.parameters()).device)
    # plain argmax over the whole prefix: short, exact, and the same for every architecture
    with torch.no_grad():
        for _ in range(new_tokens):
            on_progress()
            token = model(input_ids=ids, use_cache=False).logits[:, -1].argmax(dim=-1, keepdim=True)
            if token.item() in _ends(tokenizer):
                break
            ids = torch.cat([ids, token], dim=1)
    return str(tokenizer.decode(ids[0, len(prompt.token_ids) :], skip_special_tokens=True))


def _ends(tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """Tokens that end a completion: end of text, and every other special one (end of turn, padding)."""
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return special | set(tokenizer.all_special_ids)
