"""The model and the records of the speed benchmarks: small random Llama, real instructions and real laws."""

import json
import random
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backend.datasets.ingest.base import ReadContext
from backend.datasets.ingest.readers.markdown_reader import MarkdownReader
from tests.support.shared_data import SHARED_DATA
from tests.support.training_runs import write_jsonl

INSTRUCTIONS = SHARED_DATA / "instructions" / "alpaca_en_demo.json"
LAWS = SHARED_DATA / "gesetze.tar.xz"
NEEDED = (INSTRUCTIONS, LAWS)
MAX_LENGTH = 1024
_LAWS_READ = ("bgb", "vwvfg", "ao_1977")
_LONGEST_CHARS = 2600  # under 1,024 tokens of this tokenizer, so that no contender cuts what another one trains
_SHORTEST_CHARS = 40
_SEED = 11
_VOCABULARY = 8000

Record = Mapping[str, str]


def missing() -> list[str]:
    """Files that are needed and not there."""
    return [str(path) for path in NEEDED if not path.is_file()]


def write_records(folder: Path, *, train: int, held_out: int) -> tuple[Path, Path]:
    """`train.jsonl` and `held_out.jsonl`: half instructions in English, half sections of German laws, shuffled."""
    rng = random.Random(_SEED)
    chosen: list[Record] = []
    for records in (instructions(), sections()):
        fitting = [record for record in records if _SHORTEST_CHARS < _length(record) < _LONGEST_CHARS]
        chosen += rng.sample(fitting, (train + held_out) // 2)
    rng.shuffle(chosen)
    return (
        write_jsonl(folder / "train.jsonl", chosen[:train]),
        write_jsonl(folder / "held_out.jsonl", chosen[train:]),
    )


def make_model(folder: Path, records: list[Path], *, pretrained_on: Sequence[str] = (), steps: int = 0) -> Path:
    """A Llama of 6.6 million random parameters whose tokenizer knows these records.

    Args:
        folder: Made here.
        records: What the tokenizer learns from.
        pretrained_on: Texts that the model has read before it is saved.
        steps: Of that.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from backend.training.starter.tokenizer import train_tokenizer
    from backend.training.utils.tensor_files import write_tensors

    folder.mkdir()
    tokenizer = train_tokenizer(_texts(records), vocab_size=_VOCABULARY, context_length=MAX_LENGTH)
    torch.manual_seed(_SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=640,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        architectures=["LlamaForCausalLM"],
    )
    model = LlamaForCausalLM(config)
    if steps:
        ends = [[*tokenizer(text)["input_ids"], tokenizer.eos_token_id] for text in pretrained_on]
        _pretrain(model, np.asarray([token for ids in ends for token in ids], dtype=np.int32), steps)
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    write_tensors(folder / "model.safetensors", weights)
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def read_records(file: Path) -> list[Record]:
    """The records of a file that `write_records` made."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _pretrain(model: Any, tokens: Any, steps: int) -> None:
    from backend.training.starter.options import StarterOptions
    from backend.training.starter.pretraining import pretrain
    from backend.training.utils.determinism import deterministic

    with deterministic(seed=_SEED, threads=1):
        pretrain(model, tokens, StarterOptions(steps=steps, short_share=1.0), lambda _: None)


def _length(record: Record) -> int:
    return len(record["prompt"]) + len(record["completion"])


def _texts(files: list[Path]) -> Iterator[str]:
    for file in files:
        yield from (record["prompt"] + record["completion"] for record in read_records(file))


def instructions() -> Iterator[Record]:
    """All instructions: what is asked, and the answer."""
    # a prompt ends with a line break, an answer begins with none: tokenised apart or together, the tokens are the same
    for row in json.loads(INSTRUCTIONS.read_text(encoding="utf-8")):
        asked = "\n".join(part.strip() for part in (row["instruction"], row["input"]) if part.strip())
        yield {"prompt": f"{asked}\n", "completion": row["output"].strip()}


def sections() -> Iterator[Record]:
    """All sections of the laws that are read: what is cited, and its text."""
    with tarfile.open(LAWS) as archive:
        for name in _LAWS_READ:
            member = archive.extractfile(f"gesetze/{name}.md")
            assert member is not None
            for document in MarkdownReader().read(member, ReadContext(f"{name}.md")):
                for section in document.sections:
                    if section.number:
                        cited = f"{document.abbreviation} {section.number} {section.heading}".strip()
                        yield {"prompt": f"{cited}\n", "completion": section.text.strip()}
