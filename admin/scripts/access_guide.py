"""Write docs/guides/access.md, who may call which route, from the services: `python -m admin.scripts.access_guide`.

With --check nothing is written; the exit code is 1 if the page on disk is not what the routes say.
"""

import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fastapi import FastAPI

import backend
from admin.scripts.generated_page import write_or_check
from backend.common.access import WEBSOCKET, RouteAccess
from config.base import BaseConfig
from shared.models.users import Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "access.md"

_HEAD = """\
# Who may do what

This page is written by `make docs` from the routes themselves; `make check` fails when it is out of date. Each route
states its policy once, as one of its dependencies (`shared/auth/policies.py`). What is stated there is enforced before
anything of a request's body is read, shown in `/openapi.json` (`x-required-roles`, `x-own-only-roles`,
`x-open-because`, `x-websockets`) and listed here. A service with a route that states nothing does not start.

- `yes`: for every object. `own`: for what the caller made, as the audit log names its maker.
- Several roles add up. Whoever has a valid token but none of the three roles is refused (403) everywhere but
  here, where callers learn about themselves: {roleless}.
- Without a valid token the answer is 401, always the same bytes, also for paths that do not exist, and for WebSockets.
- Jobs share one queue: whoever trains may cancel, pause and repeat the jobs of others too, so that a queue never waits
  for somebody who is away. The audit log has who did it. An idempotency key belongs to one user, and so does a quota.
- Analysts work with documents and datasets, and cancel, withdraw and remove datasets of their own; training and
  promoting is not theirs.

In `CLARA_SECURITY_MODE=debug` everybody is the debug user, who has the roles of `CLARA_DEBUG_USER_ROLES`. That user
exists in no other mode, and tokens of the local test key are good in mode `testing` alone.
"""


def service_apps(config: BaseConfig) -> dict[str, FastAPI]:
    """Every service of the backend on these settings, not started: name -> application."""
    packages = [info.name for info in pkgutil.iter_modules(backend.__path__) if info.ispkg]
    folders = [Path(place) for place in backend.__path__]
    names = [name for name in packages if any((folder / name / "app.py").is_file() for folder in folders)]
    apps = {name: importlib.import_module(f"backend.{name}.app").create_app(config) for name in names}
    return dict(sorted(apps.items(), reverse=True))


def render() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as home:
        apps = service_apps(BaseConfig(home=Path(home), security_mode="debug", environment="development"))
    tables: Mapping[str, Sequence[RouteAccess]] = {name: app.state.access for name, app in apps.items()}
    common = [line for line in next(iter(tables.values())) if line.is_open and _is_everywhere(line, tables)]
    sections = [_section(name, [line for line in table if line not in common]) for name, table in tables.items()]
    return _HEAD.format(roleless=_roleless(tables)) + "".join(sections) + _open_section(common)


def main(argv: list[str] | None = None) -> int:
    """Write or check the page."""
    return write_or_check(PAGE, render, description=__doc__ or "", argv=argv)


def _is_everywhere(line: RouteAccess, tables: Mapping[str, Sequence[RouteAccess]]) -> bool:
    return all(line.name in {other.name for other in table} for table in tables.values())


def _roleless(tables: Mapping[str, Sequence[RouteAccess]]) -> str:
    names = {line.name for table in tables.values() for line in table if not (line.is_open or line.needs_role)}
    return ", ".join(f"`{name}`" for name in sorted(names))


def _section(name: str, table: Sequence[RouteAccess]) -> str:
    rows = "".join(_rows([line for line in table if not line.is_open]))
    heading = "| route | " + " | ".join(Role) + " |\n|---|" + "---|" * len(Role) + "\n"
    return f"\n## {name.capitalize()}\n\n{heading}{rows}{_open_rows(table)}"


def _rows(table: Sequence[RouteAccess]) -> Iterator[str]:
    for line in sorted(table, key=lambda line: (line.path, line.method)):
        cells = [_cell(line, role) for role in Role]
        name = f"{line.method} {line.path}" if line.method != WEBSOCKET else f"WebSocket {line.path}"
        yield f"| `{name}` | {' | '.join(cells)} |\n"


def _cell(line: RouteAccess, role: Role) -> str:
    if role in line.own:
        return "own"
    return "yes" if role in line.roles or not line.needs_role else "–"


def _open_rows(table: Sequence[RouteAccess]) -> str:
    rest = " |" * (len(Role) - 1)
    return "".join(f"| `{line.name}` | {line.in_words()} |{rest}\n" for line in table if line.is_open)


def _open_section(common: Sequence[RouteAccess]) -> str:
    seen = {line.path: line.open_because for line in common}
    rows = "".join(f"| `{path}` | {reason} |\n" for path, reason in seen.items())
    return f"\n## Open to everybody, in every service\n\n| path | why |\n|---|---|\n{rows}"


if __name__ == "__main__":
    sys.exit(main())
