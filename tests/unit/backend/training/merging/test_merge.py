"""An adapter merged into its base model: the same logits without peft, from verified files, on unquantised weights."""

import json
import resource
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from backend.training.merging.merge import LIMITS, merge_adapter
from backend.training.merging.options import (
    AnotherBaseModel,
    DamagedAdapter,
    MergeDiffers,
    MergeDtype,
    MergeProgress,
    MergeStage,
    NotMergeable,
    QuantizedBase,
)
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import load_model, locate_base_model
from shared.models.adapter import Adapter
from shared.storage import AlreadyPublished, DiskFull, verify_folder
from shared.utils.yaml_safe import load_yaml
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.training_runs import train_adapter, write_jsonl

Trained = Callable[..., Adapter]
TRAINING = {"max_steps": 6, "learning_rate": 0.02, "min_warmup_steps": 1, "num_epochs": 9}
# largest difference of a logit, where logits are around 0.3: float32 rounds, bfloat16 rounds to 3 digits
TOLERANCES = {MergeDtype.FLOAT32: 1e-5, MergeDtype.BFLOAT16: 2e-2}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Trained:
    """Trains on demand; each kind of adapter once."""
    root = tmp_path_factory.mktemp("merging")
    train = write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(40)])
    made: dict[str, Adapter] = {}

    def train_once(trainer_type: str = "lora", base: Path = tiny_model, **lora: Any) -> Adapter:
        name = "-".join([trainer_type, base.name, *map(str, lora.values())])
        if name not in made:
            config = {"lora": {"r": 4, "alpha": 8, **lora}, "training": TRAINING}
            made[name] = train_adapter(root, base, train, config, name=name, trainer_type=trainer_type)
        return made[name]

    return train_once


def merged(
    adapter: Adapter, base: Path, target: Path, dtype: MergeDtype = MergeDtype.FLOAT32
) -> tuple[Path, list[MergeProgress]]:
    told: list[MergeProgress] = []
    merge_adapter(adapter, base, target, dtype, told.append, threads=1)
    return target, told


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=torch.arange(5, 45).unsqueeze(0)).logits.float()
    return found


@pytest.mark.parametrize("dtype", MergeDtype)
@pytest.mark.parametrize(
    ("trainer_type", "lora"),
    [
        ("lora", {}),
        ("lora", {"use_rslora": True}),
        ("lora", {"use_dora": True}),
        ("lora", {"init": "pissa"}),
        ("lora", {"init": "pissa", "use_rslora": True}),
        ("qlora", {}),
        ("qlora", {"use_dora": True}),
    ],
)
def test_the_merged_model_computes_what_unquantised_base_and_adapter_compute(
    trained: Trained, tiny_model: Path, tmp_path: Path, trainer_type: str, lora: dict[str, Any], dtype: MergeDtype
) -> None:
    adapter = trained(trainer_type, **lora)
    base = load_model(tiny_model, dtype="float32")
    plain = logits(base)
    expected = logits(with_saved_adapter(base, Path(adapter.path)))

    target, _ = merged(adapter, tiny_model, tmp_path / "merged", dtype)

    model = AutoModelForCausalLM.from_pretrained(target)
    assert model.dtype == getattr(torch, dtype.value)
    assert not [name for name, _ in model.named_parameters() if "lora" in name]
    tolerance = TOLERANCES[dtype]
    torch.testing.assert_close(logits(model), expected, atol=tolerance, rtol=0)
    assert (plain - expected).abs().max() > 5 * tolerance, "the adapter must matter, or the comparison says nothing"


def test_layers_with_biases_merge_too(trained: Trained, tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "biased", has_biases=True)
    adapter = trained(base=base)
    expected = logits(with_saved_adapter(load_model(base, dtype="float32"), Path(adapter.path)))
    target, _ = merged(adapter, base, tmp_path / "merged", MergeDtype.BFLOAT16)
    torch.testing.assert_close(logits(AutoModelForCausalLM.from_pretrained(target)), expected, atol=2e-2, rtol=0)


