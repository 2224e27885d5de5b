"""What the command line asks of quality, each as one function from the stores to plain values."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.datasets.curation.calibration import Quantiles, Sample, as_file, calibrated, name_of
from backend.datasets.curation.run import Curation, OnProgress
from backend.datasets.curation.tally import Tally, example_ids
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.profile import Profile
from shared.database.base import DocumentStore
from shared.errors import Conflict, InvalidInput
from shared.storage import disk_errors
from shared.utils.ids import new_id

_SNIPPET = 240


class ProfileFileExists(Conflict):
    """A calibrated profile overwrites nothing."""

    code = "profile_file_exists"

    def __init__(self, path: Path) -> None:
        super().__init__(f"'{path}' is there already; name another file with --out.", path=str(path))


class NoFolderForProfile(InvalidInput):
    """A calibrated profile makes no folders."""

    code = "no_folder_for_profile"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no folder '{path.parent}' for '{path.name}'; make it first.", path=str(path))


def show_profile(profile: Profile) -> dict[str, Any]:
    """Everything that a profile says."""
    limits = [{**asdict(limit), "max_words": _finite(limit.max_words)} for limit in profile.limits]
    return {
        "name": profile.name,
        "version": profile.version,
        "key": profile.key,
        "description": profile.description,
        "language": profile.language,
        "review_below": profile.review_below,
        "limits": limits,
    }


def preview(curation: Curation, documents: DocumentStore, profile: Profile, on_progress: OnProgress) -> dict[str, Any]:
    """What the profile would do to everything that is registered, with examples.

    Raises:
        QualityIsBusy: If another task is under way; so do all but `show_profile`.
    """
    with curation.alone("preview"):
        return _told(curation.preview(on_progress), documents, profile)


def run(curation: Curation, documents: DocumentStore, profile: Profile, on_progress: OnProgress) -> dict[str, Any]:
    """Do it: afterwards the review list holds what is doubtful."""
    run_id = new_id("quality")
    with curation.alone("run"):
        return {"run_id": run_id, **_told(curation.run(run_id, on_progress), documents, profile)}


def calibrate(
    curation: Curation, profile: Profile, quantiles: Quantiles, out: Path, on_progress: OnProgress
) -> dict[str, Any]:
    """Write a profile with the corpus's own limits; nothing uses it until it is set.

    Raises:
        ProfileFileExists: If there is a file of that name.
        NoFolderForProfile: If the file's folder is not there.
        NotWritable: If the file cannot be written.
        TooFewTexts: If limits cannot follow from what is registered.
    """
    if out.exists():
        raise ProfileFileExists(out)
    if not out.parent.is_dir():
        raise NoFolderForProfile(out)
    sample = Sample(profile)
    with curation.alone("calibrate"):
        sample.take(curation.judge(curation.measure(on_progress), on_progress))
    texts = sample.texts()
    limits = calibrated(profile, texts, quantiles)
    description = (
        f"Limits of {profile.key} from {len(texts)} different sections: they cost from the {quantiles.soft:.2%} "
        f"quantile on and reject beyond the {quantiles.hard:.2%} quantile."
    )
    _write_yaml(out, as_file(name_of(out.stem), profile, limits, description=description))
    changes = [
        {"signal": new.signal, "soft": [old.soft, new.soft], "hard": [old.hard, new.hard], "reason": new.reason}
        for old, new in zip(profile.limits, limits, strict=True)
        if (old.soft, old.hard) != (new.soft, new.hard)
    ]
    return {"path": str(out), "texts": len(texts), "from": profile.key, "changes": changes}


def learn(curation: Curation, profile: Profile, path: Path, on_progress: OnProgress) -> dict[str, Any]:
    """Train the fluency model on what is accepted; from then on profiles of its language judge with it.

    Raises:
        CorpusTooSmall: If too little is accepted.
    """
    from backend.datasets.language.fluency.file import save_model
    from backend.datasets.language.fluency.training import train

    with curation.alone("learn"):
        model = train(curation.accepted(on_progress), profile.language)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = save_model(model, path)
    limits = [asdict(limit) for limit in model.limits]
    return {"path": str(path), "sha256": digest, "trained_words": model.trained_words, "limits": limits}


def _told(tally: Tally, documents: DocumentStore, profile: Profile) -> dict[str, Any]:
    told = tally.as_json()
    sections = documents.sections_by_id(example_ids(told))
    shown = {
        section_id: {
            "document": each.document_title,
            "number": each.section.number,
            "heading": each.section.heading,
            "text": _snippet(each.section.text),
        }
        for section_id, each in sections.items()
    }
    return {"profile": profile.key, **told, "examples": shown}


def _snippet(text: str) -> str:
    line = " ".join(normalise(text).split())
    return line if len(line) <= _SNIPPET else f"{line[: _SNIPPET - 1]}…"


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    import yaml

    limits = "".join(f"  - {json.dumps(limit, ensure_ascii=False)}\n" for limit in content["limits"])
    head = yaml.safe_dump(
        {name: value for name, value in content.items() if name != "limits"}, allow_unicode=True, sort_keys=False
    )
    # "x": never over a file that appeared meanwhile
    with disk_errors(path), path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(f"{head}limits:\n{limits}")


def _finite(value: float) -> int | None:
    return None if value == float("inf") else int(value)
