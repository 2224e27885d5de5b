"""The libraries that a run is made with: most of the time of its start, paid once by a process that stays."""

import importlib

_NEEDED = (
    "torch",
    "safetensors.torch",
    "transformers.modeling_utils",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "peft",
    "psutil",
)


def import_libraries() -> None:
    """Import what every language model trainer uses, and none of which depends on the job."""
    for name in _NEEDED:
        importlib.import_module(name)
