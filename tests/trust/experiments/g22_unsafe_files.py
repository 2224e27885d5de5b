"""Files that want to run something, or to lead elsewhere, are refused with the reason, and nothing of them runs.

Weights, adapters, embedding models, training configs, settings files, training data and published folders are read as
the product reads them, after they were made by somebody who means harm. What runs leaves a mark in a folder.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.datasets.settings_file import UnusableFile
from backend.training.utils.base_model import load_model
from shared.errors import ClaraError
from tests.support.tiny_model import make_tiny_model
from tests.support.unsafe_files import CASES, laboratory, read_base
from tests.trust.place import Place

_LEAST = 30


def run(place: Place) -> Mapping[str, Any]:
    """Every case; then that the good model, from which they are made, is read."""
    good = make_tiny_model(place.folder / "good")
    model = load_model(good, dtype="float32")
    marks = place.folder / "marks"
    marks.mkdir()
    reasons: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for number, (name, (edit, read)) in enumerate(CASES.items()):
        lab = laboratory(place.folder / f"case{number}", good, marks / str(number), model)
        edit(lab)
        try:
            read(lab)
        except (ClaraError, UnusableFile) as refusal:
            reasons[name] = str(refusal)
        except Exception as error:  # noqa: BLE001 - whatever else comes out is a traceback, not a reason
            wrong[name] = f"{type(error).__name__}: {error}"[:200]
        else:
            wrong[name] = "read"
    executed = [list(CASES)[int(mark.name)] for mark in marks.iterdir()]
    unexplained = [name for name, reason in reasons.items() if len(reason) < _LEAST]
    return {
        "holds": not (wrong or executed or unexplained) and len(CASES) >= _LEAST and _good_is_read(good),
        "files": len(CASES),
        "refused_with_reason": len(reasons) - len(unexplained),
        "executions": len(executed),
        "executed": executed,
        "wrong": wrong,
    }


def _good_is_read(good: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        lab = laboratory(Path(folder) / "lab", good, Path(folder) / "mark", None)
        return bool(read_base(lab))
