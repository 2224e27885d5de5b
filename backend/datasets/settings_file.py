"""YAML files that settings name: read with a bound, checked against a model, refused with where and what."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.utils.yaml_safe import load_yaml, yaml_reason

M = TypeVar("M", bound=BaseModel)

_MOST_BYTES = 1 << 20
_NO_MEMBERS = {True: "it is empty", False: "it must consist of lines of the form 'name: value', and is a list or text"}


class UnusableFile(Exception):
    """Why a file cannot be used, for callers that know which setting names it; never a value from it."""


def read_settings_file(path: Path, model: type[M], *, names_once: bool = False) -> M:
    """What a file says.

    Args:
        path: As the setting names it.
        model: What it must be.
        names_once: See `load_yaml`.

    Raises:
        UnusableFile: If it cannot be read, is too large or no YAML, or does not fit the model.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnusableFile("it is larger than 1 MiB")
        content = load_yaml(path.read_text(encoding="utf-8"), names_once=names_once)
        if not isinstance(content, dict):
            raise UnusableFile(_NO_MEMBERS[content is None])
        return model.model_validate(content)
    except OSError as exc:
        raise UnusableFile(exc.strerror or str(exc)) from exc
    except UnicodeDecodeError as exc:
        raise UnusableFile("it is no YAML (it is no UTF-8 text)") from exc
    except yaml.YAMLError as exc:
        raise UnusableFile(f"it is no YAML ({yaml_reason(exc)})") from exc
    except ValidationError as exc:
        # without the values: a file may hold what nobody should read in a log
        raise UnusableFile(
            "; ".join(_complaint(each["loc"], each["type"], each["msg"]) for each in exc.errors())
        ) from exc


def _complaint(place: tuple[int | str, ...], kind: str, message: str) -> str:
    # pydantic names the class of ours that a mapping would become
    told = "Input should be a mapping of names to values" if kind in ("model_type", "dict_type") else message
    return f"{'.'.join(map(str, place))}: {told}"
