"""What the libraries of a run must not do on their own; said before they are imported, since most look only then."""

import os

_SWITCHES = ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_PROGRESS_BARS")


def quieten_libraries() -> None:
    """No telemetry, no update checks, no progress bars into the log, no tokenizer threads beside our own."""
    for name in _SWITCHES:
        os.environ[name] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
