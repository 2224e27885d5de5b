"""YAML files that settings name: read with a bound, checked against a model, refused with where and what."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.utils.yaml_safe import load_yaml, yaml_reason

M = TypeVar("M", bound=BaseModel)

_MOST_BYTES = 1 << 20


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
        return model.model_validate(load_yaml(path.read_text(encoding="utf-8"), names_once=names_once))
    except OSError as exc:
        raise UnusableFile(exc.strerror or str(exc)) from exc
    except UnicodeDecodeError as exc:
        raise UnusableFile("it is no YAML (it is no UTF-8 text)") from exc
    except yaml.YAMLError as exc:
        raise UnusableFile(f"it is no YAML ({yaml_reason(exc)})") from exc
    except ValidationError as exc:
        # without the values: a file may hold what nobody should read in a log
        complaints = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in exc.errors()]
        raise UnusableFile("; ".join(complaints)) from exc
