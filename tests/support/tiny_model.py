"""A tiny random language model with a real tokenizer and chat template, made in a second."""

import random
from pathlib import Path

from backend.training.starter.tokenizer import train_tokenizer
from backend.training.utils.tensor_files import write_tensors

WORDS = """
    Die Behörde kann den Verwaltungsakt auf Antrag ganz oder teilweise aufheben wenn er rechtswidrig ist
    § 1 § 2 Absatz Satz Frist Bescheid Widerspruch Gemeinde Kreis Gebühr Satzung und nicht vertraut hat gilt
"""


def sentences(count: int, *, seed: int = 7, words: int = 24) -> list[str]:
    """Nonsense in administrative German, the same for the same seed."""
    rng, vocabulary = random.Random(seed), WORDS.split()
    return [" ".join(rng.choices(vocabulary, k=rng.randint(words // 2, words))) + "." for _ in range(count)]


def make_tiny_model(
    folder: Path, *, context_length: int = 128, seed: int = 0, is_tied: bool = True, has_biases: bool = False
) -> Path:
    """Save a two-layer Llama with random weights, about 30,000 parameters, and return its folder.

    Args:
        folder: Made here.
        context_length: Longest input, in tokens.
        seed: Of the weights.
        is_tied: Whether the output layer is the embedding, as in most small models.
        has_biases: Whether the layers of attention have biases.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir(parents=True)
    tokenizer = train_tokenizer(iter(sentences(200)), vocab_size=400, context_length=context_length)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=context_length,
                tie_word_embeddings=is_tied,
                attention_bias=has_biases,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
                architectures=["LlamaForCausalLM"],
            )
        )
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight" or not is_tied}
    write_tensors(folder / "model.safetensors", weights)
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
