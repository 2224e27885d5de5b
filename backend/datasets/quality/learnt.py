"""What quality has learnt from the accepted corpus, where it lies, and who judges with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.datasets.quality.profile import Profile

if TYPE_CHECKING:
    from backend.datasets.quality.fluency_filter import FluencyFilter
    from backend.datasets.quality.pipeline import QualityPipeline


def quality_folder(data_dir: Path) -> Path:
    """Where an installation keeps what quality has measured and learnt."""
    return data_dir / "quality"


def model_file(data_dir: Path) -> Path:
    """The file of its fluency model, which need not be there."""
    return quality_folder(data_dir) / "fluency.model"


def fluency_filter_of(path: Path) -> "FluencyFilter | None":
    """The filter of a model's file, which is read when the first text is measured; None if nothing was learnt yet.

    Whether it judges for a profile is said by `QualityPipeline`.

    Raises:
        UnusableFluencyModel: If there is a file, but no model of ours in it; also by the filter.
    """
    if not path.is_file():
        return None
    from backend.datasets.language.fluency.file import load_model, terms_of
    from backend.datasets.quality.fluency_filter import FluencyFilter

    terms = terms_of(path)
    return FluencyFilter(lambda: load_model(path, digest=terms.digest), terms.digest, terms.limits, terms.language)


@dataclass(frozen=True, slots=True)
class _Read:
    """A pipeline, and the state of the model's file that it was made of: inode, size, time of change; None: no file."""

    state: tuple[int, int, int] | None
    pipeline: "QualityPipeline"


class CurrentQuality:
    """The pipeline that judges as a build begun now would: with what was learnt last.

    The model is read when it is first asked for, so that an idle service does without it, and again once its file was
    replaced.

    Args:
        profile: What decides over the signals.
        model: File of the fluency model, which need not be there.
    """

    def __init__(self, profile: Profile, model: Path) -> None:
        self._profile = profile
        self._model = model
        self._read: _Read | None = None

    def __call__(self) -> "QualityPipeline":
        """The pipeline; the same one until something else is learnt.

        Raises:
            UnusableFluencyModel: If there is a file, but no model of ours in it.
        """
        # imported here: an idle service judges nothing
        from backend.datasets.quality.pipeline import QualityPipeline

        state = self._state()
        read = self._read
        if read is None or read.state != state:
            pipeline = QualityPipeline(self._profile, fluency=fluency_filter_of(self._model))
            read = self._read = _Read(state, pipeline)
        return read.pipeline

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._model.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
