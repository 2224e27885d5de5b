"""The config of a run as a table."""

from backend.training.evaluation.config_table import config_rows
from backend.training.training_config import TrainingConfig


def test_each_parameter_says_whether_it_is_the_default() -> None:
    rows = {row["name"]: row for row in config_rows(TrainingConfig.parse({"lora": {"r": 8}}))}
    assert rows["lora.r"] == {"name": "lora.r", "value": 8, "default": 32, "is_default": False}
    assert rows["lora.alpha"]["is_default"]


def test_a_section_that_the_run_has_no_use_for_is_shown_only_if_somebody_changed_it() -> None:
    def sections(config: dict[str, object], *also: str) -> set[str]:
        return {row["name"].split(".")[0] for row in config_rows(TrainingConfig.parse(config), also=also)}

    assert sections({}) == {"model", "lora", "data", "training"}
    assert "qlora" in sections({}, "qlora")
    assert "probe" in sections({"probe": {"steps": 7}})
