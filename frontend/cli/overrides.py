"""Training configs as the command line takes them: a file, and `--set section.key=value` on top."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frontend.cli.texts import text
from shared.errors import InvalidInput


class BadOverride(InvalidInput):
    """A `--set` that names no place in the config."""

    code = "bad_override"


class UnreadableConfig(InvalidInput):
    """A config file that holds no mapping."""

    code = "unreadable_config"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(text("input.config_unreadable", path=path, reason=reason), path=str(path))


def read_config(path: Path) -> dict[str, Any]:
    """The config in a YAML or JSON file, as plain values; the service checks its keys.

    Raises:
        UnreadableConfig: If it is no mapping.
    """
    import yaml

    from shared.utils.yaml_safe import load_yaml, yaml_reason

    try:
        content = load_yaml(path.read_text(encoding="utf-8-sig"), names_once=True)
    except yaml.YAMLError as exc:
        raise UnreadableConfig(path, yaml_reason(exc)) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise UnreadableConfig(path, " ".join(str(exc).split())) from exc
    if not isinstance(content, dict):
        raise UnreadableConfig(path, "a mapping with sections such as 'model' and 'lora' is expected")
    return content


def parse_override(assignment: str) -> tuple[str, Any]:
    """`lora.r=16` as (`lora.r`, 16); the value is read as YAML, so numbers, lists and null are what they look like.

    Raises:
        BadOverride: If it is no assignment to a key of a section.
    """
    import yaml

    from shared.utils.yaml_safe import load_yaml

    key, equals, value = assignment.partition("=")
    if not equals or "." not in key.strip(".") or not all(key.split(".")):
        raise BadOverride(text("input.not_assignment", found=assignment))
    try:
        return key, load_yaml(value)
    except yaml.YAMLError:
        # not YAML, so it is meant literally
        return key, value


def with_override(config: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The config with one more value; missing sections are made, the given config stays as it is.

    Raises:
        BadOverride: If a section of the key is a plain value in the config.
    """
    section, _, rest = key.partition(".")
    if not rest:
        return {**config, section: value}
    inner = config.get(section) or {}
    if not isinstance(inner, Mapping):
        raise BadOverride(text("input.not_section", key=key, part=section))
    return {**config, section: with_override(inner, rest, value)}
