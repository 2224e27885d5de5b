"""Load heavy libraries by one thread at a time.

They are imported where they are first needed, which may be in several threads of one search at once. numpy and what
imports it go in circles, and Python then hands out modules that are not finished rather than wait for ever.
"""

import importlib
import threading

_lock = threading.RLock()
_loaded: set[str] = set()


def load(*modules: str) -> None:
    """Import these, unless that was done; other threads that load something wait.

    Raises:
        ImportError: If one is not installed.
    """
    if _loaded.issuperset(modules):
        return
    with _lock:
        for module in modules:
            importlib.import_module(module)
        _loaded.update(modules)
