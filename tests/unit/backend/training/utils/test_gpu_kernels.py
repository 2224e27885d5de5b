"""Which kernels are used: the decision needs no GPU."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from backend.training.utils.base_model import load_model
from backend.training.utils.gpu_kernels import Accelerator, Kernels, accelerator_here, choose_kernels, use_kernels

ALL = frozenset(("flash_attention_3", "flash_attention_2", "liger"))
HOPPER, ADA, TURING = (9, 0), (8, 9), (7, 5)
LIGER = """
import json, pathlib

def _apply_liger_kernel_to_instance(model, **options):
    pathlib.Path(__file__).with_name("asked.json").write_text(json.dumps(options))

MODEL_TYPE_TO_APPLY_LIGER_FN = {"llama": None}
"""


@pytest.mark.parametrize(
    ("capability", "installed", "dtype", "expected"),
    [
        (HOPPER, ALL, torch.bfloat16, Kernels("flash_attention_3", "liger")),
        (ADA, ALL, torch.bfloat16, Kernels("flash_attention_2", "liger")),
        (ADA, ALL, torch.float16, Kernels("flash_attention_2", "liger")),
        (ADA, ALL, torch.float32, Kernels("sdpa", "liger")),
        (TURING, ALL, torch.bfloat16, Kernels("sdpa", "liger")),
        (HOPPER, ALL - {"flash_attention_3"}, torch.bfloat16, Kernels("flash_attention_2", "liger")),
        (HOPPER, frozenset(("flash_attention_2",)), torch.bfloat16, Kernels("flash_attention_2", "torch")),
        (HOPPER, frozenset[str](), torch.bfloat16, Kernels()),
        (None, ALL, torch.float32, Kernels()),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, frozenset) else str(value),
)
def test_what_is_installed_and_fits_the_gpu_is_chosen(
    capability: tuple[int, int] | None, installed: frozenset[str], dtype: torch.dtype, expected: Kernels
) -> None:
    assert choose_kernels(Accelerator(capability, installed), dtype=dtype) == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_nothing_is_looked_for() -> None:
    assert accelerator_here() == Accelerator(None, frozenset())
    assert Kernels().as_facts() == {"attention": "sdpa", "layer_kernels": "torch"}


def test_an_attention_that_is_not_here_leaves_the_plain_one(tiny_model: Path) -> None:
    model = load_model(tiny_model, dtype="float32")
    assert use_kernels(model, Kernels("flash_attention_2", "torch")) == Kernels("sdpa", "torch")
    assert model(input_ids=torch.tensor([[50, 60]])).logits.isfinite().all()


@pytest.fixture
def liger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that has the door of Liger and remembers who came."""
    package = tmp_path / "liger_kernel" / "transformers"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "monkey_patch.py").write_text(LIGER)
    monkeypatch.syspath_prepend(tmp_path)
    yield package / "asked.json"
    for name in [name for name in sys.modules if name.split(".")[0] == "liger_kernel"]:
        del sys.modules[name]


def test_liger_gets_the_layers_and_never_the_loss(tiny_model: Path, liger: Path) -> None:
    model = load_model(tiny_model, dtype="float32")
    assert use_kernels(model, Kernels("sdpa", "liger")) == Kernels("sdpa", "liger")
    assert json.loads(liger.read_text()) == {"cross_entropy": False, "fused_linear_cross_entropy": False}


def test_a_model_that_liger_does_not_know_keeps_its_layers(tiny_model: Path, liger: Path) -> None:
    model = load_model(tiny_model, dtype="float32")
    model.config.model_type = "somebody_elses"
    assert use_kernels(model, Kernels("sdpa", "liger")) == Kernels()
    assert not liger.exists()
