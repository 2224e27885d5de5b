from pathlib import Path

import yaml

from backend.datasets.curation.quiet_ray import quiet_settings


def test_a_cluster_finds_how_it_was_started_and_asks_nobody(tmp_path: Path) -> None:
    settings = quiet_settings(tmp_path)

    assert yaml.safe_load((tmp_path / "ray_bootstrap_config.yaml").read_text(encoding="utf-8")) == {}
    assert settings["HOME"] == str(tmp_path)
    assert settings["RAY_USAGE_STATS_ENABLED"] == "0"
    # where reports go although they are switched off
    assert settings["RAY_USAGE_STATS_REPORT_URL"].startswith("http://127.0.0.1:")
