"""New passwords: from the environment or typed unseen, never from the command line, where every user could read it."""

import getpass
import os
import sys

from frontend.cli.texts import text
from shared.errors import InvalidInput

_SHORTEST = 8


class NoPassword(InvalidInput):
    """A password is needed and none was given that would do."""

    code = "no_password"


def new_password(variable: str, prompt: str) -> str:
    """The password of `variable`, else the one that a person types twice.

    Raises:
        NoPassword: If it is short, the two differ, or there is nobody to ask.
    """
    given = os.environ.get(variable)
    if given is None:
        if not sys.stdin.isatty():
            raise NoPassword(text("password.nobody", variable=variable))
        given = getpass.getpass(f"{prompt}: ")
        if getpass.getpass(f"{text('password.again')}: ") != given:
            raise NoPassword(text("password.differ"))
    if len(given) < _SHORTEST:
        raise NoPassword(text("password.short", n=_SHORTEST))
    return given
