"""A tiny sentence-transformers folder: a random BERT with a real tokenizer, pooling and a dense layer."""

import json
from pathlib import Path

from backend.training.utils.tensor_files import write_tensors
from tests.support.tiny_model import sentences

HIDDEN = 32
OUT = 16


def make_tiny_encoder(folder: Path, *, seed: int = 0, pooling: str = "mean_tokens", has_dense: bool = True) -> Path:
    """Save it and return its folder."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(sentences(200), trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(
            BertConfig(
                vocab_size=tokenizer.get_vocab_size(),
                hidden_size=HIDDEN,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
            )
        )
        dense = torch.randn(OUT, HIDDEN)
    model.save_pretrained(folder)
    steps = [("Transformer", ""), ("Pooling", "1_Pooling"), *([("Dense", "2_Dense")] if has_dense else [])]
    steps.append(("Normalize", f"{len(steps)}_Normalize"))
    listed = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (kind, path) in enumerate(steps)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 32, "do_lower_case": False}))
    (folder / "1_Pooling").mkdir()
    modes = {
        f"pooling_mode_{mode}": mode == pooling for mode in ("cls_token", "mean_tokens", "max_tokens", "lasttoken")
    }
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": HIDDEN, **modes}))
    if has_dense:
        (folder / "2_Dense").mkdir()
        settings = {
            "in_features": HIDDEN,
            "out_features": OUT,
            "bias": False,
            "activation_function": "torch.nn.modules.activation.Tanh",
        }
        (folder / "2_Dense" / "config.json").write_text(json.dumps(settings))
        write_tensors(folder / "2_Dense" / "model.safetensors", {"linear.weight": dense})
    return folder
