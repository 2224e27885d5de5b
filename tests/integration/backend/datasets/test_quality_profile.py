"""A quality profile of one's own, from the guide into every record; and what a wrong one does."""

import re
from pathlib import Path

import pytest

from tests.support.dataset_service import running_service

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "datasets.md"


def from_the_guide() -> str:
    (example,) = re.findall(r"```yaml\n(name: .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(example)


def test_the_profile_of_the_guide_judges_what_is_searched_and_built(tmp_path: Path) -> None:
    profile = tmp_path / "permits.yaml"
    profile.write_text(from_the_guide(), encoding="utf-8")
    with running_service(tmp_path / "home", {"CLARA_QUALITY_PROFILE": str(profile)}) as service:
        service.upload(6)
        dataset = service.finished(service.create())

        assert dataset["status"] == "completed"
        statistics = service.call("GET", f"/api/datasets/{dataset['dataset_id']}/statistics")
    assert statistics["statistics"]["quality_profile"].startswith("permits-1+")


def test_a_service_whose_profile_cannot_be_used_does_not_start_and_says_why(tmp_path: Path) -> None:
    profile = tmp_path / "permits.yaml"
    profile.write_text(from_the_guide().replace("top_2_gram", "top_9_gram"), encoding="utf-8")

    with (
        pytest.raises(AssertionError, match="ended at its start"),
        running_service(tmp_path / "home", {"CLARA_QUALITY_PROFILE": str(profile)}),
    ):
        pass
    log = (tmp_path / "home.log").read_text(encoding="utf-8")
    assert "without names top_9_gram" in log
    assert "Traceback" not in log
