"""How a command ends badly: one exit code per family of errors, one readable block on stderr."""

import json
import sys
import traceback
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from frontend.cli.texts import text
from shared.errors import ClaraError, Conflict, InvalidInput, NotFound, NotPermitted, Unavailable


class ExitCode(IntEnum):
    """What the exit status of `clara` means."""

    OK = 0
    FINISHED_WITH_FAILURES = 1
    BAD_INPUT = 2
    NOT_PERMITTED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    BUG = 70


_CODES: tuple[tuple[type[ClaraError], ExitCode], ...] = (
    (InvalidInput, ExitCode.BAD_INPUT),
    (NotPermitted, ExitCode.NOT_PERMITTED),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.CONFLICT),
    (Unavailable, ExitCode.UNAVAILABLE),
)


def exit_code(error: ClaraError) -> ExitCode:
    """The exit status for an error."""
    return next((code for family, code in _CODES if isinstance(error, family)), ExitCode.FINISHED_WITH_FAILURES)


def show_error(error: ClaraError, *, as_json: bool, verbose: bool) -> None:
    """Write the error to stderr: what was asked, what was found, what to do."""
    if verbose:
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": _as_json(error)}, ensure_ascii=False), file=sys.stderr)
        return
    lines = [f"{text('error')} ({error.code}): {error.message}"]
    reasons = [_field(entry) for entry in _field_errors(error)]
    lines += [f"  - {reason}" for reason in reasons[:20] if reason not in error.message]
    request = getattr(error, "request", None)
    if request:
        lines.append(f"  {text('error.asked')}: {request}")
    if isinstance(error, NotPermitted):
        lines.append(f"  {text('error.to_do')}: {text('error.token')}")
    if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
        lines.append(f"  {text('error.to_do')}: {text('error.busy', seconds=f'{retry_after_s:.0f}')}")
    print("\n".join(lines), file=sys.stderr)


def show_bug(error: Exception, *, verbose: bool) -> None:
    """Write an unforeseen error to stderr; the trace only on request."""
    if verbose:
        traceback.print_exception(error, file=sys.stderr)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    print(f"{text('error')}: {text('error.unexpected', reason=reason)}", file=sys.stderr)


def _as_json(error: ClaraError) -> dict[str, Any]:
    body: dict[str, Any] = {"code": error.code, "message": error.message, "exit_code": int(exit_code(error))}
    if errors := _field_errors(error):
        body["errors"] = errors
    if (retry_after_s := getattr(error, "retry_after_s", None)) is not None:
        body["retry_after_s"] = retry_after_s
    return body | {name: value for name, value in error.context.items() if isinstance(value, str | int | float | list)}


def _field_errors(error: ClaraError) -> list[Mapping[str, Any]]:
    found = getattr(error, "errors", None) or error.context.get("errors")
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list | tuple) else []


def _field(entry: Mapping[str, Any]) -> str:
    location = entry.get("field") or entry.get("loc") or ""
    where = ".".join(str(part) for part in location) if isinstance(location, list | tuple) else str(location)
    return f"{where}: {entry.get('reason') or entry.get('msg') or entry.get('message') or ''}"
