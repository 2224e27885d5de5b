"""Write docs/guides/configuration.md from the settings' own fields: `python -m admin.scripts.configuration_guide`.

With --check nothing is written; the exit code is 1 if the page on disk is not what the fields say.
"""

import sys
import types
import typing
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from admin.scripts.generated_page import write_or_check
from config.base import BaseConfig, environment_names
from config.factory import ENVIRONMENTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "configuration.md"

_HEAD = """\
# Configuration

Every setting of CLARA. This page is written by `make docs` from the fields in `config/base.py`; `make check` fails when
it is out of date.

- `CLARA_ENVIRONMENT` (or `CLARA_ENV`) chooses the defaults: `development` (if unset), `production` or `testing`.
- Strongest first: environment variable, `.env.<environment>` in the working folder, default.
- A variable that no setting reads is reported by `clara doctor`; `clara config show` prints what is in force.
- What a *run* needs (rank, learning rate) is not a setting: it is part of the job, see [training](training.md).

| variable | type | default | what it is for |
|---|---|---|---|
"""


def render() -> str:
    """The whole page."""
    return _HEAD + "".join(_row(name, field) for name, field in BaseConfig.model_fields.items())


def main(argv: list[str] | None = None) -> int:
    """Write or check the page."""
    return write_or_check(PAGE, render, description=__doc__ or "", argv=argv)


def _row(name: str, field: FieldInfo) -> str:
    names = " / ".join(f"`{variable}`" for variable in environment_names(name))
    return f"| {names} | {_type_text(field)} | {_default_text(name, field)} | {field.description} |\n"


def _type_text(field: FieldInfo) -> str:
    annotation = field.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    if typing.get_origin(annotation) is typing.Literal:
        return " \\| ".join(typing.get_args(annotation))
    if annotation is SecretStr:
        return "secret"
    return {str: "text", int: "integer", float: "number", bool: "true \\| false", Path: "folder or file"}[annotation]  # type: ignore[index]  # the fields have no other types


def _default_text(name: str, field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "below home"
    texts = [_value_text(field.default)]
    for environment, config_class in ENVIRONMENTS.items():
        if name in config_class.overrides and config_class.overrides[name] != field.default:
            texts.append(f"{environment}: {_value_text(config_class.overrides[name])}")
    return ", ".join(texts)


def _value_text(value: object) -> str:
    if value is None or value == "":
        return "–"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


if __name__ == "__main__":
    sys.exit(main())
