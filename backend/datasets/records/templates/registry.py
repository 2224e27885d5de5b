"""Which templates there are: those that came with CLARA and those of the installation's own folder."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from backend.datasets.records.templates import kinds
from backend.datasets.records.templates.base import BaseKind
from backend.datasets.records.templates.reading import UnusableTemplate, read_template
from backend.datasets.records.templates.template import Template
from shared.errors import InvalidInput
from shared.utils.discovery import classes_in
from shared.utils.nearest import nearest

BUILT_IN = Path(__file__).with_name("built_in")
DEFAULT = ("question",)
"""Templates of an order that names none."""
MOST_FILES = 200
_ENDINGS = (".yaml", ".yml")


class UnknownTemplate(InvalidInput):
    """No template and no kind of templates has this name."""

    code = "unknown_template"

    def __init__(self, asked: str, installed: Sequence[str]) -> None:
        guess = nearest(asked, list(installed))
        hint = f" Did you mean '{guess}'?" if guess else ""
        super().__init__(
            f"'{asked}' is neither a template nor a kind of templates; there are: {', '.join(installed)}.{hint}",
            template=asked,
            installed=list(installed),
        )


@cache
def installed_kinds() -> Mapping[str, BaseKind]:
    """Name -> kind, in alphabetical order."""
    found = [cls() for cls in classes_in(kinds, BaseKind)]  # type: ignore[type-abstract]  # mypy#4717
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def installed_templates(folder: Path | None = None) -> Mapping[str, Template]:
    """Name -> template, in alphabetical order.

    Args:
        folder: Of the installation's own templates; None: it has none.

    Raises:
        UnusableTemplate: If one of them cannot be used, lies outside of the folder, or has the name of another one.
    """
    found: dict[str, Template] = {}
    for path in _files(BUILT_IN):
        template = read_template(path, installed_kinds(), is_built_in=True)
        found[template.name] = template
    for path in _files(folder) if folder else ():
        template = read_template(path, installed_kinds(), is_built_in=False)
        if template.name in found:
            # its version in a record must tell which text made it
            raise UnusableTemplate(path.name, f"name: there is a template '{template.name}' already; choose another")
        found[template.name] = template
    return dict(sorted(found.items()))


def chosen_templates(asked: Sequence[str], installed: Mapping[str, Template]) -> tuple[Template, ...]:
    """Templates by their names or by their kinds, each once, in alphabetical order.

    Raises:
        UnknownTemplate: If a name is neither.
    """
    chosen: set[str] = set()
    for name in asked:
        of_kind = {each.name for each in installed.values() if each.kind.name == name}
        if name not in installed and not of_kind:
            raise UnknownTemplate(name, [*installed_kinds(), *installed])
        chosen |= of_kind | ({name} & installed.keys())
    return tuple(installed[name] for name in sorted(chosen))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UnusableTemplate(str(folder), "this is no folder (CLARA_TEMPLATES)")
    root = folder.resolve()
    files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())
    if len(files) > MOST_FILES:
        raise UnusableTemplate(folder.name, f"there are more than {MOST_FILES} files")
    for path in files:
        if not path.resolve().is_relative_to(root):
            raise UnusableTemplate(path.name, "it is a link that leads out of the folder of the templates")
    return files
