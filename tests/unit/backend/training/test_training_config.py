"""Training configs in both spellings, and what is said about wrong ones."""

import json
import re
from pathlib import Path

import pytest

from backend.training.training_config import InvalidTrainingConfig, TrainingConfig, load_config_file
from shared.errors import InvalidInput

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "training.md"


def reasons(raw: dict[str, object]) -> dict[str, str]:
    with pytest.raises(InvalidTrainingConfig) as caught:
        TrainingConfig.parse(raw)
    errors = caught.value.context["errors"]
    assert isinstance(errors, list)
    return {error["field"]: error["reason"] for error in errors}


def test_an_empty_config_takes_every_documented_default() -> None:
    config = TrainingConfig.parse({})
    assert (config.lora.r, config.lora.alpha, config.lora.target_modules) == (32, 32, "all-linear")
    assert config.training.learning_rate is None
    assert config.data.max_length is None


@pytest.mark.parametrize(
    ("raw", "field", "guess"),
    [
        ({"trainig": {}}, "trainig", "training"),
        ({"training": {"learning_rat": 1}}, "training.learning_rat", "learning_rate"),
        ({"lora": {"rank": 8}}, "lora.rank", "r"),
        ({"training": {"epochs": 2}}, "training.epochs", "num_epochs"),
        ({"model": {"base_modell": "x"}}, "model.base_modell", "base_model"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(raw: dict[str, object], field: str, guess: str) -> None:
    assert reasons(raw)[field] == f"unknown key; did you mean '{guess}'?"


def test_every_wrong_field_is_named_at_once() -> None:
    found = reasons({"lora": {"r": 0, "dropout": 2}, "training": {"learning_rate": -1}})
    assert set(found) == {"lora.r", "lora.dropout", "training.learning_rate"}


def test_two_sources_of_records_are_refused() -> None:
    assert "not both" in str(reasons({"data": {"train_file": "a.jsonl", "dataset_id": "d"}}))


def test_text_that_is_a_number_is_taken_for_a_rate_and_for_nothing_else() -> None:
    assert TrainingConfig.parse({"training": {"learning_rate": "2e-4"}}).training.learning_rate == 2e-4
    found = reasons({"training": {"learning_rate": "2e", "batch_size": "4"}, "lora": {"use_dora": "true"}})
    assert found == {
        "training.learning_rate": "must be a number, found '2e'",
        "training.batch_size": "must be a whole number, found '4'",
        "lora.use_dora": "must be true or false, found 'true'",
    }


@pytest.mark.parametrize(
    ("given", "taken"),
    [("all-linear", "all-linear"), ("q_proj", ["q_proj"]), (["self_attn.q_proj"], ["self_attn.q_proj"])],
)
def test_one_module_name_is_a_list_of_one(given: object, taken: object) -> None:
    assert TrainingConfig.parse({"lora": {"target_modules": given}}).lora.target_modules == taken


@pytest.mark.parametrize("given", ["", "q_proj,v_proj", "q_proj v_proj", [], ["q_proj", " "], [1], None, ".*_proj"])
def test_what_names_no_module_is_refused(given: object) -> None:
    found = reasons({"lora": {"target_modules": given}})["lora.target_modules"]
    assert found.startswith("must be all-linear or a list of module names such as [q_proj, v_proj], found ")


def test_a_config_as_it_is_stored_is_read_again() -> None:
    config = TrainingConfig.parse({"lora": {"target_modules": "q_proj"}, "training": {"learning_rate": "1e-4"}})
    assert TrainingConfig.parse(json.loads(json.dumps(config.model_dump(mode="json")))) == config


def test_an_old_name_and_its_new_one_may_say_the_same_but_not_two_things() -> None:
    assert TrainingConfig.parse({"training": {"lora_rank": 8}, "lora": {"r": 8}}).lora.r == 8
    found = reasons({"training": {"lora_rank": 8}, "lora": {"r": 16}})
    assert found == {"training.lora_rank": "says the same as lora.r, which has another value; give one of them"}


def test_the_older_flat_form_is_read() -> None:
    flat = {"model_name": "m", "dataset_path": "d.jsonl", "num_epochs": 2, "lora_rank": 8, "lora_alpha": 16}
    config = TrainingConfig.parse({"training": {**flat, "quantization_bits": 8}})
    assert (config.model.base_model, config.data.train_file) == ("m", "d.jsonl")
    assert (config.lora.r, config.lora.alpha, config.qlora.bits, config.training.num_epochs) == (8, 16, 8, 2)


@pytest.mark.parametrize(("text", "value"), [("2e-4", 2e-4), ("1E3", 1e3), ("2.5e-4", 2.5e-4), ("1e+2", 100.0)])
def test_exponents_in_yaml_are_numbers(tmp_path: Path, text: str, value: float) -> None:
    (tmp_path / "c.yaml").write_text(f"training:\n  learning_rate: {text}\n", encoding="utf-8")
    assert load_config_file(tmp_path / "c.yaml") == {"training": {"learning_rate": value}}


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
def test_the_configs_that_the_guide_shows_are_valid(tmp_path: Path, block: str) -> None:
    (tmp_path / "c.yaml").write_text(block, encoding="utf-8")
    assert TrainingConfig.parse(load_config_file(tmp_path / "c.yaml"))


@pytest.mark.parametrize(
    "text",
    ["- a list", "a: [", "x: !!python/object/apply:os.system [id]", "a: &a [1]\nb: [*a, *a]", "just text"],
)
def test_yaml_that_is_no_plain_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput):
        load_config_file(tmp_path / "c.yaml")


def test_a_huge_config_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"a" * (2 << 20))
    with pytest.raises(InvalidInput, match="larger than 1 MiB"):
        load_config_file(tmp_path / "c.yaml")
