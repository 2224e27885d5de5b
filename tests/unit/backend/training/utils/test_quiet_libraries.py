"""What libraries are told before they are imported."""

import subprocess
import sys

_IMPORTING = """
import os
from backend.training.utils.quiet_libraries import quieten_libraries
quieten_libraries()
import bitsandbytes
import huggingface_hub.constants as hub
print(hub.HF_HUB_DISABLE_TELEMETRY)
"""


def test_libraries_send_no_telemetry_and_say_nothing_on_their_own() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTING], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True"]
    assert done.stderr == ""
