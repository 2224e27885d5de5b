"""LLaMA-Factory's own loader, in an environment of its own: what it makes of the records of an export.

Its versions of our libraries differ from ours, so it runs in a process: `make bench` makes such an environment, or

    python -m venv /tmp/lf && /tmp/lf/bin/pip install -r requirements/llamafactory.txt
    CLARA_TEST_LLAMAFACTORY=/tmp/lf/bin/python python -m pytest tests/integration/backend/datasets/test_llama_factory.py
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PYTHON = os.environ.get("CLARA_TEST_LLAMAFACTORY", "")
MISSING = "needs LLaMA-Factory: CLARA_TEST_LLAMAFACTORY=/path/of/its/python (see tests/support/llama_factory.py)"

_LOADER = """
import importlib.machinery, importlib.util, json, sys, types

# imported for speech models only, and without a build for CPUs on PyPI
if importlib.util.find_spec("torchaudio") is None:
    module = types.ModuleType("torchaudio")
    module.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = module

from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.parser import get_dataset_list

folder, name, cache = sys.argv[1:]
given = types.SimpleNamespace(
    dataset_dir=folder, media_dir=folder, streaming=False, preprocessing_num_workers=None, max_samples=None,
    overwrite_cache=True, cache_dir=cache, hf_hub_token=None, ms_hub_token=None, om_hub_token=None,
    local_process_index=0, dataloader_num_workers=0,
)
(attributes,) = get_dataset_list([name], folder)
for row in _load_single_dataset(attributes, given, given, given):
    print(json.dumps({"prompt": row["_prompt"], "response": row["_response"], "system": row["_system"]}))
"""


def loaded(folder: Path, name: str, cache: Path) -> list[dict[str, Any]]:
    """Its view of a dataset of `dataset_info.json`: prompt and response as turns, and what the system says."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    ended = subprocess.run(
        [PYTHON, "-c", _LOADER, str(folder), name, str(cache)],
        env=environment,
        cwd=cache.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
