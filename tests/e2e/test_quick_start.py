"""README command 1 in its brief form: the whole way, with few steps. The full form is in `tests/trust`."""

from pathlib import Path

import pytest

from tests.support.quick_start import quick_start


@pytest.mark.slow
def test_the_quick_start_goes_from_documents_to_an_adapter_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = quick_start(tmp_path, "--brief")

    assert done.result["ratio"] < 1, done.result
    assert (done.home / "loss_curve.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "$ clara ingest" in done.said
    assert not (done.home / "services.json").exists()
