"""Keep FastAPI from loading pydantic 1: import this before anything that declares routes.

FastAPI asks of every annotation whether it is a model of pydantic 1, and loads all of that (2 MB) to be told no. None
in `sys.modules` is Python's way of saying that a module is not there, which FastAPI takes for the same answer. It is
said in the processes of services alone: libraries that trainers load may want it.
"""

import sys

PYDANTIC_1 = "pydantic.v1"

if PYDANTIC_1 not in sys.modules:
    sys.modules[PYDANTIC_1] = None  # type: ignore[assignment]  # documented: an import of it then fails
