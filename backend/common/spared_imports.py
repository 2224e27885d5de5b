"""Keep what a service never uses from being loaded: import this before anything that declares routes or serves them.

None in `sys.modules` is Python's way of saying that a module is not there. FastAPI and uvicorn know how to do without
these two. It is said in the processes of services alone: libraries that trainers load may want them.
"""

import sys

SPARED = (
    # FastAPI asks of every annotation whether it is a model of pydantic 1, and loads all of that (2 MB) to be told no
    "pydantic.v1",
    # uvicorn loads it (1 MB) for services that start anew when their code changes
    "watchfiles",
)

for name in SPARED:
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # documented: an import of it then fails
