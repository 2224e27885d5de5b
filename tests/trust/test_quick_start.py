"""README command 1: one command, and the adapter beats its base model on text that neither has seen."""

from pathlib import Path

import pytest

from tests.support.quick_start import quick_start

Q1 = 0.6


@pytest.mark.slow
def test_the_quick_start_ends_with_an_adapter_that_beats_its_base_model(tmp_path: Path) -> None:
    done = quick_start(tmp_path)

    assert done.result["ratio"] <= Q1, done.result
