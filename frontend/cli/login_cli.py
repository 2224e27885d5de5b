"""`clara login`, `clara logout` and `clara whoami`."""

import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli.command import command
from frontend.cli.session import Session, facts
from frontend.cli.texts import text
from shared.errors import NotPermitted

if TYPE_CHECKING:
    from frontend.client.login.device_flow import DeviceCode


class NotLoggedIn(NotPermitted):
    """There is neither a token nor a login."""

    code = "not_logged_in"

    def __init__(self) -> None:
        super().__init__(text("login.nobody"))


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "login", examples=("clara login", "clara login --device", "clara login --no-browser"))(login)
    command(app, "logout", examples=("clara logout",))(logout)
    command(app, "whoami", examples=("clara whoami", "clara whoami --json"))(whoami)


def login(
    session: Session,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code that is typed in on another device with a browser.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only show the address, to be opened on this machine.")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Longest wait for the person, in seconds.")] = 300,
) -> None:
    """Log in at the identity provider of the settings; later commands use and renew the login by themselves.

    It is kept in a file that only you can read. With --json, the first line says what to open, the last who logged in.
    """
    from frontend.cli.login_session import kept_login, open_provider
    from frontend.client.login.code_flow import log_in_with_browser
    from frontend.client.login.device_flow import log_in_with_device

    with open_provider(session.settings) as provider:
        if device:
            tokens = log_in_with_device(provider, lambda code: _show_code(session, code), timeout_s=timeout)
        else:
            tokens = log_in_with_browser(
                provider,
                lambda url: _show_address(session, url, is_opened=not no_browser),
                timeout_s=timeout,
                page=text("login.page"),
            )
    kept_login(session.settings).keep(tokens)
    who = _who(tokens.claims)
    if session.as_json:
        session.line({"event": "logged_in", **who})
    else:
        session.say(text("login.done", who=who["email"] or who["subject"], roles=", ".join(who["roles"]) or "-"))


def logout(session: Session) -> None:
    """Forget the login on this machine and end it at the identity provider."""
    from frontend.cli.login_session import kept_login
    from shared.errors import ClaraError

    was_there, reason = True, ""
    try:
        was_there = kept_login(session.settings).end()
    except ClaraError as exc:
        if exc.code not in {"provider_unreachable", "login_refused"}:
            raise
        reason = exc.message
    session.answer(
        {"logged_out": was_there, "ended_at_provider": was_there and not reason},
        lambda: text("logout.done") if was_there else text("logout.nobody"),
    )
    if reason:
        session.say(text("logout.only_here", reason=reason))


def whoami(session: Session) -> None:
    """Show whom services see in the calls of this command line, until when, and with which roles."""
    from frontend.cli.login_session import kept_login
    from frontend.client.login.tokens import Tokens
    from shared.models.api_key import PREFIX

    login, now = kept_login(session.settings), time.time()
    given = session.options.token or os.environ.get("CLARA_TOKEN")
    if given and given.startswith(PREFIX):
        # a key says nothing by itself: a service knows whose it is
        with session.client() as client:
            told = client.whoami()
        document = {**told.as_json(), "from": "--token" if session.options.token else "CLARA_TOKEN"}
        session.answer(document, lambda: facts(_rows(document)))
        return
    if given:
        origin, tokens = "--token" if session.options.token else "CLARA_TOKEN", Tokens("", given, now)
    else:
        login.access_token()
        origin, found = str(session.settings.keycloak_issuer), login.tokens()
        if found is None:
            raise NotLoggedIn
        tokens = found
    who = _who(tokens.claims)
    document = {**who, "from": origin, "login_ends_at": _time(tokens.refresh_expires_at)}
    session.answer(document, lambda: facts(_rows(document)))


def _rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else str(value or ""))
        for name, value in document.items()
    ]


def _who(claims: Mapping[str, Any]) -> dict[str, Any]:
    access = claims.get("realm_access")
    roles = access.get("roles") if isinstance(access, dict) else None
    return {
        "email": str(claims.get("email") or ""),
        "subject": str(claims.get("sub") or ""),
        "roles": sorted(str(role) for role in roles) if isinstance(roles, list) else [],
        "issuer": str(claims.get("iss") or ""),
        "token_ends_at": _time(claims.get("exp")),
    }


def _time(seconds: object) -> str | None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _show_address(session: Session, url: str, *, is_opened: bool) -> None:
    if session.as_json:
        session.line({"event": "open", "url": url})
    else:
        session.say(text("login.open"), url)
    if is_opened and _has_desktop():
        import webbrowser

        webbrowser.open(url)


def _show_code(session: Session, code: "DeviceCode") -> None:
    if session.as_json:
        session.line(
            {"event": "open", "url": code.address, "user_code": code.user_code, "whole_url": code.whole_address}
        )
        return
    session.say(text("login.device", url=code.address, code=code.user_code))
    if code.whole_address is not None:
        session.say(text("login.device_whole", url=code.whole_address))


def _has_desktop() -> bool:
    """Without one Python would start a browser for terminals in the middle of our output."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
