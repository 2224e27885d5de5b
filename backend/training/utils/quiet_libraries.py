"""What the libraries of a run must not do on their own; said before they are imported, since most look only then."""

import logging
import os

_SWITCHES = ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_PROGRESS_BARS")
# on CPUs with AVX-512 BF16 bitsandbytes warns that a package is missing which would fetch code for them from a hub
_ASKS_FOR_A_HUB = "bitsandbytes.backends.cpu.ops"


def quieten_libraries() -> None:
    """No telemetry, no update checks, no progress bars into the log, no tokenizer threads beside our own."""
    for name in _SWITCHES:
        os.environ[name] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    logging.getLogger(_ASKS_FOR_A_HUB).setLevel(logging.ERROR)
