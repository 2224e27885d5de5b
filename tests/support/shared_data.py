"""Real data that are used from where they lie and never committed: laws, instruction sets, vectors."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("CLARA_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")


def needs_shared_data(*names: str) -> list[pytest.MarkDecorator]:
    """Marks for tests of these files or folders of the shared data; they are skipped where one is missing."""
    missing = [name for name in names if not (SHARED_DATA / name).exists()]
    reason = f"{', '.join(missing)} not in {SHARED_DATA}; set CLARA_SHARED_DATA"
    return [pytest.mark.shared_data, pytest.mark.skipif(bool(missing), reason=reason)]
