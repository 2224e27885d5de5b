"""The database of this machine, for administrators' commands that need no running service."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from frontend.cli.session import Session
from shared.models.users import Principal

if TYPE_CHECKING:
    from shared.database.stores import Stores


@contextmanager
def opened_stores(session: Session) -> Iterator["Stores"]:
    """The stores that the settings name.

    Raises:
        Unavailable: If the database cannot serve.
    """
    from shared.database.stores import open_stores

    stores = open_stores(session.settings.database_url_resolved)
    try:
        yield stores
    finally:
        stores.close()


def local_user() -> Principal:
    """Who sits at this machine: whoever can open the database needs no token, but leaves a name in the audit log."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        # no entry for this user id, as in a container
        name = "unknown"
    return Principal(subject=f"local:{name}", email=f"{name}@{socket.gethostname()} (command line)")
