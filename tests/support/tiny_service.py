"""`python -m tests.support.tiny_service`: a service process for tests of whoever starts services.

It listens on `CLARA_TRAINING_PORT` and behaves as `TINY_SERVICE` says: `ready` (default), `crash` (ends at once, with a
last word on stderr), `never` (runs, but `/readyz` stays 503), `stubborn` (does not end when asked to).
"""

import os
import signal
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def main() -> None:
    """Serve until SIGTERM."""
    behaviour = os.environ.get("TINY_SERVICE", "ready")
    if behaviour == "crash":
        sys.exit("the database is on fire")

    async def ready(_: Request) -> Response:
        return JSONResponse({"database": "no answer"}, 503 if behaviour == "never" else 200)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "healthy", "service": "clara_training_backend"})

    app = Starlette(routes=[Route("/readyz", ready), Route("/health", health)])
    port = int(os.environ["CLARA_TRAINING_PORT"])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    if behaviour == "stubborn":
        server.handle_exit = lambda *_: None  # type: ignore[method-assign]  # that is the behaviour asked for
    sys.stdout.write("started\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
