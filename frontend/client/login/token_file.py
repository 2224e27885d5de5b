"""Where logins are kept between commands: a file below the user's configuration that nobody else may read."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from frontend.client.login.tokens import Tokens
from shared.errors import Unavailable

_NAME = "logins.json"


class TokenFileUnusable(Unavailable):
    """The file of logins cannot be read or written, or others may read it."""

    code = "token_file_unusable"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be used: {reason}.", path=str(path))


def user_config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of this user's configuration of CLARA on this system."""
    if sys.platform == "win32":
        base = Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "clara"


class TokenFile:
    """Logins by issuer and client; written whole or not at all.

    Args:
        folder: Made with mode 700 when something is first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / _NAME

    def get(self, issuer: str, client_id: str) -> Tokens | None:
        """The login at an issuer, None without one.

        Raises:
            TokenFileUnusable: If it cannot be read, or others may read it.
        """
        found = self._read().get(_key(issuer, client_id))
        try:
            return None if found is None else Tokens(**found)
        except TypeError as exc:
            raise TokenFileUnusable(self.path, "it holds something else than logins; delete it and log in") from exc

    def put(self, issuer: str, client_id: str, tokens: Tokens | None) -> None:
        """Keep a login in place of an earlier one; None forgets it. Call it inside `locked`.

        Raises:
            TokenFileUnusable: If it cannot be written.
        """
        logins = {name: one for name, one in self._read().items() if name != _key(issuer, client_id)}
        if tokens is not None:
            logins[_key(issuer, client_id)] = asdict(tokens)
        self._write(logins)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all commands of this user: a refresh token is good once, and two must not use the same.

        Raises:
            TokenFileUnusable: If there can be no lock.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._folder / f"{_NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise TokenFileUnusable(self._folder, exc.strerror or type(exc).__name__) from exc
        try:
            _lock(descriptor)
            yield
        finally:
            # closing lets go of it, and so does the end of the process
            os.close(descriptor)

    def _read(self) -> dict[str, Any]:
        try:
            with self.path.open("rb") as stream:
                if os.name == "posix" and os.fstat(stream.fileno()).st_mode & 0o077:
                    raise TokenFileUnusable(self.path, "others may read it; `chmod 600` it, or delete it and log in")
                logins = json.load(stream)
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise TokenFileUnusable(self.path, exc.strerror or type(exc).__name__) from exc
        except ValueError as exc:
            raise TokenFileUnusable(self.path, "it is damaged; delete it and log in again") from exc
        return logins if isinstance(logins, dict) else {}

    def _write(self, logins: Mapping[str, Any]) -> None:
        draft = self.path.with_name(f"{_NAME}.{uuid4().hex[:8]}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(logins, stream)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.path)
        except OSError as exc:
            draft.unlink(missing_ok=True)
            raise TokenFileUnusable(self.path, exc.strerror or type(exc).__name__) from exc


def _key(issuer: str, client_id: str) -> str:
    return f"{issuer} {client_id}"


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        # waits for ten seconds, then raises OSError
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
