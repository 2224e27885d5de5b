"""The environment of a child process: what it needs of ours, without the secrets that are none of its business."""

from collections.abc import Mapping

_SECRETS = ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")


def without_secrets(environment: Mapping[str, str], *, keep: str) -> dict[str, str]:
    """All variables but passwords, keys and database addresses; those of one product may stay.

    Args:
        environment: Of this process.
        keep: How the names of the variables begin that the child has a use for, e.g. `HF_`.
    """

    def is_kept(name: str) -> bool:
        return name.startswith(keep) or not name.upper().endswith(_SECRETS)

    return {name: value for name, value in environment.items() if is_kept(name)}
