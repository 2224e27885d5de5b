"""The version of CLARA that runs."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("clara-finetuning")
    except PackageNotFoundError:
        return "0.0.0"  # a source tree that was never installed


VERSION = _installed()
