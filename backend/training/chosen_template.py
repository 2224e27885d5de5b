"""The chat template that a config chooses: one that comes with CLARA, or a file of this installation."""

from backend.training.folders import TrainingFolders
from backend.training.formats.chat_templates import installed_templates, marks_generation
from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from shared.utils.nearest import nearest

_FIELD = "model.chat_template"
_LARGEST = 256 << 10


def chosen_template(config: TrainingConfig, folders: TrainingFolders) -> str | None:
    """Text of the template, None if the base model's own is to be used.

    Raises:
        InvalidTrainingConfig: If there is none of this name, or the file cannot mark what the assistant says.
        InvalidInput: If the file does not exist or lies outside the configs folder.
    """
    asked = config.model.chat_template
    if asked is None:
        return None
    if asked.endswith(".jinja"):
        return _from_file(asked, folders)
    installed = installed_templates()
    if asked not in installed:
        guess = nearest(asked, installed)
        hint = f"did you mean '{guess}'? " if guess else ""
        known = ", ".join(installed)
        raise _wrong(
            f"there is no template '{asked}'; {hint}Known are {known}, or a .jinja file below the configs folder"
        )
    return installed[asked]


def _from_file(asked: str, folders: TrainingFolders) -> str:
    path = folders.template_file(asked)
    if path.stat().st_size > _LARGEST:
        raise _wrong(f"{asked} is larger than {_LARGEST >> 10} KiB; a chat template is not")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise _wrong(f"{asked} is not UTF-8") from exc
    if not marks_generation(text):
        raise _wrong(f"{asked} has no {{% generation %}} block, which marks what the assistant says")
    return text


def _wrong(reason: str) -> InvalidTrainingConfig:
    return InvalidTrainingConfig([{"field": _FIELD, "reason": reason}])
