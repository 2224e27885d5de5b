"""What every command has at hand: the options given anywhere on the line, the client, and the two ways to answer."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from frontend.cli.texts import text
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from config import BaseConfig
    from frontend.client import ClaraClient


_PIPE_WIDTH = 160
# str.splitlines() and many readers break lines here; in JSON they only stand in texts
_BREAKS = {ord(character): f"\\u{ord(character):04x}" for character in "\u0085\u2028\u2029"}
_IDS = ("Id", "Key")


class SettingsUnreadable(InvalidInput):
    """The settings of this machine cannot be read."""

    code = "invalid_settings"


@dataclass(frozen=True, slots=True)
class SharedOptions:
    """Options that every command takes, before or after its name."""

    as_json: bool = False
    verbose: bool = False
    token: str | None = None
    training_url: str | None = None
    dataset_url: str | None = None

    def overridden_by(self, later: "SharedOptions") -> "SharedOptions":
        """These options, with what was given after the command's name on top."""
        given = {f.name: getattr(later, f.name) for f in fields(self) if getattr(later, f.name)}
        return replace(self, **given)


class Session:
    """One run of one command."""

    def __init__(self, options: SharedOptions) -> None:
        self.options = options

    @property
    def as_json(self) -> bool:
        """Whether answers are for machines."""
        return self.options.as_json

    @property
    def settings(self) -> "BaseConfig":
        """The settings of this machine.

        Raises:
            SettingsUnreadable: If a variable or the environment file holds a value that no setting can take.
        """
        from config import get_config
        from config.factory import InvalidSettings

        try:
            return get_config()
        except InvalidSettings as exc:
            raise SettingsUnreadable(str(exc)) from exc

    def client(self) -> "ClaraClient":
        """A client of the services where the options, the environment or the settings say they are."""
        from frontend.cli.login_session import kept_login
        from frontend.client import ClaraClient
        from frontend.client.services import DATASETS, SERVING, TRAINING, Service, service_url
        from frontend.client.tls import client_context

        def address(service: Service, given: str | None) -> str:
            return given or os.environ.get(service.url_variable) or service_url(service, self.settings)

        return ClaraClient(
            address(TRAINING, self.options.training_url),
            address(DATASETS, self.options.dataset_url),
            address(SERVING, None),
            token=self.options.token or os.environ.get("CLARA_TOKEN") or kept_login(self.settings).access_token,
            ssl_context=client_context(self.settings),
        )

    def console(self) -> "Console":
        """Standard output for people."""
        from rich.console import Console

        # a pipe has no width; a wide one keeps table rows on one line each
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
        return Console(highlight=False, width=width)

    def error_console(self) -> "Console":
        """Standard error: progress and remarks, so that standard output stays the answer."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def answer(self, document: object, human: "Callable[[], RenderableType]") -> None:
        """The command's one answer: a JSON document, or what `human` draws."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            self.console().print(human())

    def line(self, document: Mapping[str, Any]) -> None:
        """One line of a JSON stream, written out at once; no reader breaks it elsewhere."""
        print(json.dumps(document, ensure_ascii=False).translate(_BREAKS), flush=True)

    def say(self, *sentences: str) -> None:
        """Remarks for people; silent with --json."""
        if not self.as_json:
            console = self.error_console()
            for sentence in sentences:
                console.print(sentence, markup=False, soft_wrap=True)

    def say_more(self, shown: int, total: int) -> None:
        """Tell that a list was cut at its limit."""
        if shown < total:
            self.say(text("list.more", shown=shown, total=total))


def table(columns: Sequence[str], rows: "Sequence[Sequence[RenderableType]]") -> "RenderableType":
    """A plain table; a column whose name starts with `>` holds figures; figures and ids are never broken."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        is_figure = column.startswith(">")
        drawn.add_column(
            column.removeprefix(">"),
            justify="right" if is_figure else "left",
            overflow="fold",
            no_wrap=is_figure or column in _IDS,
        )
    for row in rows:
        drawn.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return drawn


def facts(pairs: "Sequence[tuple[str, str]]") -> "RenderableType":
    """Name and value, one pair per line; empty values are left out."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            drawn.add_row(Text(name), Text(value))
    return drawn