def test_the_folder_is_a_verified_base_model_that_says_where_it_comes_from(
    trained: Trained, tiny_model: Path, tmp_path: Path
) -> None:
    adapter = replace(trained("qlora"), dataset_id="dataset_1", dataset_sha256="d" * 64)
    target, told = merged(adapter, tiny_model, tmp_path / "merged", MergeDtype.BFLOAT16)

    assert locate_base_model(str(target), is_offline=True) == target
    properties = verify_folder(target).properties
    assert properties["kind"] == "merged_model"
    assert properties["adapter_manifest_sha256"] == adapter.manifest_sha256
    assert properties["base_model_digest"] == adapter.base_model_digest
    assert properties["trained_with_quantization"]["bits"] == 4
    assert properties["dataset_sha256"] == "d" * 64
    assert 0 < properties["difference"] < LIMITS[MergeDtype.BFLOAT16] < properties["effect"]
    card = (target / "README.md").read_text(encoding="utf-8")
    assert load_yaml(card.split("---")[1])["base_model"] == "tiny"
    for known in (adapter.adapter_id, adapter.base_model_digest, "d" * 64, "in 4 bits", "no basis for a decision"):
        assert known in card
    theirs, ours = AutoTokenizer.from_pretrained(Path(adapter.path)), AutoTokenizer.from_pretrained(target)
    assert ours.chat_template == theirs.chat_template
    assert json.loads((target / "config.json").read_text(encoding="utf-8"))["use_cache"] is True
    assert [progress.stage for progress in told if progress.stage is not MergeStage.MERGING] == [
        stage for stage in MergeStage if stage is not MergeStage.MERGING
    ]
    steps = [(progress.step, progress.total_steps) for progress in told if progress.stage is MergeStage.MERGING]
    assert steps == [(number, 14) for number in range(15)]


def test_terms_of_the_base_model_go_with_it(trained: Trained, tmp_path: Path, tiny_model: Path) -> None:
    base = Path(shutil.copytree(tiny_model, tmp_path / "tiny"))
    (base / "LICENSE.txt").write_text("Do no harm.", encoding="utf-8")
    target, _ = merged(trained(), base, tmp_path / "merged")
    assert (target / "LICENSE.txt").read_text(encoding="utf-8") == "Do no harm."


def test_nothing_is_merged_into_a_base_that_is_quantised_on_disk(
    trained: Trained, tiny_model: Path, tmp_path: Path
) -> None:
    base = tmp_path / "four-bits"
    load_quantised(tiny_model).save_pretrained(base)
    with pytest.raises(QuantizedBase, match=r"four-bits holds weights that are quantised \(bitsandbytes\)"):
        merged(trained(), base, tmp_path / "merged")
    assert not list(tmp_path.glob("*merged*"))


def load_quantised(folder: Path) -> Any:
    from backend.training.utils.quantization import Quantization

    return load_model(folder, dtype="float32", quantization=Quantization(4, "nf4", False, "float32"))


def test_another_base_model_is_named_and_nothing_is_merged(trained: Trained, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path / "other", seed=1)
    with pytest.raises(AnotherBaseModel, match="is not the model that the adapter was trained on"):
        merged(trained(), other, tmp_path / "merged")
    assert not list(tmp_path.glob("*merged*"))


def test_a_damaged_adapter_is_not_merged(trained: Trained, tiny_model: Path, tmp_path: Path) -> None:
    adapter = trained()
    folder = Path(shutil.copytree(adapter.path, tmp_path / "damaged"))
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: 2 * tensor for name, tensor in weights.items()}, folder / "adapter_model.safetensors")
    with pytest.raises(DamagedAdapter, match=r"adapter_model\.safetensors was altered"):
        merged(replace(adapter, path=str(folder)), tiny_model, tmp_path / "merged")


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning")  # peft says so while training
def test_an_output_layer_that_is_the_embedding_is_not_changed_behind_its_back(
    trained: Trained, tiny_model: Path, tmp_path: Path
) -> None:
    adapter = trained(target_modules=["lm_head", "q_proj"])
    with pytest.raises(NotMergeable, match="lm_head, whose weights another layer uses too"):
        merged(adapter, tiny_model, tmp_path / "merged")
    untied = make_tiny_model(tmp_path / "untied", is_tied=False)
    assert merged(trained(base=untied, target_modules=["lm_head", "q_proj"]), untied, tmp_path / "merged")


def test_an_adapter_that_is_of_no_language_model_is_refused(trained: Trained, tiny_model: Path, tmp_path: Path) -> None:
    probe = train_adapter(
        tmp_path, tiny_model, tmp_path / "none", {"probe": {"steps": 2}}, name="p", trainer_type="probe"
    )
    with pytest.raises(NotMergeable, match="of a probe"):
        merged(probe, tiny_model, tmp_path / "merged")


def test_a_model_that_is_there_is_never_overwritten(trained: Trained, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "merged").mkdir()
    with pytest.raises(AlreadyPublished):
        merged(trained(), tiny_model, tmp_path / "merged")


def test_a_result_that_computes_something_else_is_not_published(
    trained: Trained, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, MergeDtype.BFLOAT16, 1e-9)  # type: ignore[attr-defined]  # a dict, declared read-only
    with pytest.raises(MergeDiffers, match="Nothing was published"):
        merged(trained(), tiny_model, tmp_path / "merged", MergeDtype.BFLOAT16)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(trained: Trained, tiny_model: Path, tmp_path: Path) -> None:
    adapter = trained()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # the write that goes beyond fails as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DiskFull):
            merged(adapter, tiny_model, tmp_path / "merged")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
