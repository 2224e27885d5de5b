"""Tokenizers of the kinds that published models have, learned here in a moment, with the control tokens of a family."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.tiny_model import sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

KINDS = ("byte_level", "blank_first", "blank_always", "dropping")
"""byte_level: as GPT-2, Llama 3, Qwen; blank_first: SentencePiece's blank before the text only; blank_always: after
every control token too, as Llama 2; dropping: normalises, so that some characters are in no token at all."""

TOKENS = {
    "chatml": ("<|im_start|>", "<|im_end|>"),
    "qwen": ("<|im_start|>", "<|im_end|>"),
    "hermes": ("<|im_start|>", "<|im_end|>"),
    "llama3": ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "mistral_v1": (),
    "mistral_v3": (
        *("[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
        *("[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    ),
    "mistral_tekken": (
        *("[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
        *("[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    ),
    "gemma": ("<start_of_turn>", "<end_of_turn>"),
    "phi3": ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    "zephyr": (),
}
"""Control tokens of each family besides <s>, </s> and <unk>."""

_BASIC = ("<unk>", "<s>", "</s>")
_JSON = '{"type": "function", "function": {"name": "frist", "arguments": {"gesetz": "VwVfG", "tage": 14}}}'


def chat_tokenizer(kind: str, tokens: Sequence[str], *, template: str | None = None) -> "PreTrainedTokenizerFast":
    """A tokenizer of `kind` that knows these control tokens; those of Phi-3 swallow the blanks after them, as there."""
    from tokenizers import AddedToken, Tokenizer
    from transformers import PreTrainedTokenizerFast

    learned = Tokenizer.from_str(_learned(kind))
    learned.add_special_tokens([AddedToken(token, normalized=False, rstrip=_is_greedy(token)) for token in tokens])
    wrap: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = wrap(
        tokenizer_object=learned, bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=template
    )
    return tokenizer


def tokenizer_file(folder: Path, kind: str) -> Path:
    """The `tokenizer.json` of such a tokenizer in a folder; it says that texts are to be cut and padded, as some do."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(_learned(kind))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=16)
    path = folder / "tokenizer.json"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return path


def _is_greedy(token: str) -> bool:
    return token in TOKENS["phi3"]


@lru_cache
def _learned(kind: str) -> str:
    from tokenizers import Regex, decoders, normalizers, pre_tokenizers

    tokenizer, alphabet = _empty(kind)
    if kind == "byte_level":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    elif kind == "blank_always":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = _sentencepiece_decoder()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        tokenizer.decoder = _sentencepiece_decoder()
    if kind == "dropping":
        dropped = normalizers.Replace(Regex("[\u00ad\u200b-\u200f\ufeff]"), "")
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), dropped, normalizers.Replace(Regex(" {2,}"), " ")]
        )
    tokenizer.train_from_iterator(_texts(), _trainer(kind, alphabet))
    return _bytes_as_vocabulary(tokenizer.to_str())


def _empty(kind: str) -> "tuple[Tokenizer, list[str]]":
    from tokenizers import Tokenizer, models, pre_tokenizers

    if kind == "byte_level":
        return Tokenizer(models.BPE()), sorted(pre_tokenizers.ByteLevel.alphabet())
    return Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)), []


def _trainer(kind: str, alphabet: list[str]) -> Any:
    from tokenizers import trainers

    falls_back = () if kind == "byte_level" else tuple(f"<0x{byte:02X}>" for byte in range(256))
    return trainers.BpeTrainer(
        vocab_size=1100, special_tokens=[*_BASIC, *falls_back], initial_alphabet=alphabet, show_progress=False
    )


def _sentencepiece_decoder() -> Any:
    from tokenizers import decoders

    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    return decoders.Sequence(parts)


def _texts() -> Iterator[str]:
    yield from sentences(120)
    yield from ("Hallo, wie geht es? Gut.\n\nDanke!\n",) * 20
    yield from (_JSON, "<tool_call>\n" + _JSON + "\n</tool_call>", "[INST] Frage [/INST] Antwort") * 20


def _bytes_as_vocabulary(text: str) -> str:
    """The trainer can reserve byte tokens only as special ones; in models they are plain vocabulary."""
    content = json.loads(text)
    content["added_tokens"] = [token for token in content["added_tokens"] if not token["content"].startswith("<0x")]
    return json.dumps(content)
