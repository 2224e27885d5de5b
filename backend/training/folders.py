"""Where the training service keeps what it makes, and the only way from a name in a request to a path."""

from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInput
from shared.storage import PathNotAllowed, confined

_CONFIG_SUFFIXES = frozenset({".yaml", ".yml"})
_TEMPLATE_SUFFIXES = frozenset({".jinja"})
_DATA_SUFFIXES = frozenset({".jsonl", ".json", ".parquet", ".csv"})


class MissingFile(InvalidInput):
    """A file named in a request does not exist."""

    code = "missing_file"

    def __init__(self, asked: str, root: Path) -> None:
        super().__init__(f"'{asked}' does not exist below {root}.", asked=asked)


class WrongModelFolder(InvalidInput):
    """The base model is not a folder that a trainer can load."""

    code = "wrong_model_folder"


@dataclass(frozen=True, slots=True)
class TrainingFolders:
    """Folders of the training service.

    Args:
        data: Root for datasets, uploads and training files.
        models: Root for base models; adapters lie in `models/adapters`.
        configs: Root for `config_path`.
        logs: Root for logs of jobs.
        base_model_roots: Folders in which a base model may lie.
    """

    data: Path
    models: Path
    configs: Path
    logs: Path
    base_model_roots: tuple[Path, ...]

    @property
    def written(self) -> tuple[Path, ...]:
        """Folders that jobs write to."""
        return self.data, self.models / "adapters", self.logs

    @property
    def token_cache(self) -> Path:
        """Tokenised files, kept over jobs."""
        return self.data / "cache" / "tokens"

    def job(self, job_id: str) -> Path:
        """Checkpoints and scratch space of a job."""
        return self.data / "jobs" / job_id

    def job_log(self, job_id: str) -> Path:
        """What the trainer process wrote to stderr."""
        return self.logs / "jobs" / f"{job_id}.log"

    def adapters(self, name: str) -> Path:
        """Folder for the adapters of a job, `name` being its `output_dir` or its id.

        Raises:
            PathNotAllowed: If the name leaves the adapters folder.
        """
        root = self.models / "adapters"
        folder = confined(root, name)
        if folder == root.resolve():
            raise PathNotAllowed(name, root)
        return folder

    def new_model(self, name: str) -> Path:
        """Folder for a model of this name, which need not exist.

        Raises:
            PathNotAllowed: If the name leaves the models folder, or is that of the adapters.
        """
        folder, adapters = confined(self.models, name), (self.models / "adapters").resolve()
        if folder == self.models.resolve() or folder.is_relative_to(adapters):
            raise PathNotAllowed(name, self.models)
        return folder

    def adapter_file(self, adapter: str, name: str) -> Path:
        """A file in an adapter's folder, whether it exists or not.

        Raises:
            PathNotAllowed: If it lies outside the adapters folder, or is a link that leads there.
        """
        return confined(self.models / "adapters", str(Path(adapter) / name))

    def config_file(self, asked: str) -> Path:
        """An existing YAML file below the configs folder.

        Raises:
            InvalidInput: If it leaves the folder, is no YAML file or does not exist.
        """
        return _existing_file(self.configs, asked, _CONFIG_SUFFIXES)

    def template_file(self, asked: str) -> Path:
        """An existing chat template below the configs folder.

        Raises:
            InvalidInput: If it leaves the folder, is no .jinja file or does not exist.
        """
        return _existing_file(self.configs, asked, _TEMPLATE_SUFFIXES)

    def train_file(self, asked: str) -> Path:
        """An existing file with records below the data folder.

        Raises:
            InvalidInput: If it leaves the folder, has an unknown suffix or does not exist.
        """
        return _existing_file(self.data, asked, _DATA_SUFFIXES)

    def base_model(self, asked: str, *, is_offline: bool) -> str:
        """The local folder of a base model, or the hub name itself where hubs may be asked.

        Raises:
            WrongModelFolder: If it is a folder without config.json, or nothing local while offline.
            PathNotAllowed: If it is a path outside every folder in which base models may lie.
        """
        for root in self.base_model_roots:
            folder = _folder_below(root, asked)
            if folder is not None:
                _require_model_files(folder, asked)
                return str(folder)
        if Path(asked).is_absolute() or ".." in Path(asked).parts or "\\" in asked:
            raise PathNotAllowed(asked, self.models)
        if is_offline or asked.count("/") > 1:
            raise WrongModelFolder(self._missing_text(asked), base_model=asked)
        return asked

    def _missing_text(self, asked: str) -> str:
        roots = " or ".join(str(root) for root in self.base_model_roots)
        return (
            f"Base model '{asked}' was not found: there is no folder '{asked}' below {roots}. Either copy a model "
            "folder (config.json, tokenizer.json, *.safetensors) there or make one with `clara model create-starter`; "
            "or allow the model hub (CLARA_HUB_OFFLINE=false, with internet access) and give a hub name."
        )


def _folder_below(root: Path, asked: str) -> Path | None:
    try:
        folder = confined(root, asked)
    except PathNotAllowed:
        return None
    return folder if folder.is_dir() and folder != root.resolve() else None


def _require_model_files(folder: Path, asked: str) -> None:
    missing = [name for name in ("config.json",) if not (folder / name).is_file()]
    if not any(folder.glob("*.safetensors")):
        missing.append("*.safetensors")
    if missing:
        raise WrongModelFolder(
            f"'{asked}' is not a model folder: {', '.join(missing)} is missing in {folder}.", base_model=asked
        )


def _existing_file(root: Path, asked: str, suffixes: frozenset[str]) -> Path:
    path = confined(root, asked)
    if path.suffix.lower() not in suffixes:
        raise InvalidInput(f"'{asked}' must end in {', '.join(sorted(suffixes))}.", asked=asked)
    if not path.is_file():
        raise MissingFile(asked, root)
    return path
